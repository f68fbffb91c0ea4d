//! The request, from what the host has to the types of the crate `http`.

#[cfg(not(is_component))]
mod calls;
#[cfg(is_component)]
mod resource;

#[cfg(not(is_component))]
pub(super) use self::calls::receive;
#[cfg(is_component)]
pub(super) use self::resource::receive;
use crate::error::Fault;

/// Why there is no request to be handled.
#[derive(Debug)]
#[cfg_attr(is_component, allow(dead_code, reason = "a component is given what its host has read"))]
pub(super) enum Refusal {
    /// The host has none for this program.
    Absent(Fault),
    /// The host has one, and cannot tell what is in it.
    Host(Fault),
    /// The client has sent what is not HTTP.
    Invalid(String),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Host(fault)
    }
}

/// The most bytes of a text that is not acceptable that a message shows.
const SHOWN_BYTES: usize = 100;

fn invalid(what: &str, text: &[u8]) -> Refusal {
    let shown = &text[..text.len().min(SHOWN_BYTES)];
    Refusal::Invalid(format!("its {what} is not valid: {:?}", String::from_utf8_lossy(shown)))
}

fn too_many_headers<E>(_: E) -> Refusal {
    Refusal::Invalid("there are too many headers".to_owned())
}
