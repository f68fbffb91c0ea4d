//! The bodies of requests, as they arrive: how fast they have to, and how much of them may be in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::budget::{Budget, Share};
use super::problem::Problem;

/// What a body has to bring within the time, unless it ends.
const LEAST_BYTES: usize = 16 * 1024;

/// What a body gets at first, when it is not said how long it is.
const FIRST_BYTES: usize = 4 * 1024;

/// The pieces of a body, none of which is waited for too long.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Body,
    time: Duration,
    /// How long the next bytes may still take, and how many of them are there. What is done with them is not timed.
    left: Duration,
    since: usize,
}

impl Pieces {
    pub(crate) fn new(body: Body, time: Duration) -> Self {
        Self { body, time, left: time, since: 0 }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let until = Instant::now() + self.left;
        loop {
            let frame = match timeout_at(until, self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                // Most often nobody is there any more who could read this.
                Ok(Some(Err(_))) => return Err(Problem::bad_request("the body broke off before its end")),
                Err(_elapsed) => {
                    let detail = format!(
                        "less than {LEAST_BYTES} bytes of the body came within {:?}; send it faster",
                        self.time
                    );
                    return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
                }
            };
            // Trailers say nothing that is wanted.
            if let Ok(data) = frame.into_data() {
                self.since += data.len();
                self.left = if self.since >= LEAST_BYTES {
                    self.since = 0;
                    self.time
                } else {
                    until.saturating_duration_since(Instant::now())
                };
                return Ok(Some(data));
            }
        }
    }

    /// Whether nothing follows, which is not always known.
    fn is_at_end(&self) -> bool {
        self.body.is_end_stream()
    }

    /// As many bytes as the client says will follow, if it does.
    fn told(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

/// A body that is there as a whole, and its share of the memory for uploads.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) bytes: Bytes,
    /// To be kept until the bytes are somebody else's.
    pub(crate) share: Share,
}

/// Takes a body of `max` bytes at most, whose name is `what`. It takes up about twice of what has come of it at most,
/// whatever the client says will come, and no more than itself in the end.
pub(crate) async fn take(
    mut pieces: Pieces,
    max: u64,
    what: &'static str,
    budget: &Arc<Budget>,
) -> Result<Upload, Problem> {
    let told = pieces.told();
    if let Some(told) = told.filter(|told| *told > max) {
        return Err(too_large(what, told, max));
    }
    let told = told.and_then(|told| usize::try_from(told).ok());
    let mut share = Share::new(budget);
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await? {
        let length = whole.len() + piece.len();
        if length as u64 > max {
            return Err(too_large(what, length as u64, max));
        }
        if whole.capacity() < length {
            let grown = length.saturating_mul(2).max(FIRST_BYTES);
            let capacity = match told {
                Some(told) => grown.min(told).max(length),
                None if pieces.is_at_end() => length,
                None => grown,
            };
            share.hold(capacity)?;
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(&piece);
    }
    // What was not said to come was guessed.
    whole.shrink_to_fit();
    Ok(Upload { bytes: whole.into(), share })
}

fn too_large(what: &str, bytes: u64, max: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("{what} is {bytes} bytes or more; the limit is {max}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(pieces: &[&'static [u8]]) -> Body {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece))).collect();
        Body::from_stream(futures_util::stream::iter(pieces))
    }

    async fn run(pieces: &[&'static [u8]], max: u64, budget: &Arc<Budget>) -> Result<Upload, u16> {
        let pieces = Pieces::new(body(pieces), Duration::from_secs(30));
        take(pieces, max, "value", budget).await.map_err(|problem| problem.status.as_u16())
    }

    #[tokio::test]
    async fn a_body_is_what_its_pieces_are() {
        let budget = Budget::new(0, "uploads");
        let upload = run(&[b"this is ", b"", b"message 1"], 17, &budget).await.unwrap();
        assert_eq!(upload.bytes, "this is message 1");
        assert_eq!(run(&[b"this is ", b"message 1"], 16, &budget).await.unwrap_err(), 413);
        assert_eq!(run(&[], 0, &budget).await.unwrap().bytes, "");
    }

    #[tokio::test]
    async fn all_uploads_together_are_bounded_and_small_ones_are_free() {
        static LARGE: [u8; 100_000] = [0; 100_000];
        let budget = Budget::new(200_000, "uploads");
        let first = run(&[&LARGE], u64::MAX, &budget).await.unwrap();
        assert_eq!(first.bytes.len(), LARGE.len());
        assert_eq!(run(&[&LARGE, &LARGE], u64::MAX, &budget).await.unwrap_err(), 503);
        assert_eq!(run(&[b"small"], u64::MAX, &budget).await.unwrap().bytes, "small");
        drop(first);
        assert!(run(&[&LARGE], u64::MAX, &budget).await.is_ok());
        assert_eq!(budget.used(), 0);
    }
}
