//! The trailers of `fastly_http_body`, and with them the two buffer protocols.

use bytes::Bytes;
use edgekv_host::Body;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};
use crate::{abi_test, core_test};

fn append(f: &mut Fixture, body: u32, name: &[u8], value: &[u8]) -> i32 {
    let ((name, name_length), (value, value_length)) = (f.guest.put(name), f.guest.put(value));
    f.guest.body("trailer_append", &[body, name, name_length, value, value_length])
}

/// A page of a list of names or values: status, bytes, length, and where to go on.
fn page(f: &mut Fixture, arguments: &[u32], size: u32, cursor: u32) -> (i32, Vec<u8>, u32, u64) {
    let (buffer, ending, nwritten) = (f.guest.alloc(size.max(1)), f.guest.out(), f.guest.out());
    let function = if arguments.len() == 1 { "trailer_names_get" } else { "trailer_values_get" };
    let arguments = [arguments, &[buffer, size, cursor, ending, nwritten]].concat();
    let status = f.guest.body(function, &arguments);
    let written = f.guest.u32(nwritten);
    let bytes = f.guest.bytes(buffer..buffer + written.min(size));
    (status, bytes, written, f.guest.u64(ending))
}

const END: u64 = u64::MAX;
const UNTOUCHED_64: u64 = (UNTOUCHED as u64) << 32 | UNTOUCHED as u64;

abi_test!(names_and_values_come_back_in_lower_case_and_in_order, |f| {
    let body = f.guest.new_body(b"");
    for (name, value) in [(&b"X-One"[..], &b"1"[..]), (b"x-two", b"2a"), (b"X-TWO", b"2b")] {
        assert_eq!(append(f, body, name, value), status::OK);
    }
    let (name, length) = f.guest.put(b"X-Two");
    assert_eq!(page(f, &[body], 64, 0), (status::OK, b"x-one\0x-two\0".to_vec(), 12, END));
    assert_eq!(page(f, &[body, name, length], 64, 0), (status::OK, b"2a\x002b\0".to_vec(), 6, END));
    let (buffer, nwritten) = (f.guest.alloc(8), f.guest.out());
    let status = f.guest.body("trailer_value_get", &[body, name, length, buffer, 8, nwritten]);
    assert_eq!((status, f.guest.u32(nwritten)), (status::OK, 2));
    assert_eq!(f.guest.bytes(buffer..buffer + 2), b"2a", "the first value, and no NUL");
});

abi_test!(pages_hold_whole_items_and_the_cursor_goes_on_behind_them, |f| {
    let body = f.guest.new_body(b"");
    for name in ["aaa", "bb", "c"] {
        append(f, body, name.as_bytes(), b"v");
    }
    assert_eq!(page(f, &[body], 4, 0), (status::OK, b"aaa\0".to_vec(), 4, 1));
    assert_eq!(page(f, &[body], 6, 0), (status::OK, b"aaa\0".to_vec(), 4, 1));
    assert_eq!(page(f, &[body], 7, 0), (status::OK, b"aaa\0bb\0".to_vec(), 7, 2));
    assert_eq!(page(f, &[body], 5, 1), (status::OK, b"bb\0c\0".to_vec(), 5, END));
    assert_eq!(page(f, &[body], 2, 2), (status::OK, b"c\0".to_vec(), 2, END));
    assert_eq!(page(f, &[body], 9, 3), (status::OK, vec![], 0, END), "behind the last one");
    assert_eq!(page(f, &[body], 9, u32::MAX), (status::OK, vec![], 0, END));
    let (status, _, needed, ending) = page(f, &[body], 3, 0);
    assert_eq!((status, needed, ending), (status::BUFLEN, 4, END), "the first does not fit: length and NUL");
    let (status, _, needed, ending) = page(f, &[body], 0, 1);
    assert_eq!((status, needed, ending), (status::BUFLEN, 3, END));
});

abi_test!(no_trailers_are_an_empty_list_and_an_absent_one_has_no_values, |f| {
    let body = f.guest.new_body(b"");
    let (name, length) = f.guest.put(b"absent");
    assert_eq!(page(f, &[body], 8, 0), (status::OK, vec![], 0, END));
    assert_eq!(page(f, &[body, name, length], 8, 0), (status::OK, vec![], 0, END));
    let (buffer, nwritten) = (f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("trailer_value_get", &[body, name, length, buffer, 8, nwritten]), status::INVAL);
});

