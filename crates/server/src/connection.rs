//! One connection: which protocol it speaks, how long it may be idle, and how it ends.
//!
//! | what does not happen | for how long | then |
//! | --- | --- | --- |
//! | the first head is complete, its preface included | [`Bounds::head_time`] | the connection is cut off |
//! | a request is under way, after the first | [`Bounds::head_time`] | it is asked to close, and cut off after the same time again |
//! | the client takes [`Bounds::least_bytes`] on HTTP/1.1, or 16 KiB of a stream on HTTP/2 | [`Bounds::write_time`] | the connection or the stream is cut off |
//!
//! Nothing else is timed here: how long a request may take is the business of whoever [`Answers`] it.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::limits::MIN_HEAD_BYTES;
use crate::pace::Streams;

/// Streams that a client may have open on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// What is kept of a stream of HTTP/2 until it can be sent, so that 128 of them are 8 MiB at most.
const STREAM_BUFFER_BYTES: usize = 64 * 1024;

/// What answers the requests of connections.
pub(crate) trait Answers: Send + Sync + 'static {
    /// The body of a response.
    type Body: HttpBody<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static;

    /// What a connection may use.
    fn bounds(&self) -> Bounds;

    /// Answers one request. `under_way` lives as long as the request does: until its response is sent.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
        under_way: UnderWay,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static;
}

/// What a connection may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Most time for the head of a request, and between two requests.
    pub(crate) head_time: Duration,
    /// Most time for a client to take the next bytes.
    pub(crate) write_time: Duration,
    /// How many those are, unless there are fewer.
    pub(crate) least_bytes: usize,
    /// Most bytes of the head of a request.
    pub(crate) max_head_bytes: usize,
}

/// Both ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
}

/// Serves a connection to its end. Once `stop` is cancelled, what is under way is finished, and nothing else begun; once
/// `cut` is, it is not finished, either.
pub(crate) async fn serve<A: Answers>(
    answers: Arc<A>,
    stream: TcpStream,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let (Ok(client), Ok(server)) = (stream.peer_addr(), stream.local_addr()) else {
        // It is gone already.
        return;
    };
    let ends = Ends { client, server };
    // Responses are written in few pieces, which need not wait for more.
    let _ = stream.set_nodelay(true);
    let bounds = answers.bounds();
    let idle_time = bounds.head_time;
    let activity = Activity::new();
    let stream = Watched::new(stream, bounds, Arc::clone(&activity));
    let builder = protocol(bounds, &cut);
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request| {
            let answer = Arc::clone(&answers).answer(request, ends, activity.begin());
            async move { Ok::<_, Infallible>(answer.await) }
        })
    };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopped = pin!(stop.cancelled());
    let mut is_cut = pin!(cut.cancelled());
    let mut timer = pin!(sleep(idle_time));
    let mut is_closing = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%client, "connection ended: {error:#}");
                }
                return;
            }
            () = &mut is_cut => return,
            () = &mut stopped, if !is_closing => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut timer => match activity.idle(idle_time) {
                Idle::NotBefore(then) => timer.as_mut().reset(then),
                Idle::Now if !is_closing => {
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                    timer.as_mut().reset(Instant::now() + idle_time);
                }
                Idle::Now | Idle::FromTheBeginning => {
                    tracing::debug!(%client, "no request for {idle_time:?}; the connection is cut off");
                    return;
                }
            }
        }
    }
}

