//! Accepting connections.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, Answers};
use crate::stats::Gauge;

/// How long to wait after a connection could not be accepted, because the process has no file descriptors left for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections that are cut off are waited for.
const CUT_TIME: Duration = Duration::from_secs(1);

/// Connections that have been asked to end.
#[must_use]
pub(crate) struct Ending {
    connections: TaskTracker,
    cut: CancellationToken,
}

impl Ending {
    /// Waits until they have ended, and `others` as well. `false` when that is not so after this time.
    pub(crate) async fn within(&self, time: Duration, others: impl Future<Output = ()>) -> bool {
        let ended = tokio::time::timeout(time, async {
            self.connections.wait().await;
            others.await;
        });
        ended.await.is_ok()
    }

    /// Cuts them off.
    pub(crate) async fn cut(self) {
        self.cut.cancel();
        // They go at their next turn. One that has none is in an engine, or an application, that gives it none.
        let _ = tokio::time::timeout(CUT_TIME, self.connections.wait()).await;
    }
}

/// Accepts connections until `stop` is ready, and serves them. The answer are those that are open then.
pub(crate) async fn accept<A: Answers>(
    answers: &Arc<A>,
    listener: TcpListener,
    room: &Arc<Semaphore>,
    gauge: &Gauge,
    stop: impl Future<Output = ()>,
) -> Ending {
    let connections = TaskTracker::new();
    let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = next(&listener, room) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let present = gauge.enter();
                let served = connection::serve(Arc::clone(answers), stream, stopping.clone(), cut.clone());
                connections.spawn(async move {
                    served.await;
                    drop((permit, present));
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    Ending { connections, cut }
}

/// The next client, when there is room for one.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// As many permits as that, or as there can be.
pub(crate) fn room(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}
