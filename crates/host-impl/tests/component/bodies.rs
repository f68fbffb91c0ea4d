//! `edgekv:kv/bodies`.

use bytes::Bytes;
use edgekv_host::Body;
use futures_channel::mpsc::UnboundedSender;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, NONE, bytes, case, some};

type Feed = UnboundedSender<Result<Frame<Bytes>, std::io::Error>>;

/// A body that a test feeds.
fn fed_body(f: &mut Fixture) -> (Feed, Val) {
    let (feed, frames) = futures_channel::mpsc::unbounded();
    (feed, f.given(Body::from_stream(StreamBody::new(frames))))
}

fn write(f: &mut Fixture, body: &Val, content: &[u8], end: &str) -> Val {
    f.on_body("write", &[body.clone(), bytes(content), case(end)])
}

fn read(f: &mut Fixture, body: &Val, max: u32) -> Val {
    f.on_body("read", &[body.clone(), Val::U32(max)])
}

#[test]
fn a_body_is_read_from_its_front_as_far_as_one_likes() {
    let mut f = Fixture::new();
    let body = f.body("content");
    assert_eq!(f.on_body("known-length", &[body.clone()]), some(Val::U64(7)));
    assert_eq!(read(&mut f, &body, 0).ok(), bytes(""));
    assert_eq!(read(&mut f, &body, 3).ok(), bytes("con"));
    assert_eq!(read(&mut f, &body, u32::MAX).ok(), bytes("tent"));
    assert_eq!(read(&mut f, &body, 3).ok(), bytes(""));
    assert_eq!(f.on_body("known-length", &[body.clone()]), some(Val::U64(0)));
    f.guest.drop("bodies.body", body);
    assert_eq!(f.guest.held(), (0, 0));
}

#[test]
fn bytes_are_added_at_both_ends_few_and_many() {
    let mut f = Fixture::new();
    let body = f.bodies("new-body", &[]).ok();
    let (few, many) = (b"few".repeat(2), b"many".repeat(5_000));
    for (content, end) in [(&few, "back"), (&many, "back"), (&few, "back"), (&many, "front"), (&few, "front")]
    {
        write(&mut f, &body, content, end).ok();
    }
    let expected = [&few[..], &many, &few, &many, &few].concat();
    assert!(f.guest.held().1 >= expected.len());
    assert_eq!(read(&mut f, &body, u32::MAX).ok().to_bytes(), expected, "a read gives all that is there");
    assert_eq!(f.guest.held().1, 0);
}

#[test]
fn a_body_that_is_appended_is_gone() {
    let mut f = Fixture::new();
    let (one, two) = (f.body("one "), f.body("two"));
    f.on_body("append-trailer", &[two.clone(), bytes("X-Sum"), bytes("7")]).ok();
    f.on_body("append", &[one.clone(), two.clone()]).ok();
    assert_eq!(f.guest.held().0, 1);
    assert!(f.guest.try_call("bodies.[method]body.read", &[two, Val::U32(1)]).is_err());
    assert_eq!(f.on_body("trailers", &[one.clone()]).error(), "not-yet");
    assert_eq!(f.read_all(&one), b"one two");
    let expected = Val::List(vec![Val::Tuple(vec![bytes("x-sum"), bytes("7")])]);
    assert_eq!(f.on_body("trailers", &[one]).ok(), expected);
}

#[test]
fn trailers_are_told_in_their_order_and_bad_ones_are_refused() {
    let mut f = Fixture::new();
    let body = f.body("");
    for (name, value) in [("b", "1"), ("A", "2"), ("b", "3")] {
        f.on_body("append-trailer", &[body.clone(), bytes(name), bytes(value)]).ok();
    }
    let long = "n".repeat(65_536);
    for (name, value) in [("", "v"), ("two words", "v"), ("n", "line\nend"), (&long, "v")] {
        let refused = f.on_body("append-trailer", &[body.clone(), bytes(name), bytes(value)]);
        assert_eq!(refused.error(), "invalid-trailer", "{name:.10} {value:?}");
    }
    let pair = |name, value| Val::Tuple(vec![bytes(name), bytes(value)]);
    let expected = Val::List(vec![pair("b", "1"), pair("b", "3"), pair("a", "2")]);
    assert_eq!(f.on_body("trailers", &[body]).ok(), expected);
}

