//! What the futures of this thread wait for, and the one host call that waits for all of it.
//!
//! A leaf that is not ready leaves its waker here and holds a [`Ticket`]. When the host says that it is ready, the
//! entry is taken out and its waker called; a ticket without an entry is how the leaf knows, without another host call.
//! Wakers are foreign code, so they are cloned, called and dropped while nothing here is borrowed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::abi::{self, Waitable};

thread_local! {
    static REACTOR: RefCell<Reactor> = const { RefCell::new(Reactor::new()) };
}

#[derive(Debug)]
struct Reactor {
    last: u64,
    /// By ticket, so in the order in which they began to wait: the host takes the first that is ready.
    items: BTreeMap<u64, (Waitable, Waker)>,
    /// By time first, so that the next one is the first.
    timers: BTreeMap<(Instant, u64), Waker>,
    /// What the next host call waits for; kept for its memory.
    waited: Vec<Waitable>,
}

/// A place among those who wait. Given up when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    until: Option<Instant>,
}

impl Reactor {
    const fn new() -> Self {
        Self { last: 0, items: BTreeMap::new(), timers: BTreeMap::new(), waited: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn waker(&mut self, ticket: &Ticket) -> Option<&mut Waker> {
        match ticket.until {
            None => self.items.get_mut(&ticket.number).map(|(_, waker)| waker),
            Some(until) => self.timers.get_mut(&(until, ticket.number)),
        }
    }

    fn remove(&mut self, ticket: &Ticket) -> Option<Waker> {
        match ticket.until {
            None => self.items.remove(&ticket.number).map(|(_, waker)| waker),
            Some(until) => self.timers.remove(&(until, ticket.number)),
        }
    }

    /// Takes out the timers whose time has come.
    fn expired(&mut self) -> Vec<Waker> {
        // Programs without timers do not ask the clock.
        if self.timers.is_empty() {
            return Vec::new();
        }
        let later = self.timers.split_off(&(Instant::now(), u64::MAX));
        mem::replace(&mut self.timers, later).into_values().collect()
    }
}

fn with<T>(act: impl FnOnce(&mut Reactor) -> T) -> T {
    REACTOR.with_borrow_mut(act)
}

/// Begins to wait for a time.
pub(super) fn at(until: Instant, waker: &Waker) -> Ticket {
    let waker = waker.clone();
    with(|reactor| {
        let number = reactor.next();
        reactor.timers.insert((until, number), waker);
        Ticket { number, until: Some(until) }
    })
}

impl Ticket {
    /// Begins to wait for an item.
    fn item(item: Waitable, waker: &Waker) -> Self {
        let waker = waker.clone();
        with(|reactor| {
            let number = reactor.next();
            reactor.items.insert(number, (item, waker));
            Self { number, until: None }
        })
    }

    /// Whether this still waits; with this waker from now on.
    pub(super) fn renew(&self, waker: &Waker) -> bool {
        match with(|reactor| reactor.waker(self).map(|old| old.will_wake(waker))) {
            None => false,
            Some(true) => true,
            Some(false) => {
                let new = waker.clone();
                // The old one is returned, so that it is dropped outside.
                let old = with(|reactor| reactor.waker(self).map(|old| mem::replace(old, new)));
                old.is_some()
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // At the end of the thread there may be nothing to leave any more.
        let waker = REACTOR.try_with(|reactor| reactor.borrow_mut().remove(self));
        drop(waker);
    }
}

/// The place of who waits for something at the host, once it has turned out not to be ready.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<Ticket>);

impl Turn {
    /// Ready when the next call on what is waited for will not wait; `item` says whether that is so at the begin.
    pub(crate) fn poll(
        &mut self,
        item: impl FnOnce() -> Option<Waitable>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        match &self.0 {
            Some(ticket) if ticket.renew(context.waker()) => return Poll::Pending,
            None => {
                if let Some(item) = item() {
                    self.0 = Some(Ticket::item(item, context.waker()));
                    return Poll::Pending;
                }
            }
            Some(_) => {}
        }
        self.0 = None;
        Poll::Ready(())
    }
}

/// Waits until something is ready, and wakes who waits for it, also for whatever else is ready by then. `false` when
/// there is nothing to wait for.
#[allow(clippy::clone_on_copy, reason = "what is waited for is a number for one kind of host only")]
pub(super) fn wait() -> bool {
    let (items, until) = with(|reactor| {
        let mut items = mem::take(&mut reactor.waited);
        items.extend(reactor.items.values().map(|(item, _)| item.clone()));
        (items, reactor.timers.keys().next().map(|(until, _)| *until))
    });
    if items.is_empty() && until.is_none() {
        return false;
    }
    let limit = until.map(|until| until.saturating_duration_since(Instant::now()));
    let mut wakers = match (&*items, limit) {
        (_, Some(Duration::ZERO)) => Vec::new(),
        // Nothing else can go on meanwhile, so the call that is made next may as well do the waiting.
        ([_], None) => take_all(),
        _ => wait_for(&items, limit),
    };
    // Before anybody goes on: what is waited for may go away when it was.
    with(|reactor| {
        reactor.waited = items;
        reactor.waited.clear();
    });
    wakers.extend(with(Reactor::expired));
    for waker in wakers {
        waker.wake();
    }
    true
}

fn wait_for(items: &[Waitable], limit: Option<Duration>) -> Vec<Waker> {
    match abi::select(items, limit) {
        Ok(places) => take(&places),
        // The host cannot wait for several things. Nothing but time: then we can. Else each one is waited for by its own
        // call.
        Err(_) if items.is_empty() => {
            thread::sleep(limit.unwrap_or_default());
            Vec::new()
        }
        Err(_) => take_all(),
    }
}

/// Takes out the items at these places, which are ready.
fn take(places: &[usize]) -> Vec<Waker> {
    with(|reactor| {
        let numbers: Vec<_> = reactor.items.keys().copied().collect();
        let ready = places.iter().filter_map(|place| numbers.get(*place));
        ready.filter_map(|number| reactor.items.remove(number)).map(|(_, waker)| waker).collect()
    })
}

fn take_all() -> Vec<Waker> {
    with(|reactor| mem::take(&mut reactor.items)).into_values().map(|(_, waker)| waker).collect()
}

/// Wakes all whose turn has come, without waiting: for programs that never come to rest.
#[allow(clippy::clone_on_copy, reason = "as in `wait`")]
pub(super) fn look() {
    let items: Vec<_> =
        with(|reactor| reactor.items.iter().map(|(number, (item, _))| (*number, item.clone())).collect());
    let mut wakers = with(Reactor::expired);
    for (number, item) in items {
        if abi::is_ready(&item) {
            wakers.extend(with(|reactor| reactor.items.remove(&number)).map(|(_, waker)| waker));
        }
    }
    for waker in wakers {
        waker.wake();
    }
}
