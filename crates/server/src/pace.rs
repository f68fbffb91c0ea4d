//! Streams of HTTP/2 whose client takes nothing.
//!
//! On HTTP/1.1 such a client is found out by the connection, on which nothing can be written any more. On HTTP/2 each
//! stream has a window of its own, and one that is never opened holds up nothing but its own response, for ever. What
//! waits for it is a task of hyper; so hyper gets an executor that watches these tasks.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

tokio::task_local! {
    /// That of the stream whose task this is.
    static PACE: Arc<Pace>;
}

/// How a stream of HTTP/2 gets on.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Whether it waits for its client, and not for its application.
    is_clients_turn: AtomicBool,
    /// How many pieces of the response were taken.
    taken: AtomicU64,
    is_cut: AtomicBool,
}

impl Pace {
    /// That of the current stream; `None` on HTTP/1.1.
    pub(crate) fn current() -> Option<Arc<Self>> {
        PACE.try_with(Arc::clone).ok()
    }

    /// A piece was taken; the next has to be within the time.
    pub(crate) fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.is_clients_turn.store(true, Ordering::Relaxed);
    }

    /// There is nothing to take at the moment.
    pub(crate) fn wait_for_application(&self) {
        self.is_clients_turn.store(false, Ordering::Relaxed);
    }

    /// Whether its client was given up.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }
}

/// Runs the streams of a connection, and gives up those of which nothing is taken for some time.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    pub(crate) write_time: Duration,
    /// Ends them, wherever they are: they are tasks of their own.
    pub(crate) cut: CancellationToken,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stream = self.cut.clone().run_until_cancelled_owned(paced(stream, self.write_time));
        tokio::spawn(stream);
    }
}

async fn paced(stream: impl Future<Output = ()>, write_time: Duration) {
    let pace = Arc::new(Pace::default());
    let mut stream = pin!(PACE.scope(Arc::clone(&pace), stream));
    // Most clients take what there is at once, and never cost a timer.
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    let mut seen = 0;
    poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !pace.is_clients_turn.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let taken = pace.taken.load(Ordering::Relaxed);
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(write_time)));
        if seen != taken {
            seen = taken;
            timer.as_mut().reset(Instant::now() + write_time);
        }
        let timed_out = timer.as_mut().poll(cx);
        if timed_out.is_ready() {
            // What goes with the stream is the body of its response; it tells.
            pace.is_cut.store(true, Ordering::Relaxed);
        }
        timed_out
    })
    .await;
}
