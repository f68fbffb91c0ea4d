//! The functions about headers, which requests and responses have alike: each test runs with both.

use crate::core_test;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

const MODULES: [&str; 2] = ["fastly_http_req", "fastly_http_resp"];
const END: u64 = u64::MAX;

/// A message of the guest.
#[derive(Clone, Copy)]
struct Message {
    module: &'static str,
    handle: u32,
}

impl Message {
    fn new(f: &mut Fixture, module: &'static str) -> Self {
        let out = f.guest.out();
        assert_eq!(f.guest.call(module, "new", &[out]), status::OK);
        Self { module, handle: f.guest.u32(out) }
    }

    fn call(self, f: &mut Fixture, function: &str, arguments: &[u32]) -> i32 {
        f.guest.call(self.module, function, &[&[self.handle], arguments].concat())
    }

    /// `header_insert`, `header_append` or `header_values_set`.
    fn change(self, f: &mut Fixture, function: &str, name: &[u8], value: &[u8]) -> i32 {
        let (name, value) = (f.guest.put(name), f.guest.put(value));
        self.call(f, function, &[name.0, name.1, value.0, value.1])
    }

    fn remove(self, f: &mut Fixture, name: &[u8]) -> i32 {
        let name = f.guest.put(name);
        self.call(f, "header_remove", &[name.0, name.1])
    }

    /// A page of the names, or of the values of a name: status, bytes, length told, and where to go on.
    fn page(self, f: &mut Fixture, name: Option<&[u8]>, size: u32, cursor: u32) -> (i32, String, u32, u64) {
        let (buffer, ending, nwritten) = (f.guest.alloc(size.max(1)), f.guest.out(), f.guest.out());
        let rest = [buffer, size, cursor, ending, nwritten];
        let status = match name {
            None => self.call(f, "header_names_get", &rest),
            Some(name) => {
                let name = f.guest.put(name);
                self.call(f, "header_values_get", &[&[name.0, name.1], &rest[..]].concat())
            }
        };
        let written = f.guest.u32(nwritten);
        let bytes = f.guest.bytes(buffer..buffer + written.min(size));
        (status, String::from_utf8(bytes).unwrap(), written, f.guest.u64(ending))
    }

    fn names(self, f: &mut Fixture) -> String {
        let (status, names, _, ending) = self.page(f, None, 256, 0);
        assert_eq!((status, ending), (status::OK, END));
        names
    }

    fn values(self, f: &mut Fixture, name: &[u8]) -> String {
        let (status, values, _, ending) = self.page(f, Some(name), 256, 0);
        assert_eq!((status, ending), (status::OK, END));
        values
    }

    /// `header_value_get`: status, and the value.
    fn value(self, f: &mut Fixture, name: &[u8], size: u32) -> (i32, Vec<u8>, u32) {
        let (name, buffer, nwritten) = (f.guest.put(name), f.guest.alloc(size.max(1)), f.guest.out());
        let status = self.call(f, "header_value_get", &[name.0, name.1, buffer, size, nwritten]);
        let written = f.guest.u32(nwritten);
        (status, f.guest.bytes(buffer..buffer + written.min(size)), written)
    }
}

core_test!(insert_replaces_append_adds_and_names_are_in_lower_case_and_in_order, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        assert_eq!(message.names(f), "");
        for (function, name, value) in [
            ("header_insert", &b"X-Second"[..], &b"old"[..]),
            ("header_append", b"A-Third", b"3a"),
            ("header_insert", b"x-second", b"2"),
            ("header_append", b"a-third", b"3b"),
        ] {
            assert_eq!(message.change(f, function, name, value), status::OK);
        }
        assert_eq!(message.names(f), "x-second\0a-third\0");
        assert_eq!(message.values(f, b"X-SECOND"), "2\0");
        assert_eq!(message.values(f, b"a-third"), "3a\x003b\0");
        assert_eq!(message.value(f, b"a-third", 2), (status::OK, b"3a".to_vec(), 2), "the first, and no NUL");
        assert_eq!(message.value(f, b"a-third", 1), (status::BUFLEN, b"\0\0"[..1].to_vec(), 2));
        assert_eq!(message.remove(f, b"A-THIRD"), status::OK);
        assert_eq!(message.names(f), "x-second\0");
    }
});