/// HTTP/1.1 and HTTP/2 without TLS, told apart by the first bytes of a connection.
fn protocol(bounds: Bounds, cut: &CancellationToken) -> auto::Builder<Streams> {
    let streams = Streams { write_time: bounds.write_time, cut: cut.clone() };
    let mut builder = auto::Builder::new(streams);
    let max_head_bytes = bounds.max_head_bytes.max(MIN_HEAD_BYTES);
    // More headers than hyper's own limit for HTTP/1.1 would have it allocate an array for each request.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_time)
        .max_buf_size(max_head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(STREAM_BUFFER_BYTES)
        .max_header_list_size(u32::try_from(max_head_bytes).unwrap_or(u32::MAX));
    builder
}

/// What goes on on a connection.
#[derive(Debug)]
struct Activity {
    requests: Mutex<Requests>,
    /// Whether something is to be written and cannot be, because the client has not taken what was before it.
    is_blocked: AtomicBool,
}

#[derive(Debug)]
struct Requests {
    under_way: usize,
    has_begun: bool,
    /// When the last one ended; before the first, when the connection was accepted.
    idle_since: Instant,
}

/// Whether a connection has been idle for too long.
enum Idle {
    /// Perhaps at this time.
    NotBefore(Instant),
    Now,
    /// And has not had a single request.
    FromTheBeginning,
}

impl Activity {
    fn new() -> Arc<Self> {
        let requests = Requests { under_way: 0, has_begun: false, idle_since: Instant::now() };
        Arc::new(Self { requests: Mutex::new(requests), is_blocked: AtomicBool::new(false) })
    }

    /// A request is under way from now on.
    fn begin(self: &Arc<Self>) -> UnderWay {
        let mut requests = self.requests.lock();
        requests.under_way += 1;
        requests.has_begun = true;
        UnderWay(Arc::clone(self))
    }

    fn idle(&self, time: Duration) -> Idle {
        let now = Instant::now();
        let requests = self.requests.lock();
        // The last bytes of a response are written when it is no longer under way.
        if requests.under_way > 0 || requests.has_begun && self.is_blocked.load(Ordering::Relaxed) {
            return Idle::NotBefore(now + time);
        }
        match requests.idle_since + time {
            then if then > now => Idle::NotBefore(then),
            _ if requests.has_begun => Idle::Now,
            _ => Idle::FromTheBeginning,
        }
    }
}

/// A request of a connection, from its head to the end of its response.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut requests = self.0.requests.lock();
        requests.under_way -= 1;
        requests.idle_since = Instant::now();
    }
}

/// The stream of a connection. Nothing but how fast its client takes something is timed by it.
struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    write_time: Duration,
    least_bytes: usize,
    /// While the client has not taken all that there is: how much of the least it has, since the timer was set.
    taken: Option<usize>,
    /// Most clients take what there is at once, and never cost a timer.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    const fn new(stream: S, bounds: Bounds, activity: Arc<Activity>) -> Self {
        let Bounds { write_time, least_bytes, .. } = bounds;
        Self { stream, activity, write_time, least_bytes, taken: None, timer: None }
    }

    /// Notes what became of a write of so many bytes, and gives up a client that takes too few.
    fn note(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        poll: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.activity.is_blocked.store(poll.is_pending(), Ordering::Relaxed);
        let Poll::Ready(written) = poll else {
            if self.taken.is_none() {
                self.taken = Some(0);
                let until = Instant::now() + self.write_time;
                match &mut self.timer {
                    Some(timer) => timer.as_mut().reset(until),
                    None => self.timer = Some(Box::pin(tokio::time::sleep_until(until))),
                }
            }
            let is_late = self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
            return if is_late { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending };
        };
        if let (Ok(written), Some(taken)) = (&written, self.taken) {
            let taken = taken + written;
            self.taken = (*written < bytes && taken < self.least_bytes).then_some(taken);
        }
        Poll::Ready(written)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(cx, bytes.len(), poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(cx, bytes.iter().map(|piece| piece.len()).sum(), poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Writes 64 KiB to a client that takes a byte every 10 ms, 30 of them, and then the rest.
    async fn write(least_bytes: usize) -> io::Result<()> {
        let (near, mut far) = tokio::io::duplex(1);
        let write_time = Duration::from_millis(100);
        let bounds = Bounds { head_time: write_time, write_time, least_bytes, max_head_bytes: 0 };
        let mut near = Watched::new(near, bounds, Activity::new());
        let client = tokio::spawn(async move {
            for _ in 0..30 {
                sleep(Duration::from_millis(10)).await;
                if far.read_u8().await.is_err() {
                    return;
                }
            }
            let _ = far.read_to_end(&mut Vec::new()).await;
        });
        let written = near.write_all(&[0; 64 * 1024]).await;
        drop(near);
        client.await.unwrap();
        written
    }

    #[tokio::test]
    async fn a_client_that_takes_too_little_is_given_up_and_one_that_takes_enough_is_not() {
        assert_eq!(write(16 * 1024).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        write(1).await.unwrap();
    }
}
