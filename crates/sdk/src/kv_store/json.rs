//! Values that are JSON (feature `serde`).

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{KVStore, KVStoreError, LookupResponse};

impl KVStore {
    /// Looks a key up and reads its value as JSON.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::Json`] when the value is not the JSON of a `T`, and those of [`KVStore::lookup`].
    pub fn lookup_json<T: DeserializeOwned>(&self, key: &str) -> Result<T, KVStoreError> {
        self.lookup(key)?.take_body_json()
    }

    /// Writes a key with the JSON of a value; otherwise as [`KVStore::insert`].
    ///
    /// ```no_run
    /// # use edgekv::kv_store::{KVStore, KVStoreError};
    /// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
    /// store.insert_json("primes", &[2, 3, 5])?;
    /// let primes: Vec<u32> = store.lookup_json("primes")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KVStoreError::Json`] when the value has no JSON form, and those of [`KVStore::insert`].
    pub fn insert_json<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), KVStoreError> {
        self.insert(key, serde_json::to_vec(value).map_err(json_error)?)
    }
}

impl LookupResponse {
    /// Reads the value as JSON. It is taken, as by [`take_body`](Self::take_body).
    ///
    /// # Errors
    ///
    /// [`KVStoreError::Json`] when the value is not the JSON of a `T`, [`KVStoreError::Unexpected`] when the host fails
    /// to deliver it, and [`KVStoreError::UnusableAnswer`] when it does not fit into the guest's memory.
    pub fn take_body_json<T: DeserializeOwned>(&mut self) -> Result<T, KVStoreError> {
        serde_json::from_slice(&self.take_body().collect()?).map_err(json_error)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the form that `map_err` wants")]
fn json_error(error: serde_json::Error) -> KVStoreError {
    KVStoreError::Json(error.to_string())
}

#[cfg(test)]
mod tests {
    use edgekv_sys::KvStoreHandle;

    use super::*;
    use crate::abi::script::{self, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    #[test]
    fn json_goes_in_and_comes_out() {
        let script = script::start([
            answer("insert").handle(1),
            answer("insert_wait"),
            answer("lookup").handle(1),
            answer("lookup_wait_v2").body("[1,2]"),
        ]);
        STORE.insert_json("k", &[1, 2]).unwrap();
        assert_eq!(STORE.lookup_json::<Vec<u8>>("k").unwrap(), [1, 2]);
        assert!(script.finish().iter().any(|call| call.starts_with("insert 3 k=[1,2] ")));
    }

    #[test]
    fn another_type_is_an_error_that_says_where() {
        let script = script::start([answer("lookup").handle(1), answer("lookup_wait_v2").body(r#"[1,"x"]"#)]);
        let error = STORE.lookup_json::<Vec<u8>>("k").unwrap_err();
        assert!(error.to_string().contains("line 1 column 6"), "{error}");
        script.finish();
    }
}
