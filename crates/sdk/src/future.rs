//! Waiting for several things at once.
//!
//! What has been started runs at the same time, whoever waits for it. A pending operation of a store is a future, so an
//! `async` program waits for whichever comes first:
//!
//! ```no_run
//! use edgekv::{KVStore, future, kv_store::KVStoreError};
//!
//! fn main() -> Result<(), KVStoreError> {
//!     let store = KVStore::open("visitors")?.expect("the host has this store");
//!     future::block_on(async {
//!         // Both lookups are under way before either is waited for.
//!         let name = store.build_lookup().execute_async("name")?;
//!         let count = store.build_lookup().execute_async("count")?;
//!         let (name, count) = future::join(name, count).await;
//!         println!("{}: {}", name?.take_body().into_string(), count?.take_body().into_string());
//!         Ok(())
//!     })
//! }
//! ```
//!
//! [`block_on`] runs a future. Where nothing can go on it makes one host call, which waits for everything that the
//! program waits for. Wakers are used as everywhere, so the combinators of other crates work (`FuturesUnordered`,
//! `join_all`, `select`); futures that wait for something outside of this crate, such as a socket of `tokio`, do not.
//!
//! On a host that cannot wait for several things (one without the call `select`), each one is waited for in its turn. The
//! results are the same, but time limits do not hold there: [`timeout`] and [`sleep`] end when the operation that is
//! waited for meanwhile does, however long that takes.

mod join;
mod join_all;
mod reactor;
mod timer;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

pub use self::join::join;
pub use self::join_all::join_all;
pub(crate) use self::reactor::Turn;
pub use self::timer::{Elapsed, Sleep, sleep, timeout};

/// How often a future that wakes itself is polled before those are looked after that wait for the host.
const PATIENCE: u32 = 64;

/// Runs a future to its end.
///
/// ```
/// let (a, b) = edgekv::future::block_on(edgekv::future::join(async { 1 }, async { "two" }));
/// assert_eq!((a, b), (1, "two"));
/// ```
///
/// # Panics
///
/// When the future waits, and nobody will wake it: it waits for nothing that the host or a timer of this module tells.
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut restless = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        if woken.take() {
            restless += 1;
            if restless % PATIENCE == 0 {
                reactor::look();
            }
            continue;
        }
        while !woken.take() {
            assert!(
                reactor::wait(),
                "deadlock: the future waits, and no pending operation, body or timer is there that would wake it"
            );
        }
    }
}

/// Whether the future of a [`block_on`] has to be polled.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
