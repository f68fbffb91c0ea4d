//! The calls of the module `fastly_log`.

pub(crate) use edgekv_sys::EndpointHandle as Endpoint;
#[cfg(not(test))]
use edgekv_sys::fastly_log;

#[cfg(test)]
use super::script::fastly_log;
use super::{Result, check, check_length};
use crate::error::{Call, Fault};

/// The endpoint of a name.
pub(crate) fn endpoint(name: &str) -> Result<Endpoint> {
    let mut endpoint = Endpoint::INVALID;
    // SAFETY: `name` is a `str`, and `endpoint` a local.
    check(Call::Log, unsafe { fastly_log::endpoint_get(name.as_ptr(), name.len(), &raw mut endpoint) })?;
    if endpoint == Endpoint::INVALID {
        return Err(Fault::Empty { missing: "no endpoint" });
    }
    Ok(endpoint)
}

/// Sends one message, whole.
pub(crate) fn log(endpoint: Endpoint, message: &[u8]) -> Result<()> {
    let mut written = 0;
    // SAFETY: `message` is a slice, and `written` a local.
    check(Call::Log, unsafe {
        fastly_log::write(endpoint, message.as_ptr(), message.len(), &raw mut written)
    })?;
    // The rest of a message would be another message, so there is nothing to go on with.
    match check_length(written, message.len())? {
        all if all == message.len() => Ok(()),
        _ => Err(Fault::Empty { missing: "no room for the whole message" }),
    }
}
