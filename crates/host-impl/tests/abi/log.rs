//! `fastly_log`.

use std::sync::{Arc, Mutex};

use edgekv_host::{GuestLog, KvCtx};

use crate::abi_test;
use crate::events;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

/// Keeps what guests write.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<(String, Vec<u8>)>>);

impl GuestLog for Kept {
    fn write(&self, endpoint: &str, message: &[u8]) {
        self.0.lock().unwrap().push((endpoint.to_owned(), message.to_vec()));
    }
}

fn endpoint(f: &mut Fixture, name: &[u8]) -> (i32, u32) {
    let ((at, length), out) = (f.guest.put(name), f.guest.out());
    let status = f.guest.call("fastly_log", "endpoint_get", &[at, length, out]);
    (status, f.guest.u32(out))
}

fn write(f: &mut Fixture, endpoint: u32, message: &[u8]) -> i32 {
    let ((at, length), out) = (f.guest.put(message), f.guest.out());
    let status = f.guest.call("fastly_log", "write", &[endpoint, at, length, out]);
    if status == status::OK {
        assert_eq!(f.guest.u32(out), length, "all of a message is taken");
    }
    status
}

abi_test!(messages_arrive_as_they_are_at_their_endpoint, |f| {
    let kept = Arc::new(Kept::default());
    f.guest.store.data_mut().ctx = KvCtx::builder(f.stores.clone()).log(kept.clone()).build();
    let (_, access) = endpoint(f, b"access");
    let (_, other) = endpoint(f, "äö".as_bytes());
    for (endpoint, message) in [(access, &b"one\n"[..]), (other, b"\xff\0binary"), (access, b"")] {
        assert_eq!(write(f, endpoint, message), status::OK);
    }
    let expected = [("access", &b"one\n"[..]), ("äö", b"\xff\0binary"), ("access", b"")];
    let expected = expected.map(|(endpoint, message)| (endpoint.to_owned(), message.to_vec()));
    assert_eq!(*kept.0.lock().unwrap(), expected);
});

abi_test!(a_message_that_is_too_long_arrives_cut_and_is_taken_whole, |f| {
    let kept = Arc::new(Kept::default());
    f.guest.store.data_mut().ctx = KvCtx::builder(f.stores.clone()).log(kept.clone()).build();
    let (_, log) = endpoint(f, b"log");
    let message = [b'm'; 100_000];
    assert_eq!(write(f, log, &message), status::OK);
    let expected = [&message[..65_536], b"... (34464 more bytes)"].concat();
    assert_eq!(kept.0.lock().unwrap()[0].1, expected);
});

abi_test!(the_same_name_is_the_same_handle, |f| {
    let first = endpoint(f, b"name");
    let held = f.guest.held();
    for _ in 0..1_000 {
        assert_eq!(endpoint(f, b"name"), first);
    }
    assert_eq!(f.guest.held(), held);
    assert_ne!(endpoint(f, b"Name").1, first.1);
});

abi_test!(a_name_is_1_to_256_bytes_of_text, |f| {
    for name in [&b""[..], &[b'n'; 257], b"\xff", &[b'n'; 1_000_000]] {
        assert_eq!(endpoint(f, name), (status::INVAL, UNTOUCHED), "{} bytes", name.len());
    }
    assert_eq!(endpoint(f, &[b'n'; 256]).0, status::OK);
});

abi_test!(
    names_are_bounded_as_all_objects_are,
    Setup { ctx: |ctx| ctx.max_handles(10), ..Setup::default() },
    |f| {
        let statuses: Vec<_> = (0..20).map(|n| endpoint(f, format!("e{n}").as_bytes()).0).collect();
        assert_eq!(statuses[..9], [status::OK; 9]);
        assert_eq!(statuses[9..], [status::LIMITEXCEEDED; 11]);
        assert_eq!(endpoint(f, b"e0").0, status::OK, "one that is there needs no room");
    }
);

abi_test!(
    names_count_as_bytes_that_the_host_holds,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        let name = |n: u8| [n; 200];
        assert_eq!([b'a', b'b', b'c'].map(|n| endpoint(f, &name(n)).0), [status::OK; 3]);
        assert_eq!(endpoint(f, &name(b'd')).0, status::LIMITEXCEEDED);
    }
);

abi_test!(only_endpoints_can_be_written_to, |f| {
    let body = f.guest.new_body(b"x");
    for handle in [0, f.store, body, u32::MAX - 1] {
        assert_eq!(write(f, handle, b"message"), status::BADF, "{handle:#x}");
    }
    let (_, log) = endpoint(f, b"name");
    let out = f.guest.out();
    assert_eq!(f.guest.body("close", &[log]), status::BADF);
    assert_eq!(f.guest.async_io("is_ready", &[log, out]), status::BADF, "it is nothing to wait for");
    for (at, length) in [(MEMORY_END, 1), (u32::MAX, 2), (1, u32::MAX)] {
        assert_eq!(f.guest.call("fastly_log", "write", &[log, at, length, out]), status::INVAL);
    }
    assert_eq!(f.guest.u32(out), UNTOUCHED);
});

abi_test!(without_a_log_messages_are_events_that_cannot_end_a_line, |f| {
    let events = events::of(|| {
        let (_, access) = endpoint(f, b"access\nlog");
        write(f, access, b"GET /\nfaked: line \x1b[31m\n");
    });
    let [event] =
        &events.into_iter().filter(|event| event.target == "edgekv::guest_log").collect::<Vec<_>>()[..]
    else {
        panic!("one event")
    };
    assert_eq!(event.level, tracing::Level::INFO);
    assert_eq!(event.fields["message"], r"GET /\nfaked: line \u{1b}[31m");
    assert_eq!(event.fields["endpoint"], r"access\nlog");
});
