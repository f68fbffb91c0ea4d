//! The thread that drives what nobody waits for.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::future::{FutureExt as _, poll_fn};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::Mutex;

/// Work that has to be polled to its end.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread for reads that nobody waits for: of entries that have been written so that the old ones may be answered for a
/// while. It is made for the first of them, and ends, without finishing what it has, when the cache is dropped: so what it
/// has must hold neither the cache nor the engine.
///
/// Its queue has no bound of its own: there is one read at a time for each entry that is kept, and these are bounded.
#[derive(Default)]
pub(super) struct Background {
    /// The way to the thread, if there is one.
    tasks: Mutex<Option<UnboundedSender<Task>>>,
    /// Whether the log says already that there is none.
    is_missing: AtomicBool,
}

impl Background {
    /// Sees to it that `task` is polled to its end. Should the system give no thread, it is dropped: nobody waits here, as
    /// this may be a thread that has others to serve.
    pub(super) fn drive(&self, task: impl Future<Output = ()> + Send + 'static) {
        // A panic is the end of that task only; the panic hook has told of it.
        let task: Task = Box::pin(AssertUnwindSafe(task).catch_unwind().map(drop));
        let refused = {
            let mut tasks = self.tasks.lock();
            // One that has died is replaced.
            if tasks.as_ref().is_none_or(UnboundedSender::is_closed) {
                *tasks = self.start();
            }
            match &*tasks {
                Some(thread) => thread.unbounded_send(task).err().map(|error| error.into_inner()),
                None => Some(task),
            }
        };
        // It tells the cache of its end, which is not for the lock.
        drop(refused);
    }

    fn start(&self) -> Option<UnboundedSender<Task>> {
        let (sender, tasks) = unbounded();
        let run = move || pollster::block_on(drive_until_dropped(tasks));
        match std::thread::Builder::new().name("edgekv-cache".into()).spawn(run) {
            Ok(_) => Some(sender),
            Err(error) => {
                if !self.is_missing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "there is no thread for the edge cache; it forgets what it would fetch");
                }
                None
            }
        }
    }
}

async fn drive_until_dropped(mut tasks: UnboundedReceiver<Task>) {
    let mut under_way = FuturesUnordered::new();
    poll_fn(|context| {
        loop {
            match tasks.poll_next_unpin(context) {
                Poll::Ready(Some(task)) => under_way.push(task),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        while let Poll::Ready(Some(())) = under_way.poll_next_unpin(context) {}
        Poll::Pending
    })
    .await;
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Tells of its end.
    struct Alive(std::sync::mpsc::Sender<&'static str>);

    impl Drop for Alive {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }

    #[test]
    fn tasks_are_driven_to_their_end_also_beside_one_that_panics() {
        let background = Background::default();
        let (done, told) = channel();
        background.drive(async { panic!("a panic that a test wants") });
        background.drive(async move {
            let _ = done.send("done");
        });
        assert_eq!(told.recv().unwrap(), "done");
    }

    #[test]
    fn a_task_that_never_ends_does_not_keep_the_thread() {
        let background = Background::default();
        let (sender, told) = channel();
        let alive = Alive(sender);
        background.drive(async move {
            std::future::pending::<()>().await;
            drop(alive);
        });
        assert!(told.try_recv().is_err());
        drop(background);
        assert_eq!(told.recv().unwrap(), "dropped");
    }
}
