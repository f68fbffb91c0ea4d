//! `fastly_async_io`: which of several things comes first.

use std::time::{Duration, Instant};

use bytes::Bytes;
use edgekv_host::{Body, BodyReceiver};
use edgekv_store::KvError;
use futures_channel::mpsc::UnboundedSender;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::fixture::Fixture;
use crate::guest::{INVALID_HANDLE, MEMORY_END, UNTOUCHED, kv, status};
use crate::ops::{InsertOptions, ListOptions};
use crate::{abi_test, core_test};

/// The index that says that the time is over.
const TIMED_OUT: u32 = u32::MAX;

type Feed = UnboundedSender<Result<Frame<Bytes>, std::io::Error>>;

/// A body to read that brings what is sent into it.
fn fed_body(f: &mut Fixture) -> (Feed, u32) {
    let (feed, frames) = futures_channel::mpsc::unbounded();
    let body = Body::from_stream(StreamBody::new(frames));
    (feed, f.guest.store.data_mut().push_body(body).unwrap())
}

fn send(feed: &Feed, bytes: &'static str) {
    feed.unbounded_send(Ok(Frame::data(Bytes::from(bytes)))).unwrap();
}

/// A body that is being sent, and in which there is no room.
fn full_body(f: &mut Fixture) -> (BodyReceiver, u32) {
    let (body, receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let ((at, length), out) = (f.guest.put(&[1; 65_536]), f.guest.out());
    while f.guest.is_ready(body) {
        assert_eq!(f.guest.body("write", &[body, at, length, 0, out]), status::OK);
    }
    (receiver, body)
}

/// One pending operation of each kind: lookup, insert, delete, list.
fn operations(f: &mut Fixture) -> [u32; 4] {
    let (_, lookup) = f.guest.start_lookup(f.store, b"k");
    let value = f.guest.new_body(b"v");
    let (_, insert) = f.guest.start_insert(f.store, b"k", value, InsertOptions::default());
    let record = f.guest.out();
    let (_, delete) = f.guest.start_delete(f.store, b"k", 0, record);
    let (_, list) = f.guest.start_list(f.store, ListOptions::default());
    [lookup, insert, delete, list]
}

core_test!(each_kind_is_ready_when_its_next_call_need_not_wait, |f| {
    f.script.hold_answers();
    let operations = operations(f);
    let (feed, body) = fed_body(f);
    let (mut receiver, streaming) = full_body(f);
    let items = [&operations[..], &[body, streaming]].concat();
    for &item in &items {
        assert!(!f.guest.is_ready(item), "{item}");
    }
    assert_eq!(f.guest.select(&items, 5), TIMED_OUT);

    send(&feed, "bytes");
    assert_eq!(f.guest.select(&items, 0), 4);
    assert_eq!(items.iter().filter(|&&item| f.guest.is_ready(item)).count(), 1, "the others are not");
    pollster::block_on(receiver.frame()).unwrap().unwrap();
    assert_eq!(f.guest.select(&[operations[0], streaming], 0), 1);

    assert_eq!(f.script.answer(), 4);
    for &item in &items {
        assert!(f.guest.is_ready(item), "{item}");
        assert_eq!(f.guest.select(&[item], 0), 0);
    }
});

core_test!(nothing_is_consumed_however_often_one_asks, |f| {
    f.guest.insert(f.store, "k", b"v");
    f.script.hold_answers();
    let items = operations(f);
    let (feed, body) = fed_body(f);
    send(&feed, "bytes");
    drop(feed);
    f.script.answer();
    let held = f.guest.held();
    for _ in 0..3 {
        assert_eq!(f.guest.select(&items, 0), 0);
        assert!(f.guest.is_ready(body));
    }
    assert_eq!(f.guest.held().0, held.0);
    assert_eq!(f.guest.read_all(body), b"bytes");
    assert!(f.guest.is_ready(body), "the end is there, and stays");
    let [lookup, insert, delete, list] = items;
    let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
    assert_eq!(f.guest.kv("lookup_wait_v2", &[lookup, body, 0, 0, used, generation, error]), status::OK);
    let body = f.guest.u32(body);
    assert_eq!(f.guest.read_all(body), b"v");
    assert_eq!((f.guest.wait("insert_wait", insert), f.guest.wait("delete_wait", delete)), (kv::OK, kv::OK));
    let (body, error) = (f.guest.out(), f.guest.out());
    assert_eq!((f.guest.kv("list_wait", &[list, body, error]), f.guest.u32(error)), (status::OK, kv::OK));
});

abi_test!(a_select_is_woken_by_an_engine_that_answers_later, |f| {
    f.script.answer_when_asked();
    let items = operations(f);
    assert!(f.guest.select(&items, 0) < 4);
});

abi_test!(who_asked_in_vain_without_waiting_is_woken_when_it_waits, |f| {
    f.script.hold_answers();
    let (_, lookup) = f.guest.start_lookup(f.store, b"k");
    assert!(!f.guest.is_ready(lookup));
    let script = std::sync::Arc::clone(&f.script);
    let answering = std::thread::spawn(move || script.answer());
    assert_eq!(f.guest.select(&[lookup], 0), 0);
    assert_eq!(answering.join().unwrap(), 1);
});

core_test!(a_select_is_woken_by_bodies, |f| {
    f.script.hold_answers();
    let (_, lookup) = f.guest.start_lookup(f.store, b"k");
    let (feed, body) = fed_body(f);
    let sending = std::thread::spawn(move || send(&feed, "bytes"));
    assert_eq!(f.guest.select(&[lookup, body], 0), 1);
    sending.join().unwrap();
    let (mut receiver, streaming) = full_body(f);
    let taking = std::thread::spawn(move || {
        pollster::block_on(receiver.frame()).unwrap().unwrap();
        receiver
    });
    assert_eq!(f.guest.select(&[lookup, streaming], 0), 1);
    taking.join().unwrap();
});

abi_test!(the_first_of_several_that_are_ready_is_told, |f| {
    f.script.hold_answers();
    let (_, waiting) = f.guest.start_lookup(f.store, b"k");
    let (one, two) = (f.guest.new_body(b"one"), f.guest.new_body(b""));
    assert_eq!(f.guest.select(&[waiting, two, one], 0), 1, "an empty body is at its end, which is ready");
    assert_eq!(f.guest.select(&[one, waiting, two], 1_000_000), 0);
});

core_test!(what_will_fail_is_ready, |f| {
    f.script.fail_with(Some(KvError::TooManyRequests));
    for item in operations(f) {
        assert!(f.guest.is_ready(item));
    }
    let (feed, body) = fed_body(f);
    feed.unbounded_send(Err(std::io::Error::other("cut"))).unwrap();
    assert_eq!(f.guest.select(&[body], 0), 0);
    let (buffer, out) = (f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::HTTPINCOMPLETE);
    assert!(f.guest.is_ready(body), "it stays broken");
    let (receiver, streaming) = full_body(f);
    assert!(!f.guest.is_ready(streaming));
    drop(receiver);
    assert_eq!(f.guest.select(&[streaming], 0), 0, "nobody reads any more");
});

core_test!(what_a_stream_brings_meanwhile_is_counted, |f| {
    let (feed, body) = fed_body(f);
    feed.unbounded_send(Ok(Frame::data(Bytes::from(vec![1; 10_000])))).unwrap();
    let before = f.guest.held().1;
    assert!(f.guest.is_ready(body));
    assert!(f.guest.held().1 >= before + 10_000);
    f.script.hold_answers();
    let value = f.guest.new_body(&[7; 5_000]);
    let (_, insert) = f.guest.start_insert(f.store, b"k", value, InsertOptions::default());
    let under_way = f.guest.held().1;
    f.script.answer();
    assert_eq!(f.guest.select(&[insert], 0), 0);
    assert_eq!(f.guest.held().1, under_way - 5_000, "an operation that is done keeps its outcome only");
});

abi_test!(a_time_out_is_an_index_and_not_an_error, |f| {
    let started = Instant::now();
    assert_eq!(f.guest.select(&[], 15), TIMED_OUT, "without items it is a pause");
    assert!(started.elapsed() >= Duration::from_millis(15));
    f.script.hold_answers();
    let items = operations(f);
    let started = Instant::now();
    assert_eq!(f.guest.select(&items, 15), TIMED_OUT);
    assert!(started.elapsed() >= Duration::from_millis(15));
    f.script.answer();
    assert_eq!(f.guest.select(&items, 15), 0, "nothing was lost");
});

abi_test!(a_select_of_nothing_or_of_what_is_no_item_is_refused, |f| {
    let (body, out) = (f.guest.new_body(b"x"), f.guest.out());
    let closed = f.guest.new_body(b"x");
    f.guest.body("close", &[closed]);
    assert_eq!(f.guest.async_io("select", &[0, 0, 0, out]), status::INVAL);
    for items in [
        vec![body, closed],
        vec![f.store],
        vec![body, f.store],
        vec![INVALID_HANDLE],
        vec![0],
        vec![body, body],
        vec![body; 1_000],
    ] {
        let (at, count) = f.guest.put_numbers(&items);
        for timeout in [0, 1] {
            let got = f.guest.async_io("select", &[at, count, timeout, out]);
            assert_eq!(got, status::BADF, "{items:?}");
        }
    }
    for handle in [f.store, closed, 0, INVALID_HANDLE, u32::MAX] {
        assert_eq!(f.guest.async_io("is_ready", &[handle, out]), status::BADF, "{handle:#x}");
    }
    assert_eq!(f.guest.u32(out), UNTOUCHED);
    assert_eq!(f.guest.read_all(body), b"x");
});

abi_test!(handles_that_are_not_in_memory_are_refused_without_reading_as_many_as_the_guest_says, |f| {
    let (body, out) = (f.guest.new_body(b"x"), f.guest.out());
    let (at, _) = f.guest.put_numbers(&[body, body]);
    for (at, count, expected) in [
        (at + 1, 1, status::BADALIGN),
        (at + 2, 1, status::BADALIGN),
        (MEMORY_END, 1, status::INVAL),
        (MEMORY_END - 4, 2, status::INVAL),
        (u32::MAX - 3, 1, status::INVAL),
        (at, u32::MAX, status::BADF),
        (at, 1 << 30, status::BADF),
        (at, 1, status::OK),
    ] {
        assert_eq!(f.guest.async_io("select", &[at, count, 0, out]), expected, "{at:#x} {count}");
    }
    assert_eq!(f.guest.async_io("select", &[u32::MAX, 0, 1, out]), status::OK, "no items are nowhere");
});

abi_test!(operations_overlap, |f| {
    // Lower and upper bound far apart: one after the other they would need 200 ms.
    f.script.answer_after(Duration::from_millis(20));
    let started = Instant::now();
    let mut waiting: Vec<_> = (0..10).map(|_| f.guest.start_lookup(f.store, b"k").1).collect();
    while !waiting.is_empty() {
        let index = f.guest.select(&waiting, 0) as usize;
        let lookup = waiting.remove(index);
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        assert_eq!(f.guest.kv("lookup_wait_v2", &[lookup, body, 0, 0, used, generation, error]), status::OK);
        assert_eq!(f.guest.u32(error), kv::NOT_FOUND);
    }
    let took = started.elapsed();
    assert_eq!(f.script.most_under_way(), 10, "all of them in the engine at a time");
    assert!((Duration::from_millis(20)..Duration::from_millis(120)).contains(&took), "{took:?}");
});
