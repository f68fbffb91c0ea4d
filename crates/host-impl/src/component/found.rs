//! `lookup-response` of `edgekv:kv/kv-store`.

use bytes::Bytes;
use edgekv_store::{Entry, Generation, Metadata};
use wasmtime::component::Resource;

use super::KvView;
use super::bindings::edgekv::kv::bodies;
use super::bindings::edgekv::kv::kv_store::{HostLookupResponse, LookupResponse};
use super::kv_store::optional;
use crate::body::Body;
use crate::handles::Object;
use crate::status::Error;

/// What a lookup has found, as an object.
#[derive(Debug)]
pub(crate) struct Found {
    /// `None` when it was taken.
    value: Option<Bytes>,
    metadata: Metadata,
    generation: Generation,
}

impl Found {
    /// Bytes of host memory that it keeps alive.
    pub(crate) fn held_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Bytes::len) + self.metadata.as_bytes().len()
    }
}

impl From<Entry> for Found {
    fn from(entry: Entry) -> Self {
        let (metadata, generation) = (entry.metadata().clone(), entry.generation());
        Self { value: Some(entry.into_value()), metadata, generation }
    }
}

impl HostLookupResponse for KvView<'_> {
    fn take_body(&mut self, found: Resource<LookupResponse>) -> wasmtime::Result<Resource<bodies::Body>> {
        Ok(match self.try_take_body(found)? {
            Some(body) => body,
            None => self.ctx.new_body().map(Resource::new_own)?,
        })
    }

    fn try_take_body(
        &mut self,
        found: Resource<LookupResponse>,
    ) -> wasmtime::Result<Option<Resource<bodies::Body>>> {
        // A value is not lost to a table that is full.
        self.ctx.handles_mut().check_room()?;
        let value = self.take_value(&found)?;
        Ok(value.map(|value| self.own(Object::Body(Body::from(value)))).transpose()?)
    }

    fn take_body_bytes(&mut self, found: Resource<LookupResponse>) -> wasmtime::Result<Bytes> {
        Ok(self.take_value(&found)?.unwrap_or_default())
    }

    fn metadata(&mut self, found: Resource<LookupResponse>) -> wasmtime::Result<Option<Bytes>> {
        Ok(optional(self.found(&found)?.metadata.as_bytes()))
    }

    fn generation(&mut self, found: Resource<LookupResponse>) -> wasmtime::Result<u64> {
        Ok(self.found(&found)?.generation.get())
    }

    fn drop(&mut self, found: Resource<LookupResponse>) -> wasmtime::Result<()> {
        self.release::<Found>(found.rep())
    }
}

impl KvView<'_> {
    fn found(&mut self, found: &Resource<LookupResponse>) -> Result<&mut Found, Error> {
        self.ctx.handles_mut().get(found.rep())
    }

    fn take_value(&mut self, found: &Resource<LookupResponse>) -> Result<Option<Bytes>, Error> {
        let value = self.found(found)?.value.take();
        self.ctx.handles_mut().recount(found.rep());
        Ok(value)
    }
}
