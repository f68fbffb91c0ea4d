//! One connection: which protocol it speaks, how long it may be idle, and how it ends.
//!
//! | what does not happen | for how long | then |
//! | --- | --- | --- |
//! | the first head is complete, its preface included | [`Bounds::head_time`] | the connection is cut off |
//! | a request is under way, after the first | [`Bounds::head_time`] | it is asked to close, and cut off after the same time again |
//! | the client takes something, on HTTP/1.1 of the connection, on HTTP/2 of a stream | [`Bounds::write_time`] | the connection or the stream is cut off |
//!
//! Nothing else is timed here: how long a request may take is the business of whoever [`Answers`] it, and a client that
//! takes a long response slowly is welcome to it.

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
use tokio::time::{Instant, sleep};
use tokio_io_timeout::TimeoutStream;
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
    /// Most time for which a client may take nothing.
    pub(crate) write_time: Duration,
    /// Most bytes of the head of a request.
    pub(crate) max_head_bytes: usize,
}

/// Both ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
}

/// Serves a connection to its end. Once `stop` is cancelled, what is under way is finished, and nothing else begun.
pub(crate) async fn serve<A: Answers>(answers: Arc<A>, stream: TcpStream, stop: CancellationToken) {
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
    let stream = Watched::new(stream, bounds.write_time, Arc::clone(&activity));
    let builder = protocol(bounds);
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request| {
            let answer = Arc::clone(&answers).answer(request, ends, activity.begin());
            async move { Ok::<_, Infallible>(answer.await) }
        })
    };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopped = pin!(stop.cancelled());
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
fn protocol(bounds: Bounds) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams { write_time: bounds.write_time });
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

/// The stream of a connection. Nothing but a client that takes nothing is timed by it.
struct Watched {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    activity: Arc<Activity>,
}

impl Watched {
    fn new(stream: TcpStream, write_time: Duration, activity: Arc<Activity>) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(write_time));
        Self { stream: Box::pin(stream), activity }
    }

    fn note<T>(&self, poll: Poll<T>) -> Poll<T> {
        self.activity.is_blocked.store(poll.is_pending(), Ordering::Relaxed);
        poll
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = self.stream.as_mut().poll_write(cx, bytes);
        self.note(poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = self.stream.as_mut().poll_write_vectored(cx, bytes);
        self.note(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
