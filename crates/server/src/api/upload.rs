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
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_util::StreamExt as _;
    use http_body::{Frame, SizeHint};

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

    /// A body whose pieces come at these intervals.
    fn slow(intervals: &[Duration], time: Duration) -> Pieces {
        let stream = futures_util::stream::iter(intervals.to_vec()).then(|interval| async move {
            tokio::time::sleep(interval).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"piece"))
        });
        Pieces::new(Body::from_stream(stream), time)
    }

    #[tokio::test]
    async fn only_the_time_that_is_waited_for_a_body_counts() {
        let (time, moment) = (Duration::from_millis(300), Duration::from_millis(1));
        let mut pieces = slow(&[moment; 3], time);
        while pieces.next().await.unwrap().is_some() {
            // An engine that takes its time.
            tokio::time::sleep(time * 2).await;
        }
        let mut pieces = slow(&[time / 3; 9], time);
        let refused = loop {
            match pieces.next().await {
                Ok(piece) => assert!(piece.is_some(), "all pieces together take too long"),
                Err(problem) => break problem,
            }
        };
        assert_eq!(refused.status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn memory_grows_with_what_has_come_whatever_is_said() {
        static PIECE: [u8; 100_000] = [0; 100_000];
        let budget = Budget::new(usize::MAX, "uploads");
        let seen = Arc::clone(&budget);
        let pieces = (1..=20_usize).map(move |number| {
            let before = (number - 1) * PIECE.len();
            assert!(seen.used() <= 2 * before, "{} bytes are held for {before}", seen.used());
            Ok::<_, std::io::Error>(Bytes::from_static(&PIECE))
        });
        let body = Body::new(Told {
            body: Body::from_stream(futures_util::stream::iter(pieces)),
            left: 20 * PIECE.len(),
        });
        let upload = take(Pieces::new(body, Duration::from_secs(30)), u64::MAX, "value", &budget).await;
        assert_eq!(upload.unwrap().bytes.len(), 20 * PIECE.len());
        assert_eq!(budget.used(), 0);
    }

    /// A body that says how long it is.
    struct Told {
        body: Body,
        left: usize,
    }

    impl HttpBody for Told {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            let polled = Pin::new(&mut self.body).poll_frame(cx);
            if let Poll::Ready(Some(Ok(frame))) = &polled {
                self.left -= frame.data_ref().map_or(0, Bytes::len);
            }
            polled
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.left as u64)
        }
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
