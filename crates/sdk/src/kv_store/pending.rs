//! Operations that have been started and not yet waited for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{KVStoreError, ListPage, LookupResponse, page};
use crate::abi;
use crate::future::Turn;

/// A lookup that was started; `.await` or [`KVStore::pending_lookup_wait`](super::KVStore::pending_lookup_wait) ends it.
///
/// There is no call that gives a lookup up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a lookup until it is waited for"]
pub struct PendingLookupHandle(Pending<abi::PendingLookup>);

/// A write that was started; `.await` or [`KVStore::pending_insert_wait`](super::KVStore::pending_insert_wait) ends it.
/// The write happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingInsertHandle(Pending<abi::PendingInsert>);

/// A delete that was started; `.await` or [`KVStore::pending_delete_wait`](super::KVStore::pending_delete_wait) ends it.
/// The delete happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingDeleteHandle(Pending<abi::PendingDelete>);

/// A list that was started; `.await` or [`KVStore::pending_list_wait`](super::KVStore::pending_list_wait) ends it.
///
/// There is no call that gives a list up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a list until it is waited for"]
pub struct PendingListHandle(Pending<abi::PendingList>);

/// An operation, and who waits for it. The latter goes first: it may hold on to the former.
#[derive(Debug)]
struct Pending<T> {
    turn: Turn,
    /// `None` when it has ended.
    operation: Option<T>,
}

/// Makes a pending handle of an operation, and a future of it that waits and then makes the call that ends it.
macro_rules! pending {
    ($($pending:ident($operation:ty) -> $output:ty, $read:expr;)*) => { $(
        impl $pending {
            pub(super) fn new(operation: $operation) -> Self {
                Self(Pending { turn: Turn::default(), operation: Some(operation) })
            }

            /// Ends the operation; waits when it is not done.
            pub(super) fn wait(mut self) -> Result<$output, KVStoreError> {
                self.end()
            }

            fn end(&mut self) -> Result<$output, KVStoreError> {
                self.0.turn = Turn::default();
                // One that has ended is as little known to the host.
                let operation = self.0.operation.take().ok_or(KVStoreError::InvalidStoreHandle)?;
                $read(operation.wait()?)
            }
        }

        impl Future for $pending {
            /// What the `pending_…_wait` method returns.
            type Output = Result<$output, KVStoreError>;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                let Pending { turn, operation } = &mut self.0;
                ready!(turn.poll(|| operation.as_ref()?.waitable(), context));
                Poll::Ready(self.end())
            }
        }
    )* };
}

pending! {
    PendingLookupHandle(abi::PendingLookup) -> LookupResponse, |found: abi::Found| Ok(found.into());
    PendingInsertHandle(abi::PendingInsert) -> (), Ok;
    PendingDeleteHandle(abi::PendingDelete) -> (), Ok;
    PendingListHandle(abi::PendingList) -> ListPage, page::read;
}
