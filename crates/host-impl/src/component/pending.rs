//! The pending operations of `edgekv:kv/kv-store`.

use edgekv_store::{Entry, Generation, ListPage};
use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::DynPollable;

use super::KvView;
use super::bindings::edgekv::kv::bodies;
use super::bindings::edgekv::kv::kv_store::{
    self, HostPendingDelete, HostPendingInsert, HostPendingList, HostPendingLookup, PendingDelete,
    PendingInsert, PendingList, PendingLookup,
};
use super::kv_store::{deleted, list_page, written};
use crate::body::Body;
use crate::handles::Object;
use crate::operations::document;
use crate::pending::Pending;
use crate::status::Error;

impl HostPendingLookup for KvView<'_> {
    async fn wait(&mut self, pending: Resource<PendingLookup>) -> Result<kv_store::Entry, Error> {
        let found = self.ctx.wait_and_take::<Option<Entry>>(pending.rep()).await?;
        self.entry(found)
    }

    async fn wait_response(
        &mut self,
        pending: Resource<PendingLookup>,
    ) -> Result<Resource<kv_store::LookupResponse>, Error> {
        let found = self.ctx.wait_and_take::<Option<Entry>>(pending.rep()).await?;
        self.response(found)
    }

    fn subscribe(
        &mut self,
        pending: Resource<PendingLookup>,
    ) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        self.subscribe_to(pending.rep())
    }

    fn drop(&mut self, pending: Resource<PendingLookup>) -> wasmtime::Result<()> {
        self.release::<Pending<Option<Entry>>>(pending.rep())
    }
}

impl HostPendingInsert for KvView<'_> {
    async fn wait(&mut self, pending: Resource<PendingInsert>) -> Result<(), Error> {
        written(self.ctx.wait_and_take::<Generation>(pending.rep()).await?)
    }

    fn subscribe(
        &mut self,
        pending: Resource<PendingInsert>,
    ) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        self.subscribe_to(pending.rep())
    }

    fn drop(&mut self, pending: Resource<PendingInsert>) -> wasmtime::Result<()> {
        self.release::<Pending<Generation>>(pending.rep())
    }
}

impl HostPendingDelete for KvView<'_> {
    async fn wait(&mut self, pending: Resource<PendingDelete>) -> Result<(), Error> {
        deleted(self.ctx.wait_and_take::<bool>(pending.rep()).await?)
    }

    fn subscribe(
        &mut self,
        pending: Resource<PendingDelete>,
    ) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        self.subscribe_to(pending.rep())
    }

    fn drop(&mut self, pending: Resource<PendingDelete>) -> wasmtime::Result<()> {
        self.release::<Pending<bool>>(pending.rep())
    }
}

impl HostPendingList for KvView<'_> {
    async fn wait(&mut self, pending: Resource<PendingList>) -> Result<kv_store::ListPage, Error> {
        list_page(self.ctx.wait_and_take::<ListPage>(pending.rep()).await?)
    }

    async fn wait_document(
        &mut self,
        pending: Resource<PendingList>,
    ) -> Result<Resource<bodies::Body>, Error> {
        let page = self.ctx.wait_and_take::<ListPage>(pending.rep()).await?;
        let document = page.and_then(|page| document(&page))?;
        self.own(Object::Body(Body::from(document)))
    }

    fn subscribe(
        &mut self,
        pending: Resource<PendingList>,
    ) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        self.subscribe_to(pending.rep())
    }

    fn drop(&mut self, pending: Resource<PendingList>) -> wasmtime::Result<()> {
        self.release::<Pending<ListPage>>(pending.rep())
    }
}