abi_test!(an_ending_cursor_of_0_is_not_wanted, |f| {
    let body = f.guest.new_body(b"");
    append(f, body, b"a", b"v");
    f.guest.write(0, &[7; 8]);
    let ((name, length), buffer, nwritten) = (f.guest.put(b"a"), f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("trailer_names_get", &[body, buffer, 8, 0, 0, nwritten]), status::OK);
    let arguments = [body, name, length, buffer, 8, 0, 0, nwritten];
    assert_eq!(f.guest.body("trailer_values_get", &arguments), status::OK);
    assert_eq!(f.guest.bytes(0..8), [7; 8], "nothing was written there");
});

abi_test!(every_error_says_that_there_is_no_next_page, |f| {
    let unread = f.guest.new_body(b"unread");
    let (_, _, _, ending) = page(f, &[0], 8, 0);
    assert_eq!(ending, END);
    assert_eq!(page(f, &[unread], 8, 0).3, END);
    // Where it cannot be written, that is the error.
    let (buffer, nwritten) = (f.guest.alloc(8), f.guest.out());
    let status = f.guest.body("trailer_names_get", &[unread, buffer, 8, 0, MEMORY_END, nwritten]);
    assert_eq!(status, status::INVAL);
    let status = f.guest.body("trailer_names_get", &[unread, buffer, 8, 0, buffer + 4, nwritten]);
    assert_eq!(status, status::BADALIGN);
    let ending = f.guest.out();
    assert_eq!(f.guest.u64(ending), UNTOUCHED_64);
});

abi_test!(a_value_that_does_not_fit_tells_its_length_and_copies_nothing, |f| {
    let body = f.guest.new_body(b"");
    append(f, body, b"a", b"12345");
    let ((name, length), buffer, nwritten) = (f.guest.put(b"a"), f.guest.alloc(8), f.guest.out());
    for (size, status, copied) in
        [(0, status::BUFLEN, [0; 5]), (4, status::BUFLEN, [0; 5]), (5, status::OK, *b"12345")]
    {
        assert_eq!(f.guest.body("trailer_value_get", &[body, name, length, buffer, size, nwritten]), status);
        assert_eq!((f.guest.u32(nwritten), f.guest.bytes(buffer..buffer + 5)), (5, copied.to_vec()));
    }
});

abi_test!(trailers_come_after_the_body, |f| {
    let body = f.guest.new_body(b"data");
    append(f, body, b"a", b"1");
    let ((name, length), buffer, nwritten) = (f.guest.put(b"a"), f.guest.alloc(8), f.guest.out());
    let arguments = [body, name, length, buffer, 8, nwritten];
    assert_eq!(f.guest.body("trailer_value_get", &arguments), status::AGAIN);
    assert_eq!(page(f, &[body], 8, 0).0, status::AGAIN);
    assert_eq!(page(f, &[body, name, length], 8, 0).0, status::AGAIN);
    f.guest.read_all(body);
    assert_eq!(f.guest.body("trailer_value_get", &arguments), status::OK);
});

core_test!(the_trailers_of_a_stream_are_there_after_its_end, |f| {
    let trailers = http::HeaderMap::from_iter([("a".parse().unwrap(), "1".parse().unwrap())]);
    let frames: [Result<_, std::io::Error>; 2] =
        [Ok(Frame::data(Bytes::from("data"))), Ok(Frame::trailers(trailers))];
    let stream = Body::from_stream(StreamBody::new(stream::iter(frames)));
    let body = f.guest.store.data_mut().push_body(stream).unwrap();
    assert_eq!(page(f, &[body], 8, 0).0, status::AGAIN);
    assert_eq!(f.guest.read_all(body), b"data");
    assert_eq!(page(f, &[body], 8, 0), (status::OK, b"a\0".to_vec(), 2, END));
});

abi_test!(append_merges_the_trailers_of_its_source, |f| {
    let (dst, src) = (f.guest.new_body(b""), f.guest.new_body(b""));
    append(f, dst, b"a", b"1");
    append(f, src, b"a", b"2");
    append(f, src, b"b", b"3");
    assert_eq!(f.guest.body("append", &[dst, src]), status::OK);
    let (name, length) = f.guest.put(b"a");
    assert_eq!(page(f, &[dst], 8, 0).1, b"a\0b\0");
    assert_eq!(page(f, &[dst, name, length], 8, 0).1, b"1\x002\0");
});

core_test!(a_streaming_body_sends_its_trailers_and_does_not_show_them, |f| {
    let (streaming, mut receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    assert_eq!(append(f, streaming, b"a", b"1"), status::OK);
    let ((name, length), buffer, nwritten) = (f.guest.put(b"a"), f.guest.alloc(8), f.guest.out());
    assert_eq!(page(f, &[streaming], 8, 0).0, status::INVAL);
    assert_eq!(page(f, &[streaming, name, length], 8, 0).0, status::INVAL);
    assert_eq!(
        f.guest.body("trailer_value_get", &[streaming, name, length, buffer, 8, nwritten]),
        status::INVAL
    );
    assert_eq!(f.guest.body("close", &[streaming]), status::OK);
    let trailers = pollster::block_on(receiver.frame()).unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers.get("a").unwrap(), "1");
    assert!(pollster::block_on(receiver.frame()).is_none());
});

