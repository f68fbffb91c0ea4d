//! `fastly_object_store`: the older form of `fastly_kv_store`, as thin adapters over what is there.
//!
//! It has no `kv_error`, so that the outcome of an operation is a status.

use edgekv_store::{Entry, Generation, Insert, KvError, KvStore};
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_object_store::FastlyObjectStore;
use crate::abi::types;
use crate::ctx::KvCtx;
use crate::handles::{INVALID_HANDLE, Object};
use crate::memory::{check_out, read_text};
use crate::status::Error;

impl FastlyObjectStore for KvCtx {
    async fn open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        name: GuestPtr<str>,
        store_out: GuestPtr<types::KvStoreHandle>,
    ) -> Result<(), Error> {
        self.open_named(memory, name, store_out).await
    }

    async fn lookup(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        check_out(memory, body_out)?;
        let found = found(self.lookup::<KvStore>(store.into(), read_text(memory, key))?.await)?;
        self.store_found(memory, found, body_out)
    }

    fn lookup_async(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        pending_out: GuestPtr<types::KvStoreLookupHandle>,
    ) -> Result<(), Error> {
        check_out(memory, pending_out)?;
        let handle = self.start_lookup::<KvStore>(store.into(), read_text(memory, key))?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn pending_lookup_wait(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreLookupHandle,
        body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        check_out(memory, body_out)?;
        let found = found(self.wait_and_take::<Option<Entry>>(pending.into()).await?)?;
        self.store_found(memory, found, body_out)
    }

    async fn insert(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        body: types::BodyHandle,
    ) -> Result<(), Error> {
        let value = self.give_up_body(body.into());
        let key = read_text(memory, key);
        let pending = self.begin_insert::<KvStore>(store.into(), key, value, || Ok(Ok(overwrite()))).await?;
        pending.wait().await?;
        Ok(())
    }

    async fn insert_async(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        body: types::BodyHandle,
        pending_out: GuestPtr<types::KvStoreInsertHandle>,
    ) -> Result<(), Error> {
        let value = self.give_up_body(body.into());
        check_out(memory, pending_out)?;
        let key = read_text(memory, key);
        let pending = self.begin_insert::<KvStore>(store.into(), key, value, || Ok(Ok(overwrite()))).await?;
        let handle = self.handles_mut().insert(Object::Insert(pending))?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn pending_insert_wait(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::KvStoreInsertHandle,
    ) -> Result<(), Error> {
        self.wait_and_take::<Generation>(pending.into()).await??;
        Ok(())
    }

    fn delete_async(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        pending_out: GuestPtr<types::KvStoreDeleteHandle>,
    ) -> Result<(), Error> {
        check_out(memory, pending_out)?;
        let handle = self.start_delete::<KvStore>(store.into(), read_text(memory, key), None)?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn pending_delete_wait(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::KvStoreDeleteHandle,
    ) -> Result<(), Error> {
        match self.wait_and_take::<bool>(pending.into()).await? {
            Ok(true) => Ok(()),
            Ok(false) | Err(KvError::NoStore(_)) => Err(Error::NoSuchKey),
            Err(error) => Err(error.into()),
        }
    }
}

impl KvCtx {
    /// Stores the handle of a body with the value, or the one that means "none".
    fn store_found(
        &mut self,
        memory: &mut GuestMemory<'_>,
        found: Option<Entry>,
        body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        let handle = match found {
            Some(entry) => self.handles_mut().insert(Object::Body(entry.into_value().into()))?,
            None => INVALID_HANDLE,
        };
        memory.write(body_out, handle.into())?;
        Ok(())
    }
}

/// What a lookup has found. A store that was deleted has no keys, as in `fastly_kv_store`.
fn found(outcome: Result<Option<Entry>, KvError>) -> Result<Option<Entry>, Error> {
    match outcome {
        Err(KvError::NoStore(_)) => Ok(None),
        outcome => Ok(outcome?),
    }
}

/// What every insert of this module is: without options, so it also removes metadata and the time to live.
fn overwrite() -> Insert {
    Insert::new(Vec::new())
}
