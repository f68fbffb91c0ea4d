//! `fastly_kv_store`.

use std::borrow::Cow;
use std::time::Duration;

use edgekv_store::{
    Entry, Generation, GenerationMatch, Insert, InsertMode, KvError, KvStore, ListMode, ListPage,
    ListRequest, Metadata,
};
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_kv_store::FastlyKvStore;
use crate::abi::types;
use crate::ctx::KvCtx;
use crate::handles::Object;
use crate::memory::{OutBuffer, OutValue, check_out, known_bits, read_bytes, read_text};
use crate::operations::document;
use crate::pending::Pending;
use crate::status::{Error, outcome_code, report};

impl FastlyKvStore for KvCtx {
    async fn open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        name: GuestPtr<str>,
        store_out: GuestPtr<types::KvStoreHandle>,
    ) -> Result<(), Error> {
        self.open_named(memory, name, store_out).await
    }

    fn lookup(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        mask: u32,
        // There is nothing in it that would be of use, and guests exist that pass no record at all.
        _config: GuestPtr<types::KvLookupConfig>,
        pending_out: GuestPtr<types::KvStoreLookupHandle>,
    ) -> Result<(), Error> {
        check_out(memory, pending_out)?;
        known_bits::<types::KvLookupConfigOptions>(mask)?;
        let handle = self.start_lookup::<KvStore>(store.into(), read_text(memory, key))?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn lookup_wait(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreLookupHandle,
        body_out: GuestPtr<types::BodyHandle>,
        metadata: GuestPtr<u8>,
        metadata_len: u32,
        nwritten_out: GuestPtr<u32>,
        generation_out: GuestPtr<u32>,
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        let metadata = OutBuffer { buffer: metadata, length: metadata_len, used_out: nwritten_out };
        // This version has never told the generation, which does not fit 32 bits.
        let generation = |_: Generation| 0;
        self.finish_lookup(memory, pending, body_out, metadata, (generation_out, generation), kv_error_out)
            .await
    }

    async fn lookup_wait_v2(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreLookupHandle,
        body_out: GuestPtr<types::BodyHandle>,
        metadata: GuestPtr<u8>,
        metadata_len: u32,
        nwritten_out: GuestPtr<u32>,
        generation_out: GuestPtr<u64>,
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        let metadata = OutBuffer { buffer: metadata, length: metadata_len, used_out: nwritten_out };
        let generation = (generation_out, Generation::get);
        self.finish_lookup(memory, pending, body_out, metadata, generation, kv_error_out).await
    }

    async fn insert(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        body: types::BodyHandle,
        mask: u32,
        config: GuestPtr<types::KvInsertConfig>,
        pending_out: GuestPtr<types::KvStoreInsertHandle>,
    ) -> Result<(), Error> {
        let value = self.give_up_body(body.into());
        check_out(memory, pending_out)?;
        let key = read_text(memory, key);
        let insert = || read_insert(memory, mask, config);
        let pending = self.begin_insert::<KvStore>(store.into(), key, value, insert).await?;
        let handle = self.handles_mut().insert(Object::Insert(pending))?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn insert_wait(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreInsertHandle,
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        check_out(memory, kv_error_out)?;
        let done = self.wait_and_take::<Generation>(pending.into()).await?;
        let outcome = done.map(|_generation| types::KvError::Ok);
        write_outcome(memory, kv_error_out, &outcome)
    }

    fn delete(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        key: GuestPtr<str>,
        mask: u32,
        config: GuestPtr<types::KvDeleteConfig>,
        pending_out: GuestPtr<types::KvStoreDeleteHandle>,
    ) -> Result<(), Error> {
        check_out(memory, pending_out)?;
        let mask = known_bits::<types::KvDeleteConfigOptions>(mask)?;
        // Guests that do not set the bit pass a record that is too short to hold a generation.
        let condition = if mask.contains(types::KvDeleteConfigOptions::IF_GENERATION_MATCH) {
            let config = memory.read(config.cast::<types::KvDeleteConfigV2>())?;
            Some(GenerationMatch::from_number(config.if_generation_match))
        } else {
            None
        };
        let handle = self.start_delete::<KvStore>(store.into(), read_text(memory, key), condition)?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn delete_wait(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreDeleteHandle,
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        check_out(memory, kv_error_out)?;
        let done = self.wait_and_take::<bool>(pending.into()).await?;
        let outcome = done.map(|deleted| if deleted { types::KvError::Ok } else { types::KvError::NotFound });
        write_outcome(memory, kv_error_out, &outcome)
    }

    fn list(
        &mut self,
        memory: &mut GuestMemory<'_>,
        store: types::KvStoreHandle,
        mask: u32,
        config: GuestPtr<types::KvListConfig>,
        pending_out: GuestPtr<types::KvStoreListHandle>,
    ) -> Result<(), Error> {
        use types::KvListConfigOptions as Options;

        check_out(memory, pending_out)?;
        let mask = known_bits::<Options>(mask)?;
        let config = memory.read(config)?;
        let text = |option, text: GuestPtr<u8>, length| {
            if mask.contains(option) {
                read_text(memory, GuestPtr::new((text.offset(), length)))
            } else {
                Ok(Cow::Borrowed(""))
            }
        };
        let prefix = text(Options::PREFIX, config.prefix, config.prefix_len)?;
        let cursor = text(Options::CURSOR, config.cursor, config.cursor_len)?;
        let request = ListRequest {
            prefix: &prefix,
            // Guests set the bit for an empty cursor as well.
            cursor: Some(&*cursor).filter(|cursor| !cursor.is_empty()),
            limit: mask.contains(Options::LIMIT).then_some(config.limit),
            mode: match config.mode {
                types::KvListMode::Strong => ListMode::Strong,
                types::KvListMode::Eventual => ListMode::Eventual,
            },
        };
        let handle = self.start_list::<KvStore>(store.into(), request)?;
        memory.write(pending_out, handle.into())?;
        Ok(())
    }

    async fn list_wait(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreListHandle,
        body_out: GuestPtr<types::BodyHandle>,
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        check_out(memory, body_out)?;
        check_out(memory, kv_error_out)?;
        let page: Result<ListPage, _> = self.wait_and_take(pending.into()).await?;
        let outcome = match page.and_then(|page| document(&page)) {
            Ok(document) => {
                let handle = self.handles_mut().insert(Object::Body(document.into()))?;
                memory.write(body_out, handle.into())?;
                Ok(types::KvError::Ok)
            }
            Err(error) => Err(error),
        };
        write_outcome(memory, kv_error_out, &outcome)
    }
}

/// What both generations of the interface do; the older one is in `object_store.rs`.
impl KvCtx {
    pub(super) async fn open_named(
        &mut self,
        memory: &mut GuestMemory<'_>,
        name: GuestPtr<str>,
        store_out: GuestPtr<types::KvStoreHandle>,
    ) -> Result<(), Error> {
        check_out(memory, store_out)?;
        let name = read_text(memory, name)?;
        let handle = self.store_handle(&name).await?;
        memory.write(store_out, handle.into())?;
        Ok(())
    }

    /// Both versions of the wait: they differ in how wide the generation is.
    async fn finish_lookup<G: OutValue>(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pending: types::KvStoreLookupHandle,
        body_out: GuestPtr<types::BodyHandle>,
        metadata_out: OutBuffer,
        (generation_out, generation): (GuestPtr<G>, impl FnOnce(Generation) -> G),
        kv_error_out: GuestPtr<types::KvError>,
    ) -> Result<(), Error> {
        check_out(memory, body_out)?;
        metadata_out.check(memory)?;
        check_out(memory, generation_out)?;
        check_out(memory, kv_error_out)?;
        let pending = pending.into();
        let found = self.handles_mut().get::<Pending<Option<Entry>>>(pending)?.result().await;
        let metadata = match found {
            Ok(Some(entry)) => metadata_out.write(memory, entry.metadata().as_bytes()),
            Ok(None) | Err(_) => memory.write(metadata_out.used_out, 0).map_err(Error::from),
        };
        if let Err(error) = metadata {
            // They do not fit. Everything stays as it is, for another try with a larger buffer.
            self.handles_mut().recount(pending);
            return Err(error);
        }
        let outcome = match self.wait_and_take::<Option<Entry>>(pending).await? {
            Ok(Some(entry)) => {
                memory.write(generation_out, generation(entry.generation()))?;
                let body = self.handles_mut().insert(Object::Body(entry.into_value().into()))?;
                memory.write(body_out, body.into())?;
                Ok(types::KvError::Ok)
            }
            Ok(None) => Ok(types::KvError::NotFound),
            Err(error) => Err(error),
        };
        write_outcome(memory, kv_error_out, &outcome)
    }
}

/// Reads the options of an insert, all but the value. The inner error is one that the wait call reports.
fn read_insert(
    memory: &GuestMemory<'_>,
    mask: u32,
    config: GuestPtr<types::KvInsertConfig>,
) -> Result<Result<Insert, KvError>, Error> {
    use types::KvInsertConfigOptions as Options;

    let mask = known_bits::<Options>(mask)?;
    let config = memory.read(config)?;
    let metadata = if mask.contains(Options::METADATA) {
        let metadata = read_bytes(memory, config.metadata.as_array(config.metadata_len))?;
        // Its length is checked before it is copied.
        match Metadata::copy_from(&metadata) {
            Ok(metadata) => metadata,
            Err(error) => return Ok(Err(error.into())),
        }
    } else {
        Metadata::NONE
    };
    Ok(Ok(Insert {
        mode: match config.mode {
            types::KvInsertMode::Overwrite => InsertMode::Overwrite,
            types::KvInsertMode::Add => InsertMode::Add,
            types::KvInsertMode::Append => InsertMode::Append,
            types::KvInsertMode::Prepend => InsertMode::Prepend,
        },
        condition: mask
            .contains(Options::IF_GENERATION_MATCH)
            .then(|| GenerationMatch::from_number(config.if_generation_match)),
        metadata,
        time_to_live: mask
            .contains(Options::TIME_TO_LIVE_SEC)
            .then(|| Duration::from_secs(u64::from(config.time_to_live_sec))),
        background_fetch: mask.contains(Options::BACKGROUND_FETCH),
        ..Insert::new(Vec::new())
    }))
}

/// Stores how an operation ended. Where that is a status, the variable is left at "uninitialized", which every
/// guest can represent.
fn write_outcome(
    memory: &mut GuestMemory<'_>,
    kv_error_out: GuestPtr<types::KvError>,
    outcome: &Result<types::KvError, KvError>,
) -> Result<(), Error> {
    let code = match outcome {
        Ok(code) => Ok(*code),
        Err(error) => {
            report(error);
            outcome_code(error)
        }
    };
    memory.write(kv_error_out, *code.as_ref().unwrap_or(&types::KvError::Uninitialized))?;
    code.map(|_| ())
}
