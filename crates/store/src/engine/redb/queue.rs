//! Where operations wait for the writer.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

use super::operation::Operation;
use crate::error::KvError;

/// Most operations in one transaction: enough for one `fsync` to be nothing in the cost of each, and few enough to
/// answer the first soon.
const BATCH_OPERATIONS: usize = 1024;

/// Most bytes of values in one transaction, unless a single operation has more; bounds what redb keeps dirty.
pub(super) const BATCH_BYTES: u64 = 32 * 1024 * 1024;

/// First come, first served, and bounded: a program that writes faster than the disk is told so instead of filling
/// the memory.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Most bytes that may wait.
    max_bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    operations: VecDeque<Box<dyn Operation>>,
    bytes: u64,
    closed: bool,
    /// Whether somebody wants the writer to look at its file.
    woken: bool,
    /// Whether the log says already that the queue is full.
    full: bool,
}

impl Queue {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), max_bytes }
    }

    /// Adds an operation, or fails it. One that is larger than everything that may wait is still taken when it is alone.
    pub(super) fn push(&self, operation: Box<dyn Operation>) -> Result<(), KvError> {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            operation.failed(KvError::Closed);
            return Err(KvError::Closed);
        }
        let bytes = state.bytes.saturating_add(operation.bytes());
        if bytes > self.max_bytes && !state.operations.is_empty() {
            // Said once for as long as it lasts: callers may not listen to their answers.
            let first = !std::mem::replace(&mut state.full, true);
            drop(state);
            if first {
                tracing::warn!(
                    limit = self.max_bytes,
                    "writes are refused: too many bytes wait for the disk"
                );
            }
            operation.failed(KvError::TooManyRequests);
            return Err(KvError::TooManyRequests);
        }
        state.bytes = bytes;
        state.operations.push_back(operation);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Adds what the writer has begun, and goes on with later: also when the queue is closed, as that is still to be done.
    /// For the writer alone, who takes what is there until there is nothing.
    pub(super) fn push_again(&self, operation: Box<dyn Operation>) {
        self.state.lock().operations.push_back(operation);
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }

    /// Makes the writer look whether its file is still good. However many ask before it does, it does so once.
    pub(super) fn wake(&self) {
        self.state.lock().woken = true;
        self.arrived.notify_one();
    }

    /// Waits for operations, and takes as many as fit a transaction: none when the writer was only
    /// [woken](Self::wake). `None` when none will ever come again.
    pub(super) fn take(&self) -> Option<Vec<Box<dyn Operation>>> {
        let mut state = self.state.lock();
        while state.operations.is_empty() && !state.woken {
            if state.closed {
                return None;
            }
            self.arrived.wait(&mut state);
        }
        // A transaction shows as well whether the file is good.
        state.woken = false;
        state.full = false;
        let mut batch = Vec::with_capacity(state.operations.len().min(BATCH_OPERATIONS));
        let mut bytes = 0_u64;
        while let Some(next) = state.operations.front() {
            let more = bytes.saturating_add(next.bytes());
            if batch.len() == BATCH_OPERATIONS || (more > BATCH_BYTES && !batch.is_empty()) {
                break;
            }
            bytes = more;
            batch.extend(state.operations.pop_front());
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        Some(batch)
    }

    /// Takes no more operations. Those that wait are still done.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Takes no more operations, and drops those that wait, which tells their callers.
    pub(super) fn abandon(&self) {
        let abandoned = {
            let mut state = self.state.lock();
            state.closed = true;
            state.bytes = 0;
            std::mem::take(&mut state.operations)
        };
        drop(abandoned);
        self.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::operation::{Answer, Call, End};
    use super::super::transaction::Transaction;
    use super::*;

    /// An operation of so many bytes, and what its caller waits for.
    fn operation(bytes: u64) -> (Box<dyn Operation>, Answer<()>) {
        Call::boxed(bytes, End::untold(), |_: &mut Transaction<'_>| Ok(()))
    }

    fn sizes(queue: &Queue) -> Vec<u64> {
        queue.take().unwrap().iter().map(|operation| operation.bytes()).collect()
    }

    #[test]
    fn operations_come_out_in_their_order_and_all_at_once() {
        let queue = Queue::new(100);
        for bytes in [3, 1, 2] {
            queue.push(operation(bytes).0).unwrap();
        }
        assert_eq!(sizes(&queue), [3, 1, 2]);
    }

    #[test]
    fn more_bytes_than_may_wait_are_too_many_requests_until_some_are_taken() {
        let queue = Queue::new(100);
        queue.push(operation(60).0).unwrap();
        queue.push(operation(40).0).unwrap();
        let full = queue.push(operation(1).0);
        assert!(matches!(full, Err(KvError::TooManyRequests)), "{full:?}");
        assert_eq!(sizes(&queue), [60, 40]);
        queue.push(operation(1).0).unwrap();
        assert_eq!(sizes(&queue), [1]);
        queue.push(operation(1000).0).unwrap();
        assert_eq!(sizes(&queue), [1000], "alone, the largest one is taken");
    }

    #[test]
    fn a_batch_is_bounded_in_operations_and_bytes() {
        let queue = Queue::new(u64::MAX);
        for _ in 0..BATCH_OPERATIONS + 1 {
            queue.push(operation(0).0).unwrap();
        }
        assert_eq!((sizes(&queue).len(), sizes(&queue).len()), (BATCH_OPERATIONS, 1));
        for bytes in [1, BATCH_BYTES - 1, 1, BATCH_BYTES + 1, 1] {
            queue.push(operation(bytes).0).unwrap();
        }
        assert_eq!(sizes(&queue), [1, BATCH_BYTES - 1]);
        assert_eq!(sizes(&queue), [1]);
        assert_eq!(sizes(&queue), [BATCH_BYTES + 1]);
        assert_eq!(sizes(&queue), [1]);
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_nothing() {
        let queue = Queue::new(100);
        queue.push(operation(1).0).unwrap();
        queue.close();
        let error = queue.push(operation(1).0).unwrap_err();
        assert!(matches!(error, KvError::Closed), "{error}");
        assert_eq!(sizes(&queue), [1]);
        assert!(queue.take().is_none());
    }

    #[test]
    fn any_number_of_wakes_is_one_empty_batch() {
        let queue = Queue::new(100);
        queue.wake();
        queue.wake();
        assert_eq!(sizes(&queue), [0; 0]);
        queue.wake();
        queue.push(operation(1).0).unwrap();
        assert_eq!(sizes(&queue), [1], "a batch is as good as a wake");
        queue.close();
        assert!(queue.take().is_none());
    }

    #[test]
    fn an_abandoned_queue_tells_those_who_wait() {
        let queue = Queue::new(100);
        let (waiting, answer) = operation(1);
        queue.push(waiting).unwrap();
        queue.abandon();
        assert!(pollster::block_on(answer).is_err(), "the answer will never come");
        assert!(queue.take().is_none());
        assert!(queue.push(operation(1).0).is_err());
    }
}