core_test!(pages_of_names_and_values_hold_whole_items, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        for name in ["aaa", "bb", "c"] {
            message.change(f, "header_insert", name.as_bytes(), b"v");
            message.change(f, "header_append", b"v", name.as_bytes());
        }
        let text = |text: &str| text.to_owned();
        assert_eq!(message.page(f, None, 6, 0), (status::OK, text("aaa\0v\0"), 6, 2));
        assert_eq!(message.page(f, None, 5, 2), (status::OK, text("bb\0c\0"), 5, END));
        assert_eq!(message.page(f, None, 5, 4), (status::OK, text(""), 0, END), "behind the last one");
        assert_eq!(message.page(f, Some(b"v"), 7, 0), (status::OK, text("aaa\0bb\0"), 7, 2));
        let (status, _, needed, ending) = message.page(f, Some(b"v"), 3, 0);
        assert_eq!((status, needed, ending), (status::BUFLEN, 4, END), "length and NUL");
    }
});

core_test!(an_absent_header_is_inval_but_has_an_empty_list_of_values, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        assert_eq!(message.value(f, b"absent", 8).0, status::INVAL);
        assert_eq!(message.remove(f, b"absent"), status::INVAL);
        assert_eq!(message.page(f, Some(b"absent"), 8, 0), (status::OK, String::new(), 0, END));
    }
});

core_test!(names_and_values_that_are_not_http_are_errors_and_change_nothing, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        let long = vec![b'n'; 65_536];
        for function in ["header_insert", "header_append", "header_values_set"] {
            for name in [&b""[..], b"a b", b"a:", b"\xc3\xa4", b"a\0"] {
                assert_eq!(message.change(f, function, name, b"v\0"), status::ERROR, "{name:?}");
            }
            for value in [&b"a\nb\0"[..], b"\r\0", b"\x7f\0"] {
                assert_eq!(message.change(f, function, b"n", value), status::ERROR, "{value:?}");
            }
            assert_eq!(message.change(f, function, &long, b"v"), status::INVAL, "a name of 65,536 bytes");
            // One byte less is a name: what is wrong is the value.
            assert_eq!(message.change(f, function, &long[..65_535], b"\n\0"), status::ERROR);
        }
        assert_eq!(message.change(f, "header_insert", b"n", b"a\0b"), status::ERROR);
        assert_eq!(message.value(f, b"a b", 8).0, status::ERROR);
        assert_eq!(message.value(f, &long, 8).0, status::INVAL);
        assert_eq!(message.remove(f, b"a b"), status::ERROR);
        assert_eq!(message.names(f), "");
        assert_eq!(message.change(f, "header_insert", b"n", b"\xff\x80 \t"), status::OK, "bytes above 127");
    }
});

core_test!(values_set_splits_at_nul_and_sets_all_or_nothing, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        message.change(f, "header_insert", b"n", b"old");
        assert_eq!(message.change(f, "header_values_set", b"n", b"1\0\x002\0dropped"), status::OK);
        assert_eq!(message.values(f, b"n"), "1\0\x002\0");
        assert_eq!(message.change(f, "header_values_set", b"n", b"new\0a\nb\0"), status::ERROR);
        assert_eq!(message.values(f, b"n"), "1\0\x002\0");
        assert_eq!(message.change(f, "header_values_set", b"n", b"dropped"), status::OK);
        assert_eq!(message.names(f), "", "no values, no header");
    }
});

core_test!(a_message_that_is_not_there_is_badf_and_one_of_the_other_kind_too, |f| {
    let both = MODULES.map(|module| Message::new(f, module));
    let out = f.guest.out();
    for (message, other) in [(both[0], both[1]), (both[1], both[0])] {
        for handle in [0, 999, u32::MAX - 1, other.handle, f.store] {
            let wrong = Message { handle, ..message };
            for function in ["header_insert", "header_append", "header_values_set"] {
                assert_eq!(wrong.change(f, function, b"n", b"v\0"), status::BADF);
            }
            assert_eq!(wrong.remove(f, b"n"), status::BADF);
            assert_eq!(wrong.value(f, b"n", 8).0, status::BADF);
            let (status, _, written, ending) = wrong.page(f, None, 0, 0);
            assert_eq!((status, written, ending), (status::BADF, UNTOUCHED, END), "-1 after any error");
            assert_eq!(wrong.call(f, "close", &[]), status::BADF);
            assert_eq!(wrong.call(f, "version_get", &[out]), status::BADF);
        }
        assert_eq!(message.call(f, "close", &[]), status::OK);
        assert_eq!(message.call(f, "close", &[]), status::BADF);
        f.guest.new_body(b"");
    }
});