#[test]
fn a_body_that_still_arrives_is_waited_for() {
    let mut f = Fixture::new();
    let (feed, body) = fed_body(&mut f);
    assert_eq!(f.on_body("known-length", &[body.clone()]), NONE);
    let pollable = f.on_body("subscribe", &[body.clone()]).present();
    assert!(!f.is_ready(&pollable));
    let send = |bytes: &'static str| feed.unbounded_send(Ok(Frame::data(Bytes::from(bytes)))).unwrap();
    std::thread::scope(|scope| {
        let waited = scope.spawn(|| f.poll(&[pollable.clone()]));
        send("");
        send("first");
        assert_eq!(waited.join().unwrap(), [0], "bytes of none are nothing to read");
    });
    assert_eq!(f.on_body("subscribe", &[body.clone()]), NONE);
    assert_eq!(read(&mut f, &body, 100).ok(), bytes("first"), "what the poll has taken is there");
    assert!(!f.is_ready(&pollable), "the same one can be asked again");
    let another = f.on_body("subscribe", &[body.clone()]).present();
    send("second");
    assert_eq!(f.poll(&[pollable, another]), [0, 1]);
    drop(feed);
    assert_eq!(f.read_all(&body), b"second");
    assert_eq!(f.on_body("trailers", &[body]).ok(), Val::List(vec![]));
}

#[test]
fn a_body_that_breaks_off_says_so() {
    let mut f = Fixture::new();
    let (feed, body) = fed_body(&mut f);
    feed.unbounded_send(Ok(Frame::data(Bytes::from("part")))).unwrap();
    let pollable = f.on_body("subscribe", &[body.clone()]);
    assert_eq!(pollable, NONE);
    assert_eq!(read(&mut f, &body, 100).ok(), bytes("part"));
    let pollable = f.on_body("subscribe", &[body.clone()]).present();
    feed.unbounded_send(Err(std::io::Error::other("cut"))).unwrap();
    assert_eq!(f.poll(&[pollable]), [0]);
    assert_eq!(read(&mut f, &body, 100).error(), "incomplete");
    assert_eq!(f.on_body("trailers", &[body]).error(), "incomplete");
}

#[test]
fn a_body_on_its_way_can_be_written_to_at_its_end_and_nothing_else() {
    let mut f = Fixture::new();
    let (body, mut receiver) = f.streaming();
    assert_eq!(read(&mut f, &body, 1).error(), "write-only");
    assert_eq!(write(&mut f, &body, b"x", "front").error(), "write-only");
    assert_eq!(f.on_body("trailers", &[body.clone()]).error(), "write-only");
    assert_eq!(f.on_body("known-length", &[body.clone()]), NONE);
    write(&mut f, &body, b"one ", "back").ok();
    let more = f.body("two");
    f.on_body("append", &[body.clone(), more]).ok();
    f.on_body("append-trailer", &[body.clone(), bytes("t"), bytes("v")]).ok();
    f.bodies("[static]body.finish", &[body]);
    assert_eq!(f.guest.held(), (0, 0));
    let all = pollster::block_on(async {
        let mut frames = Vec::new();
        while let Some(frame) = receiver.frame().await {
            frames.push(frame.unwrap());
        }
        frames
    });
    let data: Vec<_> = all.iter().filter_map(Frame::data_ref).flat_map(|bytes| bytes.to_vec()).collect();
    assert_eq!(data, b"one two");
    assert_eq!(all.last().unwrap().trailers_ref().unwrap()["t"], "v");
}

#[test]
fn a_body_on_its_way_that_is_dropped_is_cut_off() {
    let mut f = Fixture::new();
    let (body, mut receiver) = f.streaming();
    write(&mut f, &body, b"part", "back").ok();
    f.guest.drop("bodies.body", body);
    let frame = |receiver: &mut edgekv_host::BodyReceiver| pollster::block_on(receiver.frame()).unwrap();
    assert_eq!(frame(&mut receiver).unwrap().into_data().unwrap(), "part");
    assert!(frame(&mut receiver).is_err());
    let (outer, _receiver) = f.streaming();
    let (inner, mut receiver) = f.streaming();
    assert_eq!(f.on_body("append", &[outer, inner]).error(), "write-only");
    assert!(frame(&mut receiver).is_err(), "what is given is gone in any case");
}

#[test]
fn room_in_a_body_on_its_way_is_waited_for() {
    let mut f = Fixture::new();
    let (body, mut receiver) = f.streaming();
    let pollable = loop {
        match f.on_body("subscribe", &[body.clone()]) {
            Val::Option(Some(pollable)) => break *pollable,
            _ => write(&mut f, &body, &[1; 65_536], "back").ok(),
        };
    };
    assert!(!f.is_ready(&pollable));
    std::thread::scope(|scope| {
        let waited = scope.spawn(|| f.poll(&[pollable.clone()]));
        pollster::block_on(receiver.frame()).unwrap().unwrap();
        assert_eq!(waited.join().unwrap(), [0]);
    });
    drop(receiver);
    assert!(f.is_ready(&pollable));
    assert_eq!(write(&mut f, &body, b"x", "back").error(), "receiver-gone");
}
