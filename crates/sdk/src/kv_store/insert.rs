//! Writing a key.

use std::time::Duration;

use super::{KVStore, KVStoreError, PendingInsertHandle};
use crate::{Body, abi};

/// The most metadata that stores accept by default, in bytes, inclusive. The host decides: one with another limit works.
pub const MAX_METADATA_BYTES: usize = 2000;

/// What a write does when the key is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InsertMode {
    /// Replaces the entry.
    #[default]
    Overwrite,
    /// Fails with [`KVStoreError::ItemPreconditionFailed`].
    Add,
    /// Puts the new bytes behind the old value.
    Append,
    /// Puts the new bytes before the old value.
    Prepend,
}

/// A write with options, made by [`KVStore::build_insert`].
///
/// ```no_run
/// # use edgekv::kv_store::{InsertMode, KVStore, KVStoreError};
/// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
/// store
///     .build_insert()
///     .mode(InsertMode::Append)
///     .metadata("text/plain")
///     .time_to_live(std::time::Duration::from_secs(3600))
///     .execute("log", "one more line\n")?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `execute`"]
pub struct InsertBuilder<'a> {
    store: &'a KVStore,
    mode: InsertMode,
    background_fetch: bool,
    if_generation_match: Option<u64>,
    metadata: Vec<u8>,
    time_to_live: Option<Duration>,
}

impl<'a> InsertBuilder<'a> {
    pub(super) fn new(store: &'a KVStore) -> Self {
        Self {
            store,
            mode: InsertMode::default(),
            background_fetch: false,
            if_generation_match: None,
            metadata: Vec::new(),
            time_to_live: None,
        }
    }

    /// What to do when the key is there already; [`InsertMode::Overwrite`] when not set.
    pub fn mode(self, mode: InsertMode) -> Self {
        Self { mode, ..self }
    }

    /// Lets readers have the old value until their host has fetched the new one.
    pub fn background_fetch(self) -> Self {
        Self { background_fetch: true, ..self }
    }

    /// Writes only if the entry has this generation, which a lookup tells
    /// ([`LookupResponse::current_generation`](super::LookupResponse::current_generation)).
    pub fn if_generation_match(self, generation: u64) -> Self {
        Self { if_generation_match: Some(generation), ..self }
    }

    /// Text that is kept with the value, mostly up to [`MAX_METADATA_BYTES`] bytes: a host that does not accept so much
    /// answers with [`KVStoreError::ItemBadRequest`]. A write without metadata removes those that were there.
    pub fn metadata(self, data: &str) -> Self {
        self.metadata_bytes(data.as_bytes())
    }

    /// As [`metadata`](Self::metadata), for any bytes.
    pub fn metadata_bytes(self, data: &[u8]) -> Self {
        Self { metadata: data.to_vec(), ..self }
    }

    /// How long the entry lives, from the write on: at least one second and at most [`u32::MAX`] seconds. Part of a
    /// second counts as a whole one, so that an entry never expires early. A write without removes the time to live that
    /// the entry had.
    pub fn time_to_live(self, ttl: Duration) -> Self {
        Self { time_to_live: Some(ttl), ..self }
    }

    /// Writes the key.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::InvalidStoreOptions`], before the host is asked, when the time to live is out of range;
    /// [`KVStoreError::ItemBadRequest`] when the host does not accept so much metadata;
    /// [`KVStoreError::ItemPreconditionFailed`] when the key is there already (mode add) or has
    /// another generation; and those of [`KVStore::insert`].
    pub fn execute(self, key: &str, value: impl Into<Body>) -> Result<(), KVStoreError> {
        let options = self.options()?;
        Ok(abi::insert_now(&self.store.handle, key, value.into().into_value()?, &options)?)
    }

    /// Starts to write the key; [`KVStore::pending_insert_wait`] has the result.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::InvalidStoreOptions`] as for [`execute`](Self::execute), and [`KVStoreError::ItemBadRequest`]
    /// when the key is not valid.
    pub fn execute_async(
        &self,
        key: &str,
        value: impl Into<Body>,
    ) -> Result<PendingInsertHandle, KVStoreError> {
        let options = self.options()?;
        let value = value.into().into_value()?;
        Ok(PendingInsertHandle::new(abi::insert(&self.store.handle, key, value, &options)?))
    }

