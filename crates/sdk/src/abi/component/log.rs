//! Messages to whoever runs the host.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Result;
use super::bindings::log;

/// An endpoint, which stays open until the program ends: a program may keep as many copies as it likes.
pub(crate) type Endpoint = &'static log::Endpoint;

/// The endpoint of a name.
pub(crate) fn endpoint(name: &str) -> Result<Endpoint> {
    static OPEN: Mutex<BTreeMap<String, Endpoint>> = Mutex::new(BTreeMap::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(endpoint) = open.get(name) {
        return Ok(endpoint);
    }
    let endpoint: Endpoint = Box::leak(Box::new(log::get(name.as_bytes())?));
    open.insert(name.to_owned(), endpoint);
    Ok(endpoint)
}

/// Sends one message, whole.
pub(crate) fn log(endpoint: Endpoint, message: &[u8]) -> Result<()> {
    endpoint.write(message);
    Ok(())
}
