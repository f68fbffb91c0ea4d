//! The functions of the ABI, a file per module.
//!
//! Each goes through the same steps: read and check what the guest passes, out-pointers included; find the
//! objects behind its handles; do the work; store the answers. The work is in `operations/`, where components have it done as well.

mod abi;
mod async_io;
mod compute_runtime;
mod headers;
mod http_body;
mod http_downstream;
mod http_req;
mod http_resp;
mod kv_store;
mod log;
mod object_store;
