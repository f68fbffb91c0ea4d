//! What a lookup has found.

use std::cell::RefCell;

use edgekv_store::{Entry, KvError, Metadata};

use super::error::outcome;
use super::values::{body, bytes_or_trap, empty_or_trap};
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::held::Held;

/// The entry that was found.
fn found(result: Result<Option<Entry>, KvError>) -> Result<Entry, wit::Error> {
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

/// What was found, as an object. Its body is made with it, as long as there is an error to tell when the host gives none.
pub(crate) struct LookupResponse {
    body: RefCell<Option<Body>>,
    metadata: Metadata,
    generation: u64,
    _held: Held,
}

impl LookupResponse {
    /// What was found, if that was something.
    pub(super) fn found(
        held: Held,
        result: Result<Option<Entry>, KvError>,
    ) -> Result<wit::LookupResponse, wit::Error> {
        let entry = found(result)?;
        let body = RefCell::new(Some(body(entry.value())?));
        let (metadata, generation) = (entry.metadata().clone(), entry.generation().get());
        held.keeps(metadata.as_bytes().len());
        Ok(Self { body, metadata, generation, _held: held }.into())
    }
}

impl From<LookupResponse> for wit::LookupResponse {
    fn from(response: LookupResponse) -> Self {
        Self::new(response)
    }
}

impl wit::GuestLookupResponse for LookupResponse {
    fn take_body(&self) -> Body {
        self.body.take().unwrap_or_else(empty_or_trap)
    }

    fn try_take_body(&self) -> Option<Body> {
        self.body.take()
    }

    fn take_body_bytes(&self) -> Vec<u8> {
        self.body.take().map(|body| bytes_or_trap(&body)).unwrap_or_default()
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        metadata(&self.metadata)
    }

    fn generation(&self) -> u64 {
        self.generation
    }
}
