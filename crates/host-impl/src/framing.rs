//! How the end of a response is told: who decides about `Content-Length` and `Transfer-Encoding`, and which headers concern
//! the connection and not the guest.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use thiserror::Error;

/// Who decides about the framing of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The server, from what it knows of the body.
    Automatic,
    /// The headers of the guest, as far as they hold.
    Manual,
}

/// Headers that are between two neighbours on the way of a message. The guest is no neighbour of the client: the server is.
const OF_THE_CONNECTION: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// The body of a response, as far as framing is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    /// Its length in bytes; `None` for one that is not known yet.
    pub(crate) length: Option<u64>,
    /// Whether it is only told of and not sent: the answer to HEAD.
    pub(crate) is_absent: bool,
    /// Names of the trailers that will follow it, as far as they are known.
    pub(crate) trailers: Option<&'a HeaderValue>,
}

/// Why headers of a guest about framing do not hold.
#[derive(Debug, PartialEq, Eq, Error)]
enum Mistake {
    #[error("content-length is not one number")]
    NotANumber,
    #[error("content-length is {claimed}, and the body has {actual} bytes")]
    WrongLength { claimed: u64, actual: u64 },
    #[error("transfer-encoding is not exactly chunked")]
    UnknownEncoding,
    #[error("there are content-length and transfer-encoding")]
    Both,
    #[error("a response of status {0} cannot have a body")]
    NoBody(StatusCode),
}

/// Leaves of the headers of a guest what may be sent.
///
/// Where the guest does not decide, or what it says does not hold, `Content-Length` and `Transfer-Encoding` are taken
/// out, and the server puts in its own: but for the answer to HEAD, of whose body it knows nothing.
pub(crate) fn settle(mode: Framing, status: StatusCode, headers: &mut HeaderMap, content: Content<'_>) {
    for name in &OF_THE_CONNECTION {
        headers.remove(name);
    }
    let mut claim = Claim::Nothing;
    if mode == Framing::Manual {
        claim = check(status, headers, content).unwrap_or_else(|mistake| {
            tracing::debug!("framing of the guest is ignored: {mistake}");
            Claim::Nothing
        });
    }
    if claim == Claim::Nothing {
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
    }
    match content {
        _ if claim == Claim::Length || !may_have_body(status) => {}
        // Trailers come only after chunks, and only those that were announced.
        Content { is_absent: false, trailers: Some(names), .. } => announce(headers, names),
        // No length says nothing; that of a guest that made no body for HEAD would be wrong.
        Content { is_absent: true, length: Some(length @ 1..), trailers: None }
            if claim == Claim::Nothing =>
        {
            // Without room for it nothing is lost.
            let _ = headers.try_insert(CONTENT_LENGTH, length.into());
        }
        _ => {}
    }
}

/// Has the body sent in chunks, and says which trailers follow it. Without room for that, none do.
fn announce(headers: &mut HeaderMap, names: &HeaderValue) {
    if headers.try_insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked")).is_ok()
        && !headers.contains_key(TRAILER)
        && headers.try_insert(TRAILER, names.clone()).is_err()
    {
        headers.remove(TRANSFER_ENCODING);
    }
}

/// What the headers of a guest say about framing, where they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Nothing,
    Length,
    Chunks,
}

/// Says whether the headers of a guest hold, and what they say.
fn check(status: StatusCode, headers: &HeaderMap, content: Content<'_>) -> Result<Claim, Mistake> {
    let length = claimed_length(headers)?;
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let encoding = encodings.next();
    if encodings.next().is_some()
        || encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err(Mistake::UnknownEncoding);
    }
    if length.is_some() && encoding.is_some() {
        return Err(Mistake::Both);
    }
    if (length.is_some() || encoding.is_some()) && !may_have_body(status) {
        return Err(Mistake::NoBody(status));
    }
    match (length, content.length) {
        (Some(claimed), Some(actual)) if claimed != actual && !content.is_absent => {
            Err(Mistake::WrongLength { claimed, actual })
        }
        (Some(_), _) => Ok(Claim::Length),
        (None, _) if encoding.is_some() => Ok(Claim::Chunks),
        _ => Ok(Claim::Nothing),
    }
}

fn claimed_length(headers: &HeaderMap) -> Result<Option<u64>, Mistake> {
    let mut claims = headers.get_all(CONTENT_LENGTH).iter();
    let Some(claim) = claims.next() else { return Ok(None) };
    if claims.next().is_some() || !claim.as_bytes().iter().all(u8::is_ascii_digit) {
        return Err(Mistake::NotANumber);
    }
    let claim = claim.to_str().ok().and_then(|claim| claim.parse().ok());
    claim.map(Some).ok_or(Mistake::NotANumber)
}