    fn options(&self) -> Result<abi::InsertOptions<'_>, KVStoreError> {
        Ok(abi::InsertOptions {
            mode: self.mode,
            background_fetch: self.background_fetch,
            metadata: &self.metadata,
            time_to_live_sec: self.time_to_live.map(whole_seconds).transpose()?,
            if_generation_match: self.if_generation_match,
        })
    }
}

/// A time to live as hosts take it. Shorter than a second is refused, not rounded: it would live much longer than asked
/// for.
fn whole_seconds(ttl: Duration) -> Result<u32, KVStoreError> {
    let seconds = ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0));
    match u32::try_from(seconds) {
        Ok(seconds) if ttl >= Duration::from_secs(1) => Ok(seconds),
        _ => Err(KVStoreError::InvalidStoreOptions),
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::{KvError, KvStoreHandle};

    use super::*;
    use crate::abi::script::{self, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    fn inserted(build: impl FnOnce(InsertBuilder<'_>) -> InsertBuilder<'_>) -> String {
        let script = script::start([answer("insert").handle(1), answer("insert_wait")]);
        build(STORE.build_insert()).execute("k", "v").unwrap();
        let calls = script.finish();
        calls.into_iter().find(|call| call.starts_with("insert ")).unwrap()
    }

    #[test]
    fn a_plain_insert_sets_no_bit() {
        assert_eq!(inserted(|insert| insert), "insert 3 k=v mask=0 mode=0 metadata=- ttl=0 generation=0");
    }

    #[test]
    fn every_option_sets_its_bit_and_field() {
        let line = inserted(|insert| {
            insert
                .mode(InsertMode::Prepend)
                .background_fetch()
                .if_generation_match(1 << 40)
                .metadata("meta")
                .time_to_live(Duration::from_secs(60))
        });
        assert_eq!(line, "insert 3 k=v mask=111010 mode=3 metadata=meta ttl=60 generation=1099511627776");
        assert_eq!(
            inserted(|insert| insert.if_generation_match(0)),
            "insert 3 k=v mask=100000 mode=0 metadata=- ttl=0 generation=0"
        );
        assert_eq!(
            inserted(|insert| insert.metadata("")),
            "insert 3 k=v mask=0 mode=0 metadata=- ttl=0 generation=0"
        );
    }

    #[test]
    fn the_host_decides_how_much_metadata_there_may_be() {
        let more = vec![0xFF; MAX_METADATA_BYTES + 1];
        let script = script::start([
            answer("insert").handle(1),
            answer("insert_wait"),
            answer("insert").handle(1),
            answer("insert_wait").outcome(KvError::BAD_REQUEST),
        ]);
        let insert = || STORE.build_insert().metadata_bytes(&more).execute("k", "v");
        assert_eq!(insert(), Ok(()));
        assert_eq!(insert(), Err(KVStoreError::ItemBadRequest));
        script.finish();
    }

    #[test]
    fn a_time_to_live_is_rounded_up_and_bounded() {
        let most = u64::from(u32::MAX);
        for (ttl, seconds) in [
            (Duration::from_secs(1), Some(1)),
            (Duration::from_millis(1001), Some(2)),
            (Duration::new(1, 999_999_999), Some(2)),
            (Duration::from_secs(most), Some(u32::MAX)),
            (Duration::ZERO, None),
            (Duration::from_millis(999), None),
            (Duration::new(most, 1), None),
            (Duration::from_secs(most + 1), None),
            (Duration::MAX, None),
        ] {
            assert_eq!(whole_seconds(ttl).ok(), seconds, "{ttl:?}");
        }
        let script = script::start([]);
        let refused = STORE.build_insert().time_to_live(Duration::ZERO).execute("k", "v");
        assert_eq!(refused, Err(KVStoreError::InvalidStoreOptions));
        assert_eq!(script.finish(), [""; 0]);
    }

    #[test]
    fn a_failed_condition_is_the_error_of_the_wait() {
        let script = script::start([
            answer("insert").handle(1),
            answer("insert_wait").outcome(KvError::PRECONDITION_FAILED),
        ]);
        let failed = STORE.build_insert().mode(InsertMode::Add).execute("k", "v");
        assert_eq!(failed, Err(KVStoreError::ItemPreconditionFailed));
        script.finish();
    }
}
