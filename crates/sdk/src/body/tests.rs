use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};

use edgekv_sys::FastlyStatus as Status;

use super::*;
use crate::abi::script::{self, answer};
use crate::future;

/// A body that the host has.
fn at_host(bytes: &[u8]) -> Body {
    let mut host = HostBody::new().unwrap();
    host.write(bytes, BodyWriteEnd::BACK).unwrap();
    host.into()
}

#[test]
fn a_small_body_asks_the_host_for_nothing() {
    let script = script::start([]);
    let mut body = Body::from("one ");
    body.write_all(b"two ").unwrap();
    body.append(Body::from(vec![b'3']));
    assert_eq!(body.known_length(), Some(9));
    let mut first = [0; 2];
    body.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"on");
    assert_eq!(body.fill_buf().unwrap(), b"e ");
    body.consume(100);
    assert_eq!(body.into_string(), "two 3");
    assert_eq!(script.finish(), [""; 0]);
}

#[test]
fn a_value_is_read_with_one_call_for_its_length_and_one_for_its_bytes() {
    let script = script::start([]);
    let bytes = vec![7; 1024];
    let body = at_host(&bytes);
    let read = body.into_bytes();
    assert_eq!((read.len(), read.capacity()), (1024, 1024));
    assert_eq!(read, bytes);
    assert_eq!(script.finish()[2..], ["known_length", "read room=1024", "close"]);
}

#[test]
fn a_body_of_unknown_length_is_read_to_its_end() {
    let script = script::start([answer("known_length").status(Status::NONE)]);
    let bytes = vec![7; 100_000];
    assert_eq!(at_host(&bytes).into_bytes(), bytes);
    script.finish();
}

#[test]
fn a_length_that_was_too_high_ends_where_the_bytes_end() {
    let script = script::start([answer("known_length").number(u64::MAX)]);
    let body = at_host(b"short");
    assert_eq!(body.into_bytes(), b"short");
    script.finish();
}

