//! Opening stores.

use edgekv_store::{KvStore, StoreName};

use crate::ctx::KvCtx;
use crate::handles::Object;
use crate::status::Error;

impl KvCtx {
    /// The store of this name, if it is there for this instance, and there is room for its handle.
    pub(crate) async fn open_store(&mut self, name: &str) -> Result<(StoreName, KvStore), Error> {
        let name = StoreName::new(name)?;
        if self.is_hidden(&name) {
            return Err(Error::NoSuchStore(name));
        }
        self.handles_mut().check_room()?;
        match self.stores().open(&name).await? {
            Some(store) => Ok((name, store)),
            None => Err(Error::NoSuchStore(name)),
        }
    }

    /// The handle of a store that nobody will close: the same one each time.
    pub(crate) async fn store_handle(&mut self, name: &str) -> Result<u32, Error> {
        if let Some(handle) = self.opened(name) {
            return Ok(handle);
        }
        let (name, store) = self.open_store(name).await?;
        let handle = self.handles_mut().insert(Object::Store(store))?;
        self.remember_opened(name, handle);
        Ok(handle)
    }
}
