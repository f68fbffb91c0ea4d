//! Writes.

#[cfg(feature = "component")]
use bytes::Bytes;
use edgekv_store::{Generation, Insert, Key, KvError, Reply};

use super::Opened;
use crate::body::{Body, BodyError, Collected};
use crate::ctx::KvCtx;
use crate::pending::Pending;
use crate::status::Error;

/// What is to be written.
pub(crate) enum Value {
    /// What is in a body, as far as it is there, and what comes after that.
    Body(Body),
    /// These bytes.
    #[cfg(feature = "component")]
    Bytes(Bytes),
}

impl Value {
    fn held_bytes(&self) -> usize {
        match self {
            Self::Body(body) => body.held_bytes(),
            #[cfg(feature = "component")]
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    async fn collect(self, max: u64) -> Result<Collected, BodyError> {
        match self {
            Self::Body(body) => body.collect(max).await,
            #[cfg(feature = "component")]
            Self::Bytes(bytes) if bytes.len() as u64 > max => Ok(Collected::TooLong(bytes.len() as u64)),
            #[cfg(feature = "component")]
            Self::Bytes(bytes) => Ok(Collected::All(bytes)),
        }
    }
}

impl KvCtx {
    /// The body of an insert. Guests give it up before they call, so it is taken whatever comes of the call.
    pub(crate) fn give_up_body(&mut self, body: u32) -> Result<Value, Error> {
        self.handles_mut().take(body).map(Value::Body)
    }

    /// Reads the value to its end and starts to write it. `insert` gives the options, all but the value; its inner error is
    /// one that is told as the outcome.
    pub(crate) async fn begin_insert<K: Opened>(
        &mut self,
        store: u32,
        key: Result<impl AsRef<str>, Error>,
        value: Result<Value, Error>,
        insert: impl FnOnce() -> Result<Result<Insert, KvError>, Error>,
    ) -> Result<Pending<Generation>, Error> {
        let store = self.handles_mut().get::<K>(store)?.store().clone();
        let key = key?;
        let key = Key::new(key.as_ref())?;
        let value = value?;
        let insert = insert()?;
        self.make_room(value.held_bytes()).await?;
        self.handles_mut().check_room()?;

        let mut held_bytes = 0;
        let reply = match insert {
            Err(error) => Reply::Ready(Err(error)),
            Ok(insert) => match value.collect(store.limits().max_value_bytes).await? {
                Collected::All(value) => {
                    held_bytes = value.len();
                    store.insert(key, Insert { value, ..insert })
                }
                Collected::TooLong(bytes) => {
                    let limit = store.limits().max_value_bytes;
                    Reply::Ready(Err(KvError::PayloadTooLarge { bytes, limit }))
                }
            },
        };
        Ok(Pending::holding(reply, held_bytes))
    }
}
