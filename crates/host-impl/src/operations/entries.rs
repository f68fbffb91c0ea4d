//! Lookups, removals and lists, and how any operation is waited for.

use edgekv_store::{Entry, GenerationMatch, Key, KvError, KvStore, ListPage, ListRequest, Reply};

use crate::ctx::KvCtx;
use crate::handles::{Kind, Object};
use crate::pending::Pending;
use crate::status::Error;

/// What a store can be reached by.
pub(crate) trait Opened: Kind {
    /// The store.
    fn store(&self) -> &KvStore;
}

impl Opened for KvStore {
    fn store(&self) -> &KvStore {
        self
    }
}

impl KvCtx {
    /// Says whether the instance may start another operation; asked before it is started.
    pub(crate) fn check_new_operation(&mut self) -> Result<(), Error> {
        self.handles_mut().check_room()?;
        self.check_bytes(0)
    }

    /// Looks a key up.
    pub(crate) fn lookup<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
    ) -> Result<Reply<Option<Entry>>, Error> {
        self.begin_lookup::<K>(store, key, KvStore::lookup)
    }

    /// Looks a key up, past the cache.
    #[cfg(feature = "component")]
    pub(crate) fn read<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
    ) -> Result<Reply<Option<Entry>>, Error> {
        self.begin_lookup::<K>(store, key, KvStore::read)
    }

    fn begin_lookup<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
        look: impl FnOnce(&KvStore, Key<'_>) -> Reply<Option<Entry>>,
    ) -> Result<Reply<Option<Entry>>, Error> {
        self.check_new_operation()?;
        let store = self.handles_mut().get::<K>(store)?.store();
        let key = key?;
        Ok(look(store, Key::new(key.as_ref())?))
    }

    /// Looks a key up, and gives the handle of what is under way.
    pub(crate) fn start_lookup<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
    ) -> Result<u32, Error> {
        let reply = self.lookup::<K>(store, key)?;
        self.handles_mut().insert(Object::Lookup(Pending::new(reply)))
    }

    /// Removes a key.
    pub(crate) fn delete<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
        condition: Option<GenerationMatch>,
    ) -> Result<Reply<bool>, Error> {
        self.check_new_operation()?;
        let store = self.handles_mut().get::<K>(store)?.store();
        let key = key?;
        Ok(store.delete(Key::new(key.as_ref())?, condition))
    }

    /// Removes a key, and gives the handle of what is under way.
    pub(crate) fn start_delete<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
        condition: Option<GenerationMatch>,
    ) -> Result<u32, Error> {
        let reply = self.delete::<K>(store, key, condition)?;
        self.handles_mut().insert(Object::Delete(Pending::new(reply)))
    }

    /// Makes a page of a list.
    pub(crate) fn list<K: Opened>(
        &mut self,
        store: u32,
        request: ListRequest<'_>,
    ) -> Result<Reply<ListPage>, Error> {
        self.check_new_operation()?;
        Ok(self.handles_mut().get::<K>(store)?.store().list(request))
    }

    /// Makes a page of a list, and gives the handle of what is under way.
    pub(crate) fn start_list<K: Opened>(
        &mut self,
        store: u32,
        request: ListRequest<'_>,
    ) -> Result<u32, Error> {
        let reply = self.list::<K>(store, request)?;
        self.handles_mut().insert(Object::List(Pending::new(reply)))
    }

    /// Waits for an operation and takes its result; the handle is consumed.
    pub(crate) async fn wait_and_take<T>(&mut self, handle: u32) -> Result<Result<T, KvError>, Error>
    where
        Pending<T>: Kind,
    {
        self.handles_mut().get::<Pending<T>>(handle)?.result().await;
        let pending = self.handles_mut().take::<Pending<T>>(handle)?;
        pending.into_result().ok_or(Error::Handle { handle, wanted: Pending::<T>::NAME })
    }
}

/// A page as the document that guests of the ABI and HTTP clients get.
pub(crate) fn document(page: &ListPage) -> Result<Vec<u8>, KvError> {
    serde_json::to_vec(page).map_err(KvError::engine)
}