core_test!(pointers_of_headers_are_checked, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        message.change(f, "header_insert", b"n", b"v");
        let ((n, nl), out) = (f.guest.put(b"n"), f.guest.out());
        for (at, length) in [(MEMORY_END, 1), (1, u32::MAX), (u32::MAX, 1)] {
            assert_eq!(message.call(f, "header_names_get", &[at, length, 0, 0, out]), status::INVAL);
            assert_eq!(message.call(f, "header_value_get", &[n, nl, at, length, out]), status::INVAL);
            assert_eq!(message.call(f, "header_value_get", &[at, length, n, nl, out]), status::INVAL);
            assert_eq!(message.call(f, "header_values_get", &[n, nl, at, length, 0, 0, out]), status::INVAL);
            for function in ["header_insert", "header_append", "header_values_set"] {
                assert_eq!(message.call(f, function, &[at, length, n, nl]), status::INVAL);
                assert_eq!(message.call(f, function, &[n, nl, at, length]), status::INVAL);
            }
            assert_eq!(message.call(f, "header_remove", &[at, length]), status::INVAL);
        }
        assert_eq!(message.call(f, "header_names_get", &[64, 8, 0, out + 4, out]), status::BADALIGN);
        assert_eq!(message.call(f, "header_names_get", &[64, 8, 0, 0, out + 1]), status::BADALIGN);
        assert_eq!(message.call(f, "header_value_get", &[n, nl, 64, 8, MEMORY_END]), status::INVAL);
        assert_eq!(message.call(f, "version_get", &[out + 2]), status::BADALIGN);
        assert_eq!(f.guest.call(module, "new", &[MEMORY_END]), status::INVAL);
        assert_eq!(message.values(f, b"n"), "v\0");
    }
});

core_test!(versions_are_numbers_from_0_to_4, |f| {
    for module in MODULES {
        let message = Message::new(f, module);
        let out = f.guest.out();
        assert_eq!(message.call(f, "version_get", &[out]), status::OK);
        assert_eq!(f.guest.u32(out), 2, "HTTP/1.1 at first");
        for version in 0..5 {
            assert_eq!(message.call(f, "version_set", &[version]), status::OK);
            assert_eq!(message.call(f, "version_get", &[out]), status::OK);
            assert_eq!(f.guest.u32(out), version);
        }
        for version in [5, u32::MAX] {
            assert_eq!(message.call(f, "version_set", &[version]), status::INVAL);
        }
    }
});

core_test!(
    headers_count_as_memory_of_the_host,
    Setup { ctx: |ctx| ctx.max_held_bytes(20_000), ..Setup::default() },
    |f| {
        for module in MODULES {
            let message = Message::new(f, module);
            let before = f.guest.held().1;
            assert_eq!(message.change(f, "header_insert", b"n", &[b'v'; 10_000]), status::OK);
            assert!(f.guest.held().1 >= before + 10_000);
            let many = vec![0; 1_000];
            assert_eq!(message.change(f, "header_values_set", b"m", &many), status::LIMITEXCEEDED);
            for function in ["header_insert", "header_append"] {
                assert_eq!(message.change(f, function, b"m", &[b'v'; 10_000]), status::LIMITEXCEEDED);
            }
            assert_eq!(message.remove(f, b"n"), status::OK);
            assert_eq!(f.guest.held().1, before);
            message.call(f, "close", &[]);
            assert_eq!(f.guest.held().1, 0);
        }
    }
);

core_test!(more_headers_than_a_message_can_have_are_limitexceeded, |f| {
    // Both kinds go the same way, and this takes a while.
    for module in &MODULES[..1] {
        let message = Message::new(f, module);
        let (name, value) = (f.guest.alloc(8), f.guest.put(b"v"));
        let refused = (0..40_000_u32).find_map(|n| {
            f.guest.write(name, format!("{n:08}").as_bytes());
            let status = message.call(f, "header_append", &[name, 8, value.0, value.1]);
            (status != status::OK).then_some((n, status))
        });
        let (count, status) = refused.unwrap();
        assert_eq!(status, status::LIMITEXCEEDED);
        assert_eq!(count, 4_096);
        assert_eq!(message.change(f, "header_insert", b"new", b"v"), status::LIMITEXCEEDED);
        assert_eq!(message.change(f, "header_values_set", b"new", b"v\0w\0"), status::LIMITEXCEEDED);
        assert_eq!(message.remove(f, b"00000000"), status::OK);
        assert_eq!(message.change(f, "header_insert", b"new", b"v"), status::OK);
    }
});
