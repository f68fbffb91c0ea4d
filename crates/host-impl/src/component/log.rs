//! `edgekv:platform/log`.

use bytes::Bytes;
use wasmtime::component::Resource;

use super::KvView;
use super::bindings::edgekv::platform::log::{self, Host, HostEndpoint};
use crate::log::Endpoint;
use crate::status::Error;

impl Host for KvView<'_> {
    fn get(&mut self, name: Bytes) -> Result<Resource<log::Endpoint>, Error> {
        self.ctx.add_endpoint(Endpoint::new(&name)?).map(Resource::new_own)
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<log::Error> {
        self.log_error(error)
    }
}

impl HostEndpoint for KvView<'_> {
    fn write(&mut self, endpoint: Resource<log::Endpoint>, message: Bytes) -> wasmtime::Result<()> {
        Ok(self.ctx.write_log(endpoint.rep(), &message)?)
    }

    fn drop(&mut self, endpoint: Resource<log::Endpoint>) -> wasmtime::Result<()> {
        self.release::<Endpoint>(endpoint.rep())
    }
}
