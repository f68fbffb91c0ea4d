//! What a lookup has found.

use std::cell::RefCell;

use bytes::Bytes;
use edgekv_store::{Entry, KvError, Metadata};

use super::error::outcome;
use super::values::{body, body_or_trap};
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;

/// The entry that was found.
pub(super) fn found(result: Result<Option<Entry>, KvError>) -> Result<Entry, wit::Error> {
    result.map_err(outcome)?.ok_or(wit::Error::NotFound)
}

/// All of what was found.
pub(super) fn entry(result: Result<Option<Entry>, KvError>) -> Result<wit::Entry, wit::Error> {
    let entry = found(result)?;
    Ok(wit::Entry {
        body: body(entry.value())?,
        metadata: metadata(entry.metadata()),
        generation: entry.generation().get(),
    })
}

fn metadata(metadata: &Metadata) -> Option<Vec<u8>> {
    if metadata.is_empty() { None } else { Some(metadata.as_bytes().to_vec()) }
}

/// What was found, as an object. The value stays here until it is taken out: who wants the bytes gets these, without a body.
pub(crate) struct LookupResponse {
    value: RefCell<Option<Bytes>>,
    metadata: Metadata,
    generation: u64,
}

impl LookupResponse {
    pub(super) fn new(entry: Entry) -> Self {
        let (metadata, generation) = (entry.metadata().clone(), entry.generation().get());
        Self { value: RefCell::new(Some(entry.into_value())), metadata, generation }
    }
}

impl From<LookupResponse> for wit::LookupResponse {
    fn from(response: LookupResponse) -> Self {
        Self::new(response)
    }
}

impl wit::GuestLookupResponse for LookupResponse {
    fn take_body(&self) -> Body {
        body_or_trap(&self.value.take().unwrap_or_default())
    }

    fn try_take_body(&self) -> Option<Body> {
        self.value.take().map(|value| body_or_trap(&value))
    }

    fn take_body_bytes(&self) -> Vec<u8> {
        self.value.take().map(Vec::from).unwrap_or_default()
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        metadata(&self.metadata)
    }

    fn generation(&self) -> u64 {
        self.generation
    }
}
