//! Many futures that run together, of which only those are polled that were woken.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Waits for all, and returns what they gave, in their order.
///
/// ```
/// use edgekv::future::{block_on, join_all};
///
/// let squares = join_all((1..4).map(|n| async move { n * n }));
/// assert_eq!(block_on(squares), [1, 4, 9]);
/// ```
pub async fn join_all<F: IntoFuture>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let woken = Arc::new(Woken::default());
    let mut parts: Vec<_> = futures
        .into_iter()
        .enumerate()
        .map(|(place, future)| Part::new(place, future.into_future(), &woken))
        .collect();
    let mut running = parts.len();
    poll_fn(|context| {
        for place in woken.take(context.waker()) {
            if parts.get_mut(place).is_some_and(Part::ends) {
                running -= 1;
            }
        }
        if running > 0 { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    parts.into_iter().filter_map(|part| part.output).collect()
}

struct Part<F: Future> {
    /// One allocation for each, because a future that has been polled must not move; freed when it has ended.
    future: Option<Pin<Box<F>>>,
    output: Option<F::Output>,
    flag: Arc<Flag>,
    waker: Waker,
}

impl<F: Future> Part<F> {
    /// A part that is woken: nobody has polled it.
    fn new(place: usize, future: F, woken: &Arc<Woken>) -> Self {
        let flag = Arc::new(Flag { place, is_up: AtomicBool::new(false), woken: Arc::clone(woken) });
        flag.wake_by_ref();
        Self { future: Some(Box::pin(future)), output: None, waker: Waker::from(Arc::clone(&flag)), flag }
    }

    /// Polls a part that was woken; whether it ends with that.
    fn ends(&mut self) -> bool {
        // Before it is polled, so that it may wake itself.
        self.flag.is_up.store(false, Ordering::Release);
        let Some(future) = &mut self.future else { return false };
        let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&self.waker)) else {
            return false;
        };
        (self.future, self.output) = (None, Some(output));
        true
    }
}

/// Whether a part is among those that were woken.
#[derive(Debug)]
struct Flag {
    place: usize,
    is_up: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_up.swap(true, Ordering::AcqRel) {
            self.woken.add(self.place);
        }
    }
}

/// The places of the parts that were woken, and who polls them.
#[derive(Debug, Default)]
struct Woken(Mutex<(Vec<usize>, Option<Waker>)>);

impl Woken {
    fn add(&self, place: usize) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (places, waker) = &mut *inner;
        places.push(place);
        // Who is woken takes all places, so the first one is enough.
        let waker = if places.len() == 1 { waker.clone() } else { None };
        // A waker is foreign code, which may come back here.
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the places; from now on this waker is called for new ones.
    fn take(&self, waker: &Waker) -> Vec<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (places, old) = &mut *inner;
        let places = mem::take(places);
        let old = if old.as_ref().is_some_and(|old| old.will_wake(waker)) {
            None
        } else {
            old.replace(waker.clone())
        };
        drop(inner);
        drop(old);
        places
    }
}
