//! `fastly_http_body`, all but trailers.

use bytes::Bytes;
use edgekv_host::{Body, BodyError};
use futures_util::{FutureExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::guest::{MEMORY_END, UNTOUCHED, status};
use crate::{abi_test, core_test};

fn streamed(parts: &'static [Result<&str, ()>]) -> Body {
    let frames = parts.iter().map(|part| match part {
        Ok(part) => Ok(Frame::data(Bytes::from(*part))),
        Err(()) => Err(std::io::Error::other("cut")),
    });
    Body::from_stream(StreamBody::new(stream::iter(frames)))
}

abi_test!(what_is_written_is_read_from_the_front, |f| {
    let body = f.guest.new_body(b"middle");
    let ((front, front_length), (back, back_length)) = (f.guest.put(b"front "), f.guest.put(b" back"));
    let out = f.guest.out();
    assert_eq!(f.guest.body("write", &[body, front, front_length, 1, out]), status::OK);
    assert_eq!(f.guest.u32(out), front_length, "a write takes all of the buffer");
    assert_eq!(f.guest.body("write", &[body, back, back_length, 0, out]), status::OK);
    assert_eq!(f.guest.read_all(body), b"front middle back");
    assert_eq!(f.guest.body("close", &[body]), status::OK);
});

abi_test!(read_gives_at_most_what_fits_and_0_at_the_end, |f| {
    let body = f.guest.new_body(b"abcde");
    let (buffer, out) = (f.guest.alloc(8), f.guest.out());
    for (size, expected) in [(2, &b"ab"[..]), (0, b""), (2, b"cd"), (8, b"e"), (8, b""), (8, b"")] {
        assert_eq!(f.guest.body("read", &[body, buffer, size, out]), status::OK);
        let read = f.guest.u32(out);
        assert_eq!(f.guest.bytes(buffer..buffer + read), expected);
    }
});

abi_test!(a_read_fills_the_buffer_from_several_pieces, |f| {
    let (first, second) = (f.guest.new_body(b"one "), f.guest.new_body(b"two"));
    assert_eq!(f.guest.body("append", &[first, second]), status::OK);
    let (buffer, out) = (f.guest.alloc(16), f.guest.out());
    assert_eq!(f.guest.body("read", &[first, buffer, 16, out]), status::OK);
    assert_eq!((f.guest.u32(out), f.guest.bytes(buffer..buffer + 7)), (7, b"one two".to_vec()));
});

abi_test!(a_read_changes_what_it_has_read_and_nothing_else_wherever_that_is, |f| {
    let value: Vec<u8> = (1..=40).collect();
    let out = f.guest.out();
    for buffer in [0, 1, 11, 12, 13, MEMORY_END - 40, MEMORY_END - 12, MEMORY_END - 1] {
        for length in [1, 12, 40, MEMORY_END - buffer] {
            if length > MEMORY_END - buffer {
                continue;
            }
            let body = f.guest.new_body(&value);
            for edge in [0, MEMORY_END - 64] {
                f.guest.write(edge, &[0xee; 64]);
            }
            assert_eq!(f.guest.body("read", &[body, buffer, length, out]), status::OK);
            let read = f.guest.u32(out);
            assert_eq!(read, length.min(40), "{buffer} {length}");
            for edge in [0, MEMORY_END - 64] {
                let expected: Vec<_> = (edge..edge + 64)
                    .map(|at| match at.checked_sub(buffer) {
                        Some(index) if index < read => value[index as usize],
                        _ => 0xee,
                    })
                    .collect();
                assert_eq!(f.guest.bytes(edge..edge + 64), expected, "{buffer} {length}");
            }
        }
    }
});

abi_test!(what_is_written_is_taken_from_anywhere_and_stays_as_it_was, |f| {
    let bytes: Vec<u8> = (1..=64).collect();
    let out = f.guest.out();
    for edge in [0, MEMORY_END - 64] {
        f.guest.write(edge, &bytes);
        for (from, length) in [(0, 1), (0, 64), (1, 12), (11, 12), (12, 52), (52, 12), (63, 1)] {
            for end in [0, 1] {
                let body = f.guest.new_body(b"");
                f.guest.write(edge, &bytes);
                assert_eq!(f.guest.body("write", &[body, edge + from, length, end, out]), status::OK);
                assert_eq!(f.guest.u32(out), length);
                let expected = &bytes[from as usize..(from + length) as usize];
                assert_eq!(f.guest.read_all(body), expected, "{edge} {from} {length}");
                assert_eq!(f.guest.bytes(edge..edge + 64), bytes);
            }
        }
    }
    // A trailer too, whose name and value may share bytes.
    let body = f.guest.new_body(b"");
    f.guest.write(0, b"name");
    assert_eq!(f.guest.body("trailer_append", &[body, 0, 4, 1, 3]), status::OK);
    assert_eq!(f.guest.bytes(0..4), b"name");
    let buffer = f.guest.alloc(8);
    assert_eq!(f.guest.body("trailer_value_get", &[body, 0, 4, buffer, 8, out]), status::OK);
    assert_eq!((f.guest.u32(out), f.guest.bytes(buffer..buffer + 3)), (3, b"ame".to_vec()));
});

abi_test!(a_write_end_that_is_none_is_inval, |f| {
    let body = f.guest.new_body(b"x");
    let ((at, length), out) = (f.guest.put(b"y"), f.guest.out());
    for end in [2, 3, u32::MAX] {
        assert_eq!(f.guest.body("write", &[body, at, length, end, out]), status::INVAL);
    }
    assert_eq!(f.guest.u32(out), UNTOUCHED);
    assert_eq!(f.guest.read_all(body), b"x");
});

abi_test!(close_and_abandon_consume_the_body, |f| {
    for function in ["close", "abandon"] {
        let body = f.guest.new_body(b"x");
        assert_eq!(f.guest.body(function, &[body]), status::OK);
        for again in ["close", "abandon"] {
            assert_eq!(f.guest.body(again, &[body]), status::BADF);
        }
    }
});

abi_test!(append_consumes_its_source_and_moves_everything, |f| {
    let (dst, src) = (f.guest.new_body(b"a"), f.guest.new_body(b"b"));
    assert_eq!(f.guest.body("append", &[dst, src]), status::OK);
    assert_eq!(f.guest.body("close", &[src]), status::BADF);
    assert_eq!(f.guest.read_all(dst), b"ab");
    assert_eq!(f.guest.body("append", &[dst, dst]), status::BADF, "the source is consumed first");
    assert_eq!(f.guest.body("close", &[dst]), status::BADF);
    let (src, held) = (f.guest.new_body(b"b"), f.guest.held());
    assert_eq!(f.guest.body("append", &[0, src]), status::BADF);
    assert_eq!(f.guest.held().0, held.0 - 1, "it is consumed also when there is nowhere to go");
});

core_test!(known_length_is_what_is_left_to_read, |f| {
    let (body, out) = (f.guest.new_body(b"abcde"), f.guest.out());
    assert_eq!((f.guest.body("known_length", &[body, out]), f.guest.u64(out)), (status::OK, 5));
    let (buffer, nread) = (f.guest.alloc(8), f.guest.out());
    f.guest.body("read", &[body, buffer, 2, nread]);
    assert_eq!((f.guest.body("known_length", &[body, out]), f.guest.u64(out)), (status::OK, 3));
    let stream = f.guest.store.data_mut().push_body(streamed(&[Ok("x")])).unwrap();
    assert_eq!(f.guest.body("known_length", &[stream, out]), status::NONE);
    let (streaming, _receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    assert_eq!(f.guest.body("known_length", &[streaming, out]), status::NONE);
    assert_eq!(f.guest.body("known_length", &[0, out]), status::BADF);
});

abi_test!(a_value_knows_its_length, |f| {
    f.guest.insert(f.store, "k", b"12345");
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [body, used, generation, error, length] = [(); 5].map(|()| f.guest.out());
    f.guest.kv("lookup_wait_v2", &[pending, body, 0, 0, used, generation, error]);
    let body = f.guest.u32(body);
    assert_eq!((f.guest.body("known_length", &[body, length]), f.guest.u64(length)), (status::OK, 5));
});

core_test!(a_stream_that_breaks_off_is_httpincomplete_after_what_it_brought, |f| {
    let body = f.guest.store.data_mut().push_body(streamed(&[Ok("one"), Err(())])).unwrap();
    let (buffer, out) = (f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::OK);
    assert_eq!(f.guest.u32(out), 3);
    assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::HTTPINCOMPLETE);
    assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::HTTPINCOMPLETE);
    assert_eq!(f.guest.body("close", &[body]), status::OK);
});

