//! Answers every request with the value of the key that its path names, from the store `bench`. On the public crate, so
//! that any host of the ABI can be measured with it.

use fastly::http::StatusCode;
use fastly::kv_store::KVStoreError;
use fastly::{Error, KVStore, Request, Response};

#[fastly::main]
fn main(request: Request) -> Result<Response, Error> {
    let Some(store) = KVStore::open("bench")? else {
        return Ok(Response::from_status(StatusCode::INTERNAL_SERVER_ERROR).with_body("no store `bench`\n"));
    };
    match store.lookup(request.get_path().trim_start_matches('/')) {
        Ok(mut found) => Ok(Response::from_body(found.take_body())),
        Err(KVStoreError::ItemNotFound) => Ok(Response::from_status(StatusCode::NOT_FOUND)),
        Err(error) => Err(error.into()),
    }
}