/// Whether a response of this status has a body, as far as the status says.
pub(crate) fn may_have_body(status: StatusCode) -> bool {
    let has_none =
        matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
    !status.is_informational() && !has_none
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Content<'static> = Content { length: Some(5), is_absent: false, trailers: None };
    const STREAM: Content<'static> = Content { length: None, is_absent: false, trailers: None };
    const OF_HEAD: Content<'static> = Content { length: Some(0), is_absent: true, trailers: None };

    fn settled(
        mode: Framing,
        status: u16,
        headers: &[(&'static str, &str)],
        content: Content<'_>,
    ) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        settle(mode, StatusCode::from_u16(status).unwrap(), &mut map, content);
        map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn what_concerns_the_connection_is_not_for_the_guest_to_say() {
        let headers = [
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("http2-settings", "AAAA"),
            ("x-mine", "1"),
        ];
        for mode in [Framing::Automatic, Framing::Manual] {
            assert_eq!(settled(mode, 200, &headers, BODY), ["x-mine: 1"]);
        }
    }

    #[test]
    fn automatic_framing_drops_the_claims_of_the_guest() {
        let headers = [("content-length", "5"), ("transfer-encoding", "chunked"), ("trailer", "x-sum")];
        assert_eq!(settled(Framing::Automatic, 200, &headers, BODY), ["trailer: x-sum"]);
    }

    #[test]
    fn manual_framing_keeps_claims_that_hold() {
        let manual = |status, header: (&'static str, &str), content| {
            settled(Framing::Manual, status, &[header], content)
        };
        for (status, content) in [(200, BODY), (200, STREAM), (404, BODY), (200, OF_HEAD), (404, OF_HEAD)] {
            assert_eq!(manual(status, ("content-length", "5"), content), ["content-length: 5"], "{status}");
        }
        for content in [BODY, STREAM] {
            assert_eq!(
                manual(200, ("transfer-encoding", "Chunked"), content),
                ["transfer-encoding: Chunked"]
            );
        }
        assert_eq!(settled(Framing::Manual, 200, &[], BODY), [""; 0]);
    }

    #[test]
    fn manual_framing_that_does_not_hold_is_automatic() {
        let wrong: &[&[(&str, &str)]] = &[
            &[("content-length", "4")],
            &[("content-length", "5"), ("content-length", "5")],
            &[("content-length", "5, 5")],
            &[("content-length", "+5")],
            &[("content-length", "")],
            &[("content-length", "five")],
            &[("content-length", "18446744073709551616")],
            &[("content-length", "5"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "identity")],
        ];
        for headers in wrong {
            assert_eq!(settled(Framing::Manual, 200, headers, BODY), [""; 0], "{headers:?}");
        }
        for header in [("content-length", "5"), ("transfer-encoding", "chunked")] {
            for (status, content) in
                [(204, BODY), (205, BODY), (304, BODY), (204, OF_HEAD), (304, OF_HEAD), (304, STREAM)]
            {
                assert_eq!(
                    settled(Framing::Manual, status, &[header], content),
                    [""; 0],
                    "{status} {header:?}"
                );
            }
        }
        assert_eq!(
            check(
                StatusCode::OK,
                &HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("4"))]),
                BODY
            ),
            Err(Mistake::WrongLength { claimed: 4, actual: 5 })
        );
    }

    #[test]
    fn trailers_that_are_known_are_announced_and_come_after_chunks() {
        let names = HeaderValue::from_static("x-a, x-b");
        let body = Content { trailers: Some(&names), ..BODY };
        let sent = settled(Framing::Automatic, 200, &[("content-length", "5")], body);
        assert_eq!(sent, ["transfer-encoding: chunked", "trailer: x-a, x-b"]);
        let sent = settled(Framing::Automatic, 200, &[("trailer", "mine")], body);
        assert_eq!(sent, ["trailer: mine", "transfer-encoding: chunked"], "the guest knows of more");
        let chunked = ("transfer-encoding", "chunked");
        for headers in [&[chunked][..], &[]] {
            let sent = settled(Framing::Manual, 200, headers, body);
            assert_eq!(sent, ["transfer-encoding: chunked", "trailer: x-a, x-b"], "{headers:?}");
        }
        let sent = settled(Framing::Manual, 200, &[chunked, ("trailer", "mine")], body);
        assert_eq!(sent, ["transfer-encoding: chunked", "trailer: mine"]);
        assert_eq!(settled(Framing::Manual, 200, &[("content-length", "5")], body), ["content-length: 5"]);
        for status in [204, 205, 304] {
            assert_eq!(settled(Framing::Automatic, status, &[], body), [""; 0]);
        }
        let of_head = Content { trailers: Some(&names), length: Some(5), ..OF_HEAD };
        assert_eq!(settled(Framing::Automatic, 200, &[], of_head), [""; 0], "it would come in chunks");
    }

    #[test]
    fn an_answer_to_head_tells_the_length_that_is_known() {
        let of_five = Content { length: Some(5), ..OF_HEAD };
        let unknown = Content { length: None, ..OF_HEAD };
        let claim = [("content-length", "7")];
        for mode in [Framing::Automatic, Framing::Manual] {
            assert_eq!(settled(mode, 200, &[], of_five), ["content-length: 5"]);
            for content in [OF_HEAD, unknown] {
                assert_eq!(settled(mode, 200, &[], content), [""; 0]);
            }
            for status in [204, 304] {
                assert_eq!(settled(mode, status, &claim, of_five), [""; 0], "{status}");
            }
        }
        assert_eq!(settled(Framing::Automatic, 200, &claim, of_five), ["content-length: 5"]);
        assert_eq!(settled(Framing::Manual, 200, &claim, of_five), ["content-length: 7"]);
    }
}
