//! Handles that name nothing, or something of another kind: one case for each function that takes one. They are open to choice: a host
//! may count each kind from 0, and then a handle of another kind may name something.

use edgekv_sys::FastlyStatus as Status;

use super::pointers::{Call, FUNCTIONS};
use crate::abi::log;
use crate::case::{Case, Failure, Outcome, open, same};
use crate::here::{Here, INVALID_HANDLE, InsertOptions, ListOptions, body_of};
use crate::memory::{number, out, put};

const HANDLES: &str = "Conventions, handles";

/// What a handle may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Store,
    Body,
    Lookup,
    Insert,
    Delete,
    List,
    Endpoint,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Store, Self::Body, Self::Lookup, Self::Insert, Self::Delete, Self::List, Self::Endpoint];

    /// All that can be waited for.
    pub(super) const ITEMS: [Self; 5] = [Self::Body, Self::Lookup, Self::Insert, Self::Delete, Self::List];

    /// A new object of this kind; there is only one store, and one endpoint of a name.
    pub(super) fn object(self, here: &Here) -> Result<u32, Failure> {
        let key = here.key("k");
        match self {
            Self::Store => Ok(here.store),
            Self::Body => body_of(b"data"),
            Self::Lookup => here.start_lookup(key.as_bytes()),
            Self::Insert => here.start_insert(key.as_bytes(), b"v", InsertOptions::default()),
            Self::Delete => here.start_delete(key.as_bytes()),
            Self::List => here.start_list(ListOptions::default().limit(1)),
            Self::Endpoint => {
                let ((at, length), endpoint) = (put(b"conformance"), out());
                same("status of endpoint_get", log::endpoint_get(&[at, length, endpoint]), Status::OK)?;
                Ok(number(endpoint))
            }
        }
    }
}

/// Calls the function with every handle that it does not take.
fn refuses(
    here: &Here,
    prepare: fn(&Here) -> Result<Call, Failure>,
    position: usize,
    kinds: &[Kind],
) -> Outcome {
    for kind in Kind::ALL.into_iter().filter(|kind| !kinds.contains(kind)) {
        let object = kind.object(here)?;
        let mut call = prepare(here)?;
        call.arguments[position] = object;
        same(format!("status with a handle of {kind:?}"), (call.function)(&call.arguments), Status::BADF)?;
        // It is still there, whatever it is.
        let mut own = use_of(here, kind)?;
        own.arguments[0] = object;
        same(format!("status of using the {kind:?} afterwards"), (own.function)(&own.arguments), Status::OK)?;
    }
    let consumed = Kind::Body.object(here)?;
    same("status of close", crate::abi::body::close(&[consumed]), Status::OK)?;
    for nothing in [0, consumed, 1 << 31, INVALID_HANDLE, u32::MAX] {
        let mut call = prepare(here)?;
        call.arguments[position] = nothing;
        same(format!("status with {nothing:#x}"), (call.function)(&call.arguments), Status::BADF)?;
    }
    Ok(())
}

/// A call that takes an object of this kind as its first argument.
fn use_of(here: &Here, kind: Kind) -> Result<Call, Failure> {
    let name = match kind {
        Kind::Store => "fastly_kv_store-lookup",
        Kind::Body => "fastly_http_body-known_length",
        Kind::Lookup => "fastly_kv_store-lookup_wait_v2",
        Kind::Insert => "fastly_kv_store-insert_wait",
        Kind::Delete => "fastly_kv_store-delete_wait",
        Kind::List => "fastly_kv_store-list_wait",
        Kind::Endpoint => "fastly_log-write",
    };
    match FUNCTIONS.iter().find(|(known, ..)| *known == name) {
        Some((_, prepare)) => prepare(here),
        None => Err(Failure {
            what: name.to_owned(),
            expected: "in the table".to_owned(),
            got: "missing".to_owned(),
        }),
    }
}

/// Every handle of every function: its position, and the kinds that it may be. Those of `select` are in memory, and have cases of
/// their own.
const USES: [(&str, usize, &[Kind]); 33] = [
    ("fastly_kv_store-lookup", 0, &[Kind::Store]),
    ("fastly_kv_store-lookup_wait", 0, &[Kind::Lookup]),
    ("fastly_kv_store-lookup_wait_v2", 0, &[Kind::Lookup]),
    ("fastly_kv_store-insert", 0, &[Kind::Store]),
    ("fastly_kv_store-insert", 3, &[Kind::Body]),
    ("fastly_kv_store-insert_wait", 0, &[Kind::Insert]),
    ("fastly_kv_store-delete", 0, &[Kind::Store]),
    ("fastly_kv_store-delete_wait", 0, &[Kind::Delete]),
    ("fastly_kv_store-list", 0, &[Kind::Store]),
    ("fastly_kv_store-list_wait", 0, &[Kind::List]),
    ("fastly_object_store-lookup", 0, &[Kind::Store]),
    ("fastly_object_store-lookup_async", 0, &[Kind::Store]),
    ("fastly_object_store-pending_lookup_wait", 0, &[Kind::Lookup]),
    ("fastly_object_store-insert", 0, &[Kind::Store]),
    ("fastly_object_store-insert", 3, &[Kind::Body]),
    ("fastly_object_store-insert_async", 0, &[Kind::Store]),
    ("fastly_object_store-insert_async", 3, &[Kind::Body]),
    ("fastly_object_store-pending_insert_wait", 0, &[Kind::Insert]),
    ("fastly_object_store-delete_async", 0, &[Kind::Store]),
    ("fastly_object_store-pending_delete_wait", 0, &[Kind::Delete]),
    ("fastly_http_body-append", 0, &[Kind::Body]),
    ("fastly_http_body-append", 1, &[Kind::Body]),
    ("fastly_http_body-read", 0, &[Kind::Body]),
    ("fastly_http_body-write", 0, &[Kind::Body]),
    ("fastly_http_body-close", 0, &[Kind::Body]),
    ("fastly_http_body-abandon", 0, &[Kind::Body]),
    ("fastly_http_body-trailer_append", 0, &[Kind::Body]),
    ("fastly_http_body-trailer_names_get", 0, &[Kind::Body]),
    ("fastly_http_body-trailer_value_get", 0, &[Kind::Body]),
    ("fastly_http_body-trailer_values_get", 0, &[Kind::Body]),
    ("fastly_http_body-known_length", 0, &[Kind::Body]),
    ("fastly_async_io-is_ready", 0, &Kind::ITEMS),
    ("fastly_log-write", 0, &[Kind::Endpoint]),
];

pub(super) fn cases() -> Vec<Case> {
    let of_use = |&(name, position, kinds): &(&str, usize, &'static [Kind])| {
        let prepare = FUNCTIONS.iter().find(|(known, ..)| *known == name)?.1;
        let id = format!("handle-{name}-{position}");
        let what = format!("argument {position} of {} takes no other handles", name.replace('-', "."));
        Some(open(id, HANDLES, what, move |here| refuses(here, prepare, position, kinds)))
    };
    USES.iter().filter_map(of_use).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handle_of_every_function_is_a_case() {
        let mut known = 0;
        for (name, parameters) in super::super::pointers::tests::functions() {
            for parameter in parameters {
                if !parameter.kind.starts_with('$') || !parameter.kind.ends_with("_handle") {
                    continue;
                }
                known += 1;
                let position = parameter.position;
                let rows = USES.iter().filter(|(function, at, _)| *function == name && *at == position);
                assert_eq!(rows.count(), 1, "{name}, argument {position}, is in so many rows");
            }
        }
        assert_eq!((known, cases().len()), (USES.len(), USES.len()));
    }
}
