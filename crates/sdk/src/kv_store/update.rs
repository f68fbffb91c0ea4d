//! Changing a value by what it is: look up, decide, and write only if nobody else has.

use std::time::Duration;

use bytes::Bytes;

use super::backoff::Backoff;
use super::{InsertMode, KVStore, KVStoreError};
use crate::Body;

/// How often [`KVStore::update`] tries before it gives up. Whenever a try fails, somebody else's write succeeded; so it
/// takes this many writes of others, each just between a lookup and a write of ours, to get there. Because losers make
/// room for each other, that does not happen by chance, with 64 writers on one key of a durable store neither; the bound
/// is there so that a program ends, after a minute or so, when a host refuses every condition.
pub const MAX_UPDATE_TRIES: u32 = 1000;

/// An entry as [`KVStore::update`] found it.
#[derive(Clone, Debug)]
pub struct Entry {
    value: Vec<u8>,
    metadata: Option<Bytes>,
    generation: u64,
}

impl Entry {
    /// The bytes of the value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value as text.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.value)
    }

    /// The metadata that were written with the value.
    #[must_use]
    pub fn metadata(&self) -> Option<&Bytes> {
        self.metadata.as_ref()
    }

    /// The generation of the entry.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// What [`KVStore::update`] shall do with a key.
///
/// A value (text or bytes) is a change to it, and `None` is [`Change::keep`], so that a closure can mostly return just
/// that.
#[derive(Debug)]
#[must_use = "a change happens when a closure of `update` returns it"]
pub struct Change(Kind);

#[derive(Debug)]
enum Kind {
    Keep,
    Delete,
    Write {
        value: Body,
        /// `None` keeps what is there.
        metadata: Option<Vec<u8>>,
        time_to_live: Option<Duration>,
    },
}

impl Change {
    /// Leaves the key as it is.
    pub fn keep() -> Self {
        Self(Kind::Keep)
    }

    /// Deletes the key, if it is still what the closure has seen.
    ///
    /// That needs a host that knows a condition on a delete
    /// ([`DeleteBuilder::if_generation_match`](super::DeleteBuilder::if_generation_match)). Another one may end the
    /// program (trap), or not see the condition and delete what somebody else has just written.
    pub fn delete() -> Self {
        Self(Kind::Delete)
    }

    /// Writes this value. The metadata stay as they are; a time to live does not, because a lookup does not tell it: set
    /// it again with [`time_to_live`](Self::time_to_live).
    pub fn write(value: impl Into<Body>) -> Self {
        Self(Kind::Write { value: value.into(), metadata: None, time_to_live: None })
    }

    /// Writes these metadata with the value; empty ones remove what is there. Without effect on a change that writes
    /// nothing.
    pub fn metadata(mut self, data: impl AsRef<[u8]>) -> Self {
        if let Kind::Write { metadata, .. } = &mut self.0 {
            *metadata = Some(data.as_ref().to_vec());
        }
        self
    }

    /// Gives the entry this time to live, as
    /// [`InsertBuilder::time_to_live`](super::InsertBuilder::time_to_live) does. Without effect on a change that writes
    /// nothing.
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        if let Kind::Write { time_to_live, .. } = &mut self.0 {
            *time_to_live = Some(ttl);
        }
        self
    }
}

/// One type after the other, because a blanket implementation would exclude the one for `Option`.
macro_rules! change_from {
    ($($value:ty),*) => { $(
        impl From<$value> for Change {
            fn from(value: $value) -> Self {
                Self::write(value)
            }
        }

        impl From<Option<$value>> for Change {
            fn from(value: Option<$value>) -> Self {
                value.map_or_else(Self::keep, Self::write)
            }
        }
    )* };
}

change_from!(Body, Vec<u8>, String, &[u8], &str);

