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

use edgekv_sys::AsyncItemHandle;

use crate::abi;

thread_local! {
    static REACTOR: RefCell<Reactor> = const { RefCell::new(Reactor::new()) };
}

#[derive(Debug)]
struct Reactor {
    last: u64,
    /// By ticket, so in the order in which they began to wait: the host takes the first that is ready.
    items: BTreeMap<u64, (AsyncItemHandle, Waker)>,
    /// By time first, so that the next one is the first.
    timers: BTreeMap<(Instant, u64), Waker>,
    /// What the next host call waits for; kept for its memory.
    handles: Vec<AsyncItemHandle>,
}

/// A place among those who wait. Given up when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    until: Option<Instant>,
}

impl Reactor {
    const fn new() -> Self {
        Self { last: 0, items: BTreeMap::new(), timers: BTreeMap::new(), handles: Vec::new() }
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
    fn item(handle: AsyncItemHandle, waker: &Waker) -> Self {
        let waker = waker.clone();
        with(|reactor| {
            let number = reactor.next();
            reactor.items.insert(number, (handle, waker));
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

/// Something at the host that can be waited for, and the place of who waits.
#[derive(Debug)]
pub(crate) struct Item {
    handle: AsyncItemHandle,
    ticket: Option<Ticket>,
}

impl Item {
    pub(crate) const fn new(handle: AsyncItemHandle) -> Self {
        Self { handle, ticket: None }
    }

    pub(crate) const fn handle(&self) -> AsyncItemHandle {
        self.handle
    }

    /// Ready when the next call on the item will not wait. A host that cannot tell is asked by that call.
    pub(crate) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &self.ticket {
            Some(ticket) if ticket.renew(context.waker()) => return Poll::Pending,
            None if !abi::is_ready(self.handle).unwrap_or(true) => {
                self.ticket = Some(Ticket::item(self.handle, context.waker()));
                return Poll::Pending;
            }
            _ => {}
        }
        self.ticket = None;
        Poll::Ready(())
    }
}

/// How many items may turn out not to be ready before no further ones are asked after one wait. Each that is ready allows
/// one more, so the calls are never many more than what they find.
const MISSES: usize = 8;

/// Waits until something is ready, and wakes who waits for it, also for whatever else is ready by then. `false` when
/// there is nothing to wait for.
pub(super) fn wait() -> bool {
    let (handles, until) = with(|reactor| {
        let mut handles = mem::take(&mut reactor.handles);
        handles.extend(reactor.items.values().map(|(handle, _)| *handle));
        (handles, reactor.timers.keys().next().map(|(until, _)| *until))
    });
    if handles.is_empty() && until.is_none() {
        return false;
    }
    let limit = until.map(|until| until.saturating_duration_since(Instant::now()));
    match (&*handles, limit) {
        (_, Some(Duration::ZERO)) => {}
        // Nothing else can go on meanwhile, so the call that is made next may as well do the waiting.
        ([_], None) => wake_all(),
        _ => wait_for(&handles, limit),
    }
    with(|reactor| {
        reactor.handles = handles;
        reactor.handles.clear();
    });
    for waker in with(Reactor::expired) {
        waker.wake();
    }
    true
}

fn wait_for(handles: &[AsyncItemHandle], limit: Option<Duration>) {
    match abi::select(handles, limit.map_or(0, whole_millis)) {
        Ok(Some(index)) => {
            for waker in ready_from(index) {
                waker.wake();
            }
        }
        Ok(None) => {}
        // The host cannot wait for several things. Nothing but time: then we can. Else each one is waited for by its own
        // call.
        Err(_) if handles.is_empty() => thread::sleep(limit.unwrap_or_default()),
        Err(_) => wake_all(),
    }
}

/// Takes out the item at this place, which is ready, and those behind it that are ready too: what comes before it is not,
/// or the host would have said so. Without this, each of many answers that come together would cost a wait for all that
/// are left.
fn ready_from(index: usize) -> Vec<Waker> {
    let items: Vec<_> = with(|reactor| {
        let items = reactor.items.iter().skip(index);
        items.map(|(number, (handle, _))| (*number, *handle)).collect()
    });
    let mut wakers = Vec::new();
    let mut misses_left = MISSES;
    for (place, (number, handle)) in items.into_iter().enumerate() {
        if place == 0 || abi::is_ready(handle).unwrap_or(true) {
            wakers.extend(with(|reactor| reactor.items.remove(&number)).map(|(_, waker)| waker));
            misses_left += 1;
        } else if misses_left == 0 {
            break;
        } else {
            misses_left -= 1;
        }
    }
    wakers
}

fn wake_all() {
    for (_, waker) in with(|reactor| mem::take(&mut reactor.items)).into_values() {
        waker.wake();
    }
}

/// A limit as hosts take it: not too short, and never 0, which is none.
fn whole_millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
}

/// Wakes all whose turn has come, without waiting: for programs that never come to rest.
pub(super) fn look() {
    let handles: Vec<_> =
        with(|reactor| reactor.items.iter().map(|(number, (handle, _))| (*number, *handle)).collect());
    for (number, handle) in handles {
        if abi::is_ready(handle).unwrap_or(true)
            && let Some((_, waker)) = with(|reactor| reactor.items.remove(&number))
        {
            waker.wake();
        }
    }
    for waker in with(Reactor::expired) {
        waker.wake();
    }
}
