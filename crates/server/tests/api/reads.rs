//! Conditions and ranges of reads.

use crate::client::{Answer, Request, get, head, put};
use crate::fixture::Fixture;

const PATH: &str = "/stores/kv/store/keys/range";

fn fixture() -> (Fixture, Answer) {
    let fixture = Fixture::new();
    fixture.send(put(PATH).body("0123456789").header("metadata", "m"));
    let whole = fixture.send(get(PATH));
    (fixture, whole)
}

#[test]
fn a_range_is_a_part_of_the_value() {
    let (fixture, _) = fixture();
    let mut client = fixture.client();
    let mut ask = |range: &str| client.send(get(PATH).header("range", range));
    for (range, body, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=0-99", "0123456789", "bytes 0-9/10"),
    ] {
        let part = ask(range);
        assert_eq!((part.status, part.text()), (206, body), "{range}");
        assert_eq!(part.header("content-range"), Some(content_range));
        assert_eq!(part.header("stored-content-length"), Some("10"));
        assert_eq!(part.header("metadata"), Some("m"));
    }
    let refused = ask("bytes=10-");
    assert_eq!((refused.status, refused.header("content-range")), (416, Some("bytes */10")));
    assert!(refused.detail().contains("10 bytes"), "{refused:?}");
    for range in ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "nonsense"] {
        let whole = ask(range);
        assert_eq!((whole.status, whole.text()), (200, "0123456789"), "{range}");
    }
    let head = fixture.send(head(PATH).header("range", "bytes=0-3"));
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")), "ranges are for GET");
}

#[test]
fn a_range_holds_only_for_the_version_that_is_known() {
    let (fixture, whole) = fixture();
    let ask = |tag: &str| fixture.send(get(PATH).header("range", "bytes=0-3").header("if-range", tag)).status;
    assert_eq!(ask(whole.header("etag").unwrap()), 206);
    assert_eq!(ask("\"1\""), 200);
    assert_eq!(ask(&format!("W/{}", whole.header("etag").unwrap())), 200);
    assert_eq!(ask(whole.header("last-modified").unwrap()), 200, "a second is too coarse");
}

#[test]
fn what_a_client_has_it_is_not_sent_again() {
    let (fixture, whole) = fixture();
    let (tag, modified) = (whole.header("etag").unwrap(), whole.header("last-modified").unwrap());
    let table: [(&str, &str, u16); 9] = [
        ("if-none-match", tag, 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"1\", \"2\"", 200),
        ("if-modified-since", modified, 304),
        ("if-modified-since", "Mon, 23 Jun 2025 19:41:16 GMT", 200),
        ("if-match", tag, 200),
        ("if-match", "\"1\"", 412),
        ("if-unmodified-since", modified, 200),
        ("if-unmodified-since", "Mon, 23 Jun 2025 19:41:16 GMT", 412),
    ];
    for method in ["GET", "HEAD"] {
        for (name, value, expected) in table {
            let answer = fixture.send(Request::new(method, PATH).header(name, value));
            assert_eq!(answer.status, expected, "{method} {name}: {value}");
            if expected == 304 {
                assert_eq!((answer.header("etag"), answer.text()), (Some(tag), ""));
                assert_eq!(answer.header("x-cache"), Some("MISS"));
            }
        }
    }
    let missing = fixture.send(get("/stores/kv/store/keys/none").header("if-none-match", "*"));
    assert_eq!(missing.status, 404);
    let ignored = fixture.send(get(PATH).header("if-generation-match", "1"));
    assert_eq!(ignored.status, 200, "clients of the platform compare by themselves");
}