#[test]
fn a_host_that_claims_more_bytes_than_there_is_room_for_is_an_error() {
    for claimed in [1025, usize::MAX] {
        let script =
            script::start([answer("known_length").number(1024), answer("read").bytes(b"x").claims(claimed)]);
        let error = at_host(b"x").try_into_bytes().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(error.to_string(), format!("host claims {claimed} bytes where there are 1024"));
        script.finish();
    }
    let script = script::start([answer("read").claims(BUFFER_BYTES + 1)]);
    let error = at_host(b"x").read(&mut [0; BUFFER_BYTES]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    script.finish();
}

#[test]
fn a_host_that_claims_to_have_written_more_than_it_got_is_an_error() {
    let script = script::start([answer("write").claims(6)]);
    let mut host = HostBody::new().unwrap();
    let fault = host.write(b"hello", BodyWriteEnd::BACK).unwrap_err();
    assert_eq!(fault.to_string(), "host claims 6 bytes where there are 5");
    drop(host);
    script.finish();
}

#[test]
fn a_short_write_goes_on_with_the_rest_and_none_at_all_is_an_error() {
    let script = script::start([answer("write").claims(2), answer("write"), answer("write").claims(0)]);
    let mut host = HostBody::new().unwrap();
    host.write(b"hello", BodyWriteEnd::BACK).unwrap();
    let fault = host.write(b"!", BodyWriteEnd::BACK).unwrap_err();
    assert_eq!(fault.to_string(), "host reported success and gave no progress");
    assert_eq!(Body::from(host).into_bytes(), b"hello");
    script.finish();
}

#[test]
fn a_truncated_body_is_an_unexpected_end() {
    let script = script::start([answer("read").status(Status::HTTPINCOMPLETE)]);
    assert_eq!(at_host(b"x").try_into_bytes().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    script.finish();
}

#[test]
fn what_was_read_ahead_goes_back_to_the_front() {
    let script = script::start([]);
    let mut body = at_host(b"first second");
    body.write_all(b" third").unwrap();
    body.read_exact(&mut [0; 6]).unwrap();
    let host = body.into_host().unwrap();
    assert_eq!(Body::from(host).into_string(), "second third");
    script.finish();
}

#[test]
fn reads_and_writes_of_one_body_are_in_order() {
    let script = script::start([]);
    let mut body = at_host(b"a");
    body.write_all(b"b").unwrap();
    assert_eq!(body.known_length(), Some(2));
    let mut read = String::new();
    body.read_to_string(&mut read).unwrap();
    body.write_all(b"c").unwrap();
    body.read_to_string(&mut read).unwrap();
    assert_eq!(read, "abc");
    drop(body);
    script.finish();
}

#[test]
fn a_large_body_moves_to_the_host_as_it_grows() {
    let script = script::start([]);
    let mut body = Body::new();
    for _ in 0..40 {
        body.write_all(&[1; 4096]).unwrap();
    }
    assert!(body.host.is_some() && body.local_length() <= BUFFER_BYTES, "{body:?}");
    body.write_all(&[2; 3 * BUFFER_BYTES]).unwrap();
    let bytes = body.into_bytes();
    assert_eq!(bytes.len(), 40 * 4096 + 3 * BUFFER_BYTES);
    assert!(bytes.is_sorted());
    drop(Body::from(&[0; SPILL_BYTES + 1][..]));
    script.finish();
}

#[test]
fn a_host_without_bodies_leaves_the_bytes_in_the_guest() {
    let refuse = || answer("new").status(Status::UNSUPPORTED);
    let script = script::start([refuse(), refuse(), refuse()]);
    let large = vec![1; SPILL_BYTES + 1];
    let mut body = Body::from(&large[..]);
    body.write_all(b"!").unwrap();
    assert_eq!(body.known_length(), Some(large.len() as u64 + 1));
    let error = std::io::Error::from(body.into_host().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    script.finish();
}

#[test]
fn a_small_chunk_keeps_no_room_for_a_large_one() {
    let script = script::start([answer("is_ready").number(1), answer("read").bytes("small")]);
    let mut body = at_host(&vec![7; CHUNK_BYTES]);
    let chunk = future::block_on(body.next_chunk()).unwrap().unwrap();
    assert_eq!(chunk, b"small");
    assert!(chunk.capacity() < 1024, "{}", chunk.capacity());
    let chunk = future::block_on(body.next_chunk()).unwrap().unwrap();
    assert_eq!((chunk.len(), chunk.capacity()), (CHUNK_BYTES, CHUNK_BYTES));
    drop(body);
    script.finish();
}

#[test]
fn chunks_end_after_an_error() {
    let script = script::start([answer("read"), answer("read").status(Status::HTTPINCOMPLETE)]);
    let mut body = at_host(b"");
    assert_eq!(body.read_chunks(10).count(), 0);
    let chunks: Vec<_> = body.read_chunks(10).map(|chunk| chunk.map_err(|error| error.kind())).collect();
    assert_eq!(chunks, [Err(ErrorKind::UnexpectedEof)]);
    drop(body);
    script.finish();
}

#[test]
fn a_body_at_the_host_is_appended_there() {
    let script = script::start([]);
    let mut body = Body::from("a");
    body.append(at_host(b"b"));
    body.append(at_host(b"c"));
    assert_eq!(body.into_string(), "abc");
    assert_eq!(script.finish().iter().filter(|call| *call == "append").count(), 2);
}

#[test]
fn trailers_are_gathered_over_several_calls() {
    let names = "trailer_names_get";
    let end = u64::MAX; // -1
    let script = script::start([
        answer(names).bytes(b"one\0two\0").number(2),
        answer(names).status(Status::BUFLEN).claims(5000),
        answer(names).bytes(b"three\0").number(end),
        answer(names).bytes(b"yes\0\0").number(end),
    ]);
    let mut body = at_host(b"");
    assert_eq!(body.trailer_names().unwrap(), ["one", "two", "three"]);
    assert_eq!(body.trailer_values("one").unwrap(), [&b"yes"[..], b""]);
    drop(body);
    let calls = script.finish();
    assert!(calls.contains(&"trailer_names_get cursor=2 room=5000".to_owned()), "{calls:?}");
}

#[test]
fn a_cursor_that_is_no_place_is_an_error() {
    let names = "trailer_names_get";
    for cursor in [-2_i64, i64::MIN, 1 << 32, i64::MAX] {
        let script = script::start([answer(names).bytes(b"one\0").number(cursor.cast_unsigned())]);
        let error = at_host(b"").trailer_names().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(error.to_string(), format!("host says to go on at {cursor}, and the last place was 0"));
        script.finish();
    }
}

#[test]
fn trailers_wait_for_bytes_that_the_guest_has_read_ahead() {
    let script = script::start([answer("trailer_names_get").number(u64::MAX)]);
    let mut body = at_host(b"ab");
    body.read_exact(&mut [0; 1]).unwrap();
    let error = body.trailer_names().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert_eq!(error.to_string(), "1 bytes of the body have not been read yet");
    assert_eq!(body.trailer_values("x").unwrap_err().kind(), ErrorKind::WouldBlock);
    body.read_exact(&mut [0; 1]).unwrap();
    assert_eq!(body.trailer_names().unwrap(), [""; 0]);
    drop(body);
    script.finish();
    assert_eq!(Body::from("x").trailer_names().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(Body::new().trailer_names().unwrap(), [""; 0]);
}

#[test]
fn what_was_written_reaches_the_host_before_it_is_asked_for_trailers() {
    let script = script::start([answer("write"), answer("trailer_names_get").status(Status::AGAIN)]);
    let mut body = Body::from(HostBody::new().unwrap());
    body.write_all(b"late").unwrap();
    assert_eq!(body.trailer_names().unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(body);
    assert_eq!(script.finish()[1..3], ["write 4 end=0", "trailer_names_get cursor=0 room=4096"]);
}

#[test]
fn a_cursor_that_stands_still_and_a_room_without_bound_are_errors() {
    let names = "trailer_names_get";
    let script = script::start([
        answer(names).bytes(b"one\0").number(0),
        answer(names).status(Status::BUFLEN).claims(usize::MAX),
        answer(names).status(Status::BUFLEN).claims(1),
        answer(names).status(Status::AGAIN),
    ]);
    let mut body = at_host(b"");
    assert_eq!(body.trailer_names().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(body.trailer_names().unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(body.trailer_names().unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(body.trailer_names().unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(body);
    script.finish();
}
