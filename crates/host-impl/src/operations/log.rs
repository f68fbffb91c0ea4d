//! Endpoints of the log.

use crate::ctx::KvCtx;
use crate::handles::Object;
use crate::log::Endpoint;
use crate::status::Error;

impl KvCtx {
    /// The handle of an endpoint that nobody will close: the same one each time.
    pub(crate) fn endpoint_handle(&mut self, name: &[u8]) -> Result<u32, Error> {
        let endpoint = Endpoint::new(name)?;
        if let Some(handle) = self.endpoint(&endpoint) {
            return Ok(handle);
        }
        let handle = self.add_endpoint(endpoint.clone())?;
        self.remember_endpoint(endpoint, handle);
        Ok(handle)
    }

    /// Adds an endpoint, under a handle of its own.
    pub(crate) fn add_endpoint(&mut self, endpoint: Endpoint) -> Result<u32, Error> {
        self.check_bytes(endpoint.held_bytes())?;
        self.handles_mut().insert(Object::Endpoint(endpoint))
    }
}