core_test!(a_streaming_body_can_only_be_written_to_at_its_back, |f| {
    let (streaming, mut receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let ((at, length), buffer, out) = (f.guest.put(b"data"), f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("read", &[streaming, buffer, 8, out]), status::BADF);
    assert_eq!(f.guest.body("write", &[streaming, at, length, 1, out]), status::BADF);
    let readable = f.guest.new_body(b" more");
    assert_eq!(f.guest.body("append", &[readable, streaming]), status::BADF, "as a source");
    assert_eq!(f.guest.body("write", &[streaming, at, length, 0, out]), status::OK);
    assert_eq!(f.guest.u32(out), length);
    assert_eq!(f.guest.body("append", &[streaming, readable]), status::OK, "as a destination it sends");
    assert_eq!(f.guest.body("close", &[streaming]), status::OK);
    let mut all = Vec::new();
    while let Some(frame) = pollster::block_on(receiver.frame()) {
        all.extend(frame.unwrap().into_data().unwrap());
    }
    assert_eq!(all, b"data more");
});

core_test!(a_streaming_body_that_is_abandoned_or_left_open_is_cut_off_for_its_reader, |f| {
    let (abandoned, of_abandoned) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let (_left_open, of_left_open) = f.guest.store.data_mut().push_streaming_body().unwrap();
    assert_eq!(f.guest.body("abandon", &[abandoned]), status::OK);
    // The guest is gone.
    f.guest.store.data_mut().ctx = edgekv_host::KvCtx::builder(f.stores.clone()).build();
    for mut receiver in [of_abandoned, of_left_open] {
        let end = pollster::block_on(receiver.frame());
        assert!(matches!(end, Some(Err(BodyError::Incomplete(_)))), "{end:?}");
        assert!(pollster::block_on(receiver.frame()).is_none());
    }
});

core_test!(writing_to_a_reader_that_is_gone_is_an_error, |f| {
    let (streaming, receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    drop(receiver);
    let ((at, length), out) = (f.guest.put(b"data"), f.guest.out());
    assert_eq!(f.guest.body("write", &[streaming, at, length, 0, out]), status::ERROR);
    assert_eq!(f.guest.body("close", &[streaming]), status::OK, "guests take all but that for a bug");
    assert_eq!(f.guest.body("close", &[streaming]), status::BADF, "it is consumed all the same");
});

core_test!(what_breaks_off_while_it_is_appended_to_a_streaming_body_cuts_that_off, |f| {
    let (streaming, mut receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let source = f.guest.store.data_mut().push_body(streamed(&[Ok("one"), Err(())])).unwrap();
    assert_eq!(f.guest.body("append", &[streaming, source]), status::HTTPINCOMPLETE);
    assert_eq!(f.guest.body("close", &[streaming]), status::OK);
    let first = pollster::block_on(receiver.frame()).unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "one");
    let end = pollster::block_on(receiver.frame());
    assert!(matches!(end, Some(Err(BodyError::Incomplete(_)))), "{end:?}");
});

core_test!(a_piece_is_there_for_the_reader_before_the_next_is_written_and_many_are_one, |f| {
    let (streaming, mut receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let ((at, length), out) = (f.guest.put(b"piece"), f.guest.out());
    for _ in 0..2 {
        assert_eq!(f.guest.body("write", &[streaming, at, length, 0, out]), status::OK);
        let frame = receiver.frame().now_or_never().unwrap();
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "piece");
    }
    for _ in 0..1_000 {
        assert_eq!(f.guest.body("write", &[streaming, at, length, 0, out]), status::OK, "without a wait");
    }
    let frame = receiver.frame().now_or_never().unwrap();
    assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "piece".repeat(1_000));
});

core_test!(a_writer_waits_for_its_reader_and_loses_nothing, |f| {
    let (streaming, mut receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        while let Some(frame) = pollster::block_on(receiver.frame()) {
            all.extend(frame.unwrap().into_data().unwrap());
        }
        all
    });
    // Far more than is ever under way between the two.
    let bytes: Vec<u8> = (0..4_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let ((at, length), out) = (f.guest.put(&bytes), f.guest.out());
    assert_eq!(f.guest.body("write", &[streaming, at, length, 0, out]), status::OK);
    assert_eq!(f.guest.body("close", &[streaming]), status::OK);
    assert!(reading.join().unwrap() == bytes);
});