impl KVStore {
    /// Changes a key by what it is now, without losing what others write at the same time.
    ///
    /// Looks the key up, hands the entry to the closure (`None` when there is none), and writes what it returns under the
    /// condition that the entry is still the same; when it is not, all of that again. So the closure may run several
    /// times, up to [`MAX_UPDATE_TRIES`]. From the fourth lost race on there is a pause before the next try, of random
    /// length, up to a bound that grows from 1 to 100 milliseconds. Metadata stay unless the [`Change`] says otherwise.
    ///
    /// Returns whether there was something to change: `false` when the closure said `None` or [`Change::keep`].
    ///
    /// ```no_run
    /// # use edgekv::kv_store::{KVStore, KVStoreError};
    /// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
    /// store.update("visits", |old| {
    ///     let visits: u64 = old.and_then(|old| old.text().ok()?.parse().ok()).unwrap_or(0);
    ///     (visits + 1).to_string()
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemPreconditionFailed`] when others changed the key in every try, and those of
    /// [`KVStore::lookup`] and [`InsertBuilder::execute`](super::InsertBuilder::execute).
    pub fn update<C: Into<Change>>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<&Entry>) -> C,
    ) -> Result<bool, KVStoreError> {
        self.try_update(key, |old| Ok(change(old)))
    }

    /// As [`update`](Self::update), with a closure that can fail; its error ends the update, and nothing is written.
    ///
    /// ```no_run
    /// # use edgekv::kv_store::KVStore;
    /// # fn f(store: &KVStore) -> Result<(), Box<dyn std::error::Error>> {
    /// store.try_update("stock", |old| {
    ///     let stock: u32 = old.ok_or("no such article")?.text()?.parse()?;
    ///     Ok::<_, Box<dyn std::error::Error>>(stock.checked_sub(1).ok_or("sold out")?.to_string())
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the closure, and those of [`update`](Self::update).
    pub fn try_update<C: Into<Change>, E: From<KVStoreError>>(
        &self,
        key: &str,
        change: impl FnMut(Option<&Entry>) -> Result<C, E>,
    ) -> Result<bool, E> {
        self.update_with(key, change, std::thread::sleep)
    }

