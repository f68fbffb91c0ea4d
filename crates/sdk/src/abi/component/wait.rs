//! Waiting for several things at once, by `wasi:io/poll`.

use std::rc::Rc;
use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{self, Pollable};

use super::Result;

/// Something that was not ready when it was asked.
///
/// It belongs to what it tells about, and has to be gone before that: so whoever is woken finds that the last copy is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Waitable(Rc<Pollable>);

impl Waitable {
    pub(super) fn new(pollable: Pollable) -> Self {
        Self(Rc::new(pollable))
    }
}

/// Whether it is ready, without waiting.
pub(crate) fn is_ready(item: &Waitable) -> bool {
    item.0.ready()
}

/// Waits until one of the items is ready, and returns the places of those that are; none after the limit.
#[allow(clippy::unnecessary_wraps, reason = "other hosts may not be able to wait for several things")]
pub(crate) fn select(items: &[Waitable], limit: Option<Duration>) -> Result<Vec<usize>> {
    let timer = limit.map(|limit| {
        monotonic_clock::subscribe_duration(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX))
    });
    let all: Vec<&Pollable> = items.iter().map(|item| &*item.0).chain(timer.as_ref()).collect();
    let ready = poll::poll(&all).into_iter().filter_map(|place| usize::try_from(place).ok());
    Ok(ready.filter(|place| *place < items.len()).collect())
}
