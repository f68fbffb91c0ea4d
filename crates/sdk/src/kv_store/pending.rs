//! Operations that have been started and not yet waited for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use edgekv_sys::{
    AsyncItemHandle, KvStoreDeleteHandle, KvStoreInsertHandle, KvStoreListHandle, KvStoreLookupHandle,
};

use super::{KVStoreError, ListPage, LookupResponse, lookup, page};
use crate::abi;
use crate::future::Item;

/// A lookup that was started; `.await` or [`KVStore::pending_lookup_wait`](super::KVStore::pending_lookup_wait) ends it.
///
/// There is no call that gives a lookup up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a lookup until it is waited for"]
pub struct PendingLookupHandle(Item);

/// A write that was started; `.await` or [`KVStore::pending_insert_wait`](super::KVStore::pending_insert_wait) ends it.
/// The write happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingInsertHandle(Item);

/// A delete that was started; `.await` or [`KVStore::pending_delete_wait`](super::KVStore::pending_delete_wait) ends it.
/// The delete happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingDeleteHandle(Item);

/// A list that was started; `.await` or [`KVStore::pending_list_wait`](super::KVStore::pending_list_wait) ends it.
///
/// There is no call that gives a list up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a list until it is waited for"]
pub struct PendingListHandle(Item);

/// Makes a pending handle of a raw one, and a future of it that waits and then makes the call that ends the operation.
macro_rules! pending {
    ($($pending:ident($raw:ident) -> $output:ty, $wait:expr;)*) => { $(
        impl $pending {
            pub(super) fn new(raw: $raw) -> Self {
                Self(Item::new(AsyncItemHandle(raw.0)))
            }

            /// Ends the operation; waits when it is not done.
            pub(super) fn wait(&self) -> Result<$output, KVStoreError> {
                $wait($raw(self.0.handle().0))
            }
        }

        impl Future for $pending {
            /// What the `pending_…_wait` method returns.
            type Output = Result<$output, KVStoreError>;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                ready!(self.0.poll_ready(context));
                Poll::Ready(self.wait())
            }
        }
    )* };
}

pending! {
    PendingLookupHandle(KvStoreLookupHandle) -> LookupResponse, lookup::wait;
    PendingInsertHandle(KvStoreInsertHandle) -> (), |raw| Ok(abi::insert_wait(raw)?);
    PendingDeleteHandle(KvStoreDeleteHandle) -> (), |raw| Ok(abi::delete_wait(raw)?);
    PendingListHandle(KvStoreListHandle) -> ListPage, page::wait;
}