    /// An update that waits between tries by calling `pause`.
    fn update_with<C: Into<Change>, E: From<KVStoreError>>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<&Entry>) -> Result<C, E>,
        mut pause: impl FnMut(Duration),
    ) -> Result<bool, E> {
        let mut backoff = Backoff::default();
        for _ in 0..MAX_UPDATE_TRIES {
            let old = self.entry(key)?;
            let applied = match change(old.as_ref())?.into().0 {
                Kind::Keep => return Ok(false),
                Kind::Delete => match &old {
                    None => return Ok(false),
                    Some(old) => self.build_delete().if_generation_match(old.generation).execute(key),
                },
                Kind::Write { value, metadata, time_to_live } => {
                    let mut insert = self.build_insert();
                    insert = match &old {
                        None => insert.mode(InsertMode::Add),
                        Some(old) => insert.if_generation_match(old.generation),
                    };
                    let kept = || old.as_ref().and_then(Entry::metadata).map(Bytes::as_ref);
                    if let Some(metadata) = metadata.as_deref().or_else(kept) {
                        insert = insert.metadata_bytes(metadata);
                    }
                    if let Some(ttl) = time_to_live {
                        insert = insert.time_to_live(ttl);
                    }
                    insert.execute(key, value)
                }
            };
            match applied {
                Ok(()) => return Ok(true),
                // Not found: a delete came too late, or an engine tells a condition on a missing key so.
                Err(KVStoreError::ItemPreconditionFailed | KVStoreError::ItemNotFound) => {}
                Err(error) => return Err(error.into()),
            }
            let wait = backoff.lost();
            if !wait.is_zero() {
                pause(wait);
            }
        }
        Err(KVStoreError::ItemPreconditionFailed.into())
    }

    fn entry(&self, key: &str) -> Result<Option<Entry>, KVStoreError> {
        match self.lookup(key) {
            Ok(mut found) => Ok(Some(Entry {
                value: found.take_body().collect()?,
                metadata: found.metadata(),
                generation: found.current_generation(),
            })),
            Err(KVStoreError::ItemNotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::{KvError, KvStoreHandle};

    use super::*;
    use crate::abi::script::{self, Answer, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    fn found(value: &str, metadata: &str, generation: u64) -> [Answer; 2] {
        [answer("lookup").handle(1), answer("lookup_wait_v2").body(value).bytes(metadata).number(generation)]
    }

    fn missing() -> [Answer; 2] {
        [answer("lookup").handle(1), answer("lookup_wait_v2").outcome(KvError::NOT_FOUND)]
    }

    fn written(outcome: KvError) -> [Answer; 2] {
        [answer("insert").handle(1), answer("insert_wait").outcome(outcome)]
    }

    fn deleted(outcome: KvError) -> [Answer; 2] {
        [answer("delete").handle(1), answer("delete_wait").outcome(outcome)]
    }

    fn writes(calls: &[String]) -> Vec<&str> {
        calls
            .iter()
            .filter(|call| call.starts_with("insert ") || call.starts_with("delete "))
            .map(|call| &call[..])
            .collect()
    }

    #[test]
    fn a_lost_race_is_tried_again_on_what_won() {
        let failed = KvError::PRECONDITION_FAILED;
        let script = script::start(
            [
                missing(),
                written(failed),
                found("5", "m", 8),
                written(failed),
                found("6", "m", 9),
                written(KvError::OK),
            ]
            .concat_answers(),
        );
        let changed = STORE.update("n", |old| {
            let old: u32 = old.map_or(0, |old| old.text().unwrap().parse().unwrap());
            (old + 1).to_string()
        });
        assert_eq!(changed, Ok(true));
        assert_eq!(
            writes(&script.finish()),
            [
                "insert 3 n=1 mask=0 mode=1 metadata=- ttl=0 generation=0",
                "insert 3 n=6 mask=101000 mode=0 metadata=m ttl=0 generation=8",
                "insert 3 n=7 mask=101000 mode=0 metadata=m ttl=0 generation=9",
            ]
        );
    }

    #[test]
    fn the_tries_are_bounded() {
        let answers: Vec<Answer> = (0..MAX_UPDATE_TRIES)
            .flat_map(|_| found("v", "", 8).into_iter().chain(written(KvError::PRECONDITION_FAILED)))
            .collect();
        let script = script::start(answers);
        let (mut tries, mut pauses) = (0, 0);
        let failed = STORE.update_with(
            "k",
            |_| {
                tries += 1;
                Ok("w")
            },
            |_| pauses += 1,
        );
        assert_eq!((failed, tries), (Err(KVStoreError::ItemPreconditionFailed), MAX_UPDATE_TRIES));
        assert!(
            (1..MAX_UPDATE_TRIES - 2).contains(&pauses),
            "the first races are run again at once: {pauses}"
        );
        script.finish();
    }

    #[test]
    fn a_closure_can_keep_fail_and_set_options() {
        let script = script::start(
            [found("v", "m", 8), found("v", "m", 8), found("v", "m", 8), written(KvError::OK)]
                .concat_answers(),
        );
        assert_eq!(STORE.update("k", |_| None::<String>), Ok(false));
        let failed = STORE.try_update("k", |_| Err::<Change, _>(KVStoreError::InvalidKey));
        assert_eq!(failed, Err(KVStoreError::InvalidKey));
        let ttl = Duration::from_secs(9);
        assert_eq!(STORE.update("k", |_| Change::write("w").metadata("").time_to_live(ttl)), Ok(true));
        assert_eq!(
            writes(&script.finish()),
            ["insert 3 k=w mask=110000 mode=0 metadata=- ttl=9 generation=8"]
        );
    }

    #[test]
    fn a_delete_has_the_condition_and_a_missing_key_needs_none() {
        let script = script::start(
            [
                found("v", "", 8),
                deleted(KvError::NOT_FOUND),
                missing(),
                found("v", "", 9),
                deleted(KvError::OK),
            ]
            .concat_answers(),
        );
        assert_eq!(STORE.update("k", |_| Change::delete()), Ok(false));
        assert_eq!(STORE.update("k", |_| Change::delete()), Ok(true));
        assert_eq!(
            writes(&script.finish()),
            ["delete 3 k mask=10 generation=8", "delete 3 k mask=10 generation=9"]
        );
    }

    #[test]
    fn another_error_is_not_tried_again() {
        let script = script::start([found("v", "", 8), written(KvError::PAYLOAD_TOO_LARGE)].concat_answers());
        assert_eq!(STORE.update("k", |_| "w"), Err(KVStoreError::ItemPayloadTooLarge));
        script.finish();
    }

    trait ConcatAnswers {
        fn concat_answers(self) -> Vec<Answer>;
    }

    impl<const N: usize> ConcatAnswers for [[Answer; 2]; N] {
        fn concat_answers(self) -> Vec<Answer> {
            self.into_iter().flatten().collect()
        }
    }
}
