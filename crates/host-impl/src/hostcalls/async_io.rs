//! `fastly_async_io`.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_timer::Delay;
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_async_io::FastlyAsyncIo;
use crate::abi::types::AsyncItemHandle;
use crate::ctx::KvCtx;
use crate::memory::check_out;
use crate::status::Error;

/// The index that says that the time is over.
const TIMED_OUT: u32 = u32::MAX;

/// What a message calls a handle that can be waited for.
const ITEM: &str = "something that can be waited for";

impl FastlyAsyncIo for KvCtx {
    async fn select(
        &mut self,
        memory: &mut GuestMemory<'_>,
        items: GuestPtr<[AsyncItemHandle]>,
        timeout_ms: u32,
        index_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, index_out)?;
        let items = self.read_items(memory, items)?;
        let time_limit = match timeout_ms {
            0 if items.is_empty() => return Err(Error::NothingToWaitFor),
            0 => None,
            ms => Some(Duration::from_millis(u64::from(ms))),
        };
        let mut timer = None;
        let index = poll_fn(|cx| {
            if let Poll::Ready(index) = self.poll_any(&items, cx) {
                return Poll::Ready(index);
            }
            let Some(limit) = time_limit else { return Poll::Pending };
            // Made only when there is something to wait for: most calls find an item ready.
            let timer = timer.get_or_insert_with(|| Delay::new(limit));
            std::pin::Pin::new(timer).poll(cx).map(|()| TIMED_OUT)
        })
        .await;
        memory.write(index_out, index)?;
        Ok(())
    }

    fn is_ready(
        &mut self,
        memory: &mut GuestMemory<'_>,
        item: AsyncItemHandle,
        ready_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, ready_out)?;
        let handle = item.into();
        // Whoever waits later polls again, with a waker of its own.
        let ready = self
            .handles_mut()
            .poll_ready(handle, &mut Context::from_waker(Waker::noop()))
            .ok_or(Error::Handle { handle, wanted: ITEM })?;
        memory.write(ready_out, ready.is_ready().into())?;
        Ok(())
    }
}

/// Most items that are compared each with each: for these few it takes less time than to sort a copy.
const MAX_COMPARED: usize = 16;

/// A handle that is there twice.
fn repeated(items: &[u32]) -> Option<u32> {
    if items.len() <= MAX_COMPARED {
        let mut rest = items.iter();
        return std::iter::from_fn(|| rest.next().map(|item| (item, rest.clone())))
            .find_map(|(item, mut others)| others.any(|other| other == item).then_some(*item));
    }
    let mut sorted = items.to_vec();
    sorted.sort_unstable();
    sorted.array_windows().find_map(|[one, next]| (one == next).then_some(*one))
}

impl KvCtx {
    /// The handles of a select, if all of them name items, each once.
    fn read_items(
        &mut self,
        memory: &GuestMemory<'_>,
        items: GuestPtr<[AsyncItemHandle]>,
    ) -> Result<Vec<u32>, Error> {
        let items = items.cast::<[u32]>();
        let Some(first) = items.iter().next() else { return Ok(Vec::new()) };
        memory.read(first?)?;
        // More than there are objects cannot all name another one, so a length that is made up costs nothing.
        if items.len() as usize > self.handles() {
            return Err(Error::TooManyItems { items: items.len(), objects: self.handles() });
        }
        let items = memory.to_vec(items)?;
        let no_item = items.iter().find(|&&handle| !self.handles_mut().is_item(handle));
        if let Some(&handle) = no_item {
            return Err(Error::Handle { handle, wanted: ITEM });
        }
        match repeated(&items) {
            Some(handle) => Err(Error::SameItemTwice { handle }),
            None => Ok(items),
        }
    }

    /// The index of the first of `items` that is ready. All of them are asked before the answer is "none", so each of them
    /// wakes who waits.
    fn poll_any(&mut self, items: &[u32], cx: &mut Context<'_>) -> Poll<u32> {
        let handles = self.handles_mut();
        let ready = |&handle: &u32| matches!(handles.poll_ready(handle, cx), Some(Poll::Ready(())));
        match items.iter().position(ready) {
            Some(index) => Poll::Ready(u32::try_from(index).unwrap_or(TIMED_OUT)),
            None => Poll::Pending,
        }
    }
}