abi_test!(what_is_no_header_is_an_error_and_a_name_that_is_too_long_inval, |f| {
    let body = f.guest.new_body(b"");
    for (name, value) in
        [(&b""[..], &b"v"[..]), (b"a b", b"v"), (b"\xff", b"v"), (b"a", b"v\n"), (b"a", b"\0")]
    {
        assert_eq!(append(f, body, name, value), status::ERROR, "{name:?} {value:?}");
    }
    assert_eq!(append(f, body, &[b'a'; 65_536], b"v"), status::INVAL);
    let (name, length) = f.guest.put(&[b'a'; 65_536]);
    assert_eq!(page(f, &[body, name, length], 8, 0).0, status::INVAL);
    let (name, length) = f.guest.put(b"a b");
    assert_eq!(page(f, &[body, name, length], 8, 0).0, status::ERROR);
    assert_eq!(page(f, &[body], 8, 0).1, b"", "nothing was added");
    assert_eq!(append(f, 0, b"a", b"v"), status::BADF);
});

core_test!(a_body_that_broke_off_has_no_trailers_to_wait_for, |f| {
    let frames = [Err::<Frame<Bytes>, _>(std::io::Error::other("cut"))];
    let stream = Body::from_stream(StreamBody::new(stream::iter(frames)));
    let body = f.guest.store.data_mut().push_body(stream).unwrap();
    assert_eq!(page(f, &[body], 8, 0).0, status::AGAIN);
    let (buffer, out) = (f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::HTTPINCOMPLETE);
    assert_eq!(page(f, &[body], 8, 0).0, status::HTTPINCOMPLETE);
});

abi_test!(the_longest_header_name_is_fine, |f| {
    let body = f.guest.new_body(b"");
    assert_eq!(append(f, body, &[b'a'; 65_535], b"v"), status::OK);
    assert_eq!(page(f, &[body], 65_536, 0).2, 65_536);
});

abi_test!(more_trailers_than_a_message_can_have_are_limitexceeded, |f| {
    let body = f.guest.new_body(b"");
    let (value, length) = f.guest.put(b"v");
    let name = f.guest.alloc(16);
    for number in 0..100_000 {
        f.guest.write(name, format!("n{number:07}").as_bytes());
        match f.guest.body("trailer_append", &[body, name, 8, value, length]) {
            status::OK => {}
            status::LIMITEXCEEDED => return assert_eq!(number, 4_096),
            other => panic!("{other}"),
        }
    }
    panic!("there is no limit");
});

abi_test!(
    an_append_that_is_refused_is_counted_as_it_is,
    Setup { ctx: |ctx| ctx.max_held_bytes(10_000_000), ..Setup::default() },
    |f| {
        let (streaming, _receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
        for dst in [f.guest.new_body(b"dst"), streaming] {
            let source = f.guest.new_body(&[1; 100_000]);
            let (name, (value, length)) = (f.guest.alloc(8), f.guest.put(b"v"));
            for (body, first) in [(dst, b'a'), (source, b'b')] {
                for number in 0..4_096 {
                    f.guest.write(name, format!("{}{number:07}", char::from(first)).as_bytes());
                    let arguments = [body, name, 8, value, length];
                    assert_eq!(f.guest.body("trailer_append", &arguments), status::OK);
                }
            }
            let source_held = 100_000 + 4_096 * (8 + 1 + 256);
            let before = f.guest.held();
            assert_eq!(f.guest.body("append", &[dst, source]), status::LIMITEXCEEDED);
            let after = f.guest.held();
            assert_eq!(after.0, before.0 - 1, "the source is consumed");
            assert!(after.1 <= before.1 - source_held, "{before:?} {after:?}");
            // What is counted is what is there: nothing was moved.
            let again = f.guest.new_body(b"");
            assert_eq!(f.guest.body("append", &[dst, again]), status::OK);
            assert!(f.guest.held().1 - after.1 < 100, "{after:?} {:?}", f.guest.held());
        }
    }
);

abi_test!(
    tiny_trailers_count_as_what_they_cost,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        let body = f.guest.new_body(b"");
        let appended: Vec<_> = (b'a'..b'f').map(|name| append(f, body, &[name], b"")).collect();
        assert_eq!(appended, [0, 0, 0, status::LIMITEXCEEDED, status::LIMITEXCEEDED]);
        assert!(f.guest.held().1 <= 1_000, "{:?}", f.guest.held());
    }
);
