//! Out-pointers that are wrong in every way: one case for each function that has some. The calls are those of `handles`, too.

use edgekv_sys::{FastlyStatus as Status, KvError};

use super::handles::Kind;
use crate::abi::{Function, async_io, body, kv, log, object_store as old};
use crate::case::{Case, Failure, Outcome, case, same};
use crate::here::{Here, InsertOptions, ListOptions, body_of};
use crate::memory::{block, end, out, put, put_numbers};
use crate::seeded::STORE;

const POINTERS: &str = "Conventions, out-pointers";

/// A call that succeeds.
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<u32>,
    /// Positions of out-pointers, and the alignment of what they point to.
    outs: &'static [(usize, u32)],
    /// Whether the call takes a body with it even when it fails, so that it cannot be repeated.
    takes_body: bool,
}

fn call(
    function: Function,
    arguments: impl Into<Vec<u32>>,
    outs: &'static [(usize, u32)],
) -> Result<Call, Failure> {
    Ok(Call { function, arguments: arguments.into(), outs, takes_body: false })
}

fn taking_body(
    function: Function,
    arguments: impl Into<Vec<u32>>,
    outs: &'static [(usize, u32)],
) -> Result<Call, Failure> {
    Ok(Call { takes_body: true, ..call(function, arguments, outs)? })
}

/// A wait for an operation of this kind, with as many out-variables.
fn waiting<const N: usize>(
    here: &Here,
    kind: Kind,
    function: Function,
    outs: &'static [(usize, u32)],
) -> Result<Call, Failure> {
    let operation = kind.object(here)?;
    let arguments: [u32; N] = [(); N].map(|()| out());
    call(function, [&[operation], &arguments[..]].concat(), outs)
}

/// The wait for a lookup that finds something, in either version.
fn lookup_wait(here: &Here, function: Function, outs: &'static [(usize, u32)]) -> Result<Call, Failure> {
    here.insert("k", b"v")?;
    let pending = Kind::Lookup.object(here)?;
    call(function, [pending, out(), block(64), 64, out(), out(), out()], outs)
}

/// An existing key of the case.
fn key(here: &Here) -> (u32, u32) {
    put(here.key("k").as_bytes())
}

/// A body without bytes and with a trailer.
fn with_trailer() -> Result<(u32, (u32, u32)), Failure> {
    let (value, (name, length)) = (body_of(b"")?, put(b"k"));
    let status = body::trailer_append(&[value, name, length, name, length]);
    same("status of trailer_append", status, Status::OK)?;
    Ok((value, (name, length)))
}

/// A function by its module and name, and what makes a call of it that succeeds. Made anew for each call, as some consume what they
/// are given.
type Row = (&'static str, fn(&Here) -> Result<Call, Failure>);

pub(super) const FUNCTIONS: [Row; 34] = [
    ("fastly_kv_store-open", |_| {
        let (name, length) = put(STORE.as_bytes());
        call(kv::open, [name, length, out()], &[(2, 4)])
    }),
    ("fastly_kv_store-lookup", |here| {
        let (key, length) = key(here);
        call(kv::lookup, [here.store, key, length, 0, 0, out()], &[(5, 4)])
    }),
    ("fastly_kv_store-lookup_wait", |here| {
        lookup_wait(here, kv::lookup_wait, &[(1, 4), (4, 4), (5, 4), (6, 4)])
    }),
    ("fastly_kv_store-lookup_wait_v2", |here| {
        lookup_wait(here, kv::lookup_wait_v2, &[(1, 4), (4, 4), (5, 8), (6, 4)])
    }),
    ("fastly_kv_store-insert", |here| {
        let ((key, length), record) = (key(here), InsertOptions::default().record());
        taking_body(kv::insert, [here.store, key, length, body_of(b"v")?, 0, record, out()], &[(6, 4)])
    }),
    ("fastly_kv_store-insert_wait", |here| waiting::<1>(here, Kind::Insert, kv::insert_wait, &[(1, 4)])),
    ("fastly_kv_store-delete", |here| {
        let (key, length) = key(here);
        call(kv::delete, [here.store, key, length, 0, 0, out()], &[(5, 4)])
    }),
    ("fastly_kv_store-delete_wait", |here| waiting::<1>(here, Kind::Delete, kv::delete_wait, &[(1, 4)])),
    ("fastly_kv_store-list", |here| {
        let record = ListOptions::default().limit(1);
        call(kv::list, [here.store, record.mask, record.record(), out()], &[(3, 4)])
    }),
    ("fastly_kv_store-list_wait", |here| waiting::<2>(here, Kind::List, kv::list_wait, &[(1, 4), (2, 4)])),
    ("fastly_object_store-open", |_| {
        let (name, length) = put(STORE.as_bytes());
        call(old::open, [name, length, out()], &[(2, 4)])
    }),
    ("fastly_object_store-lookup", |here| {
        let (key, length) = key(here);
        call(old::lookup, [here.store, key, length, out()], &[(3, 4)])
    }),
    ("fastly_object_store-lookup_async", |here| {
        let (key, length) = key(here);
        call(old::lookup_async, [here.store, key, length, out()], &[(3, 4)])
    }),
    ("fastly_object_store-pending_lookup_wait", |here| {
        waiting::<1>(here, Kind::Lookup, old::pending_lookup_wait, &[(1, 4)])
    }),
    ("fastly_object_store-insert", |here| {
        let (key, length) = key(here);
        taking_body(old::insert, [here.store, key, length, body_of(b"v")?], &[])
    }),
    ("fastly_object_store-insert_async", |here| {
        let (key, length) = key(here);
        taking_body(old::insert_async, [here.store, key, length, body_of(b"v")?, out()], &[(4, 4)])
    }),
    ("fastly_object_store-pending_insert_wait", |here| {
        waiting::<0>(here, Kind::Insert, old::pending_insert_wait, &[])
    }),
    ("fastly_object_store-delete_async", |here| {
        let (key, length) = key(here);
        call(old::delete_async, [here.store, key, length, out()], &[(3, 4)])
    }),
    ("fastly_object_store-pending_delete_wait", |here| {
        here.insert("k", b"v")?;
        waiting::<0>(here, Kind::Delete, old::pending_delete_wait, &[])
    }),
    ("fastly_http_body-append", |_| taking_body(body::append, [body_of(b"a")?, body_of(b"b")?], &[])),
    ("fastly_http_body-new", |_| call(body::new, [out()], &[(0, 4)])),
    ("fastly_http_body-read", |_| call(body::read, [body_of(b"data")?, block(64), 64, out()], &[(3, 4)])),
    ("fastly_http_body-write", |_| {
        let (at, length) = put(b"data");
        call(body::write, [body_of(b"")?, at, length, 0, out()], &[(4, 4)])
    }),
    ("fastly_http_body-close", |_| call(body::close, [body_of(b"data")?], &[])),
    ("fastly_http_body-abandon", |_| call(body::abandon, [body_of(b"data")?], &[])),
    ("fastly_http_body-trailer_append", |_| {
        let (name, length) = put(b"k");
        call(body::trailer_append, [body_of(b"")?, name, length, name, length], &[])
    }),
    ("fastly_http_body-trailer_names_get", |_| {
        let (value, _) = with_trailer()?;
        call(body::trailer_names_get, [value, block(64), 64, 0, out(), out()], &[(4, 8), (5, 4)])
    }),
    ("fastly_http_body-trailer_value_get", |_| {
        let (value, (name, length)) = with_trailer()?;
        call(body::trailer_value_get, [value, name, length, block(64), 64, out()], &[(5, 4)])
    }),
    ("fastly_http_body-trailer_values_get", |_| {
        let (value, (name, length)) = with_trailer()?;
        let arguments = [value, name, length, block(64), 64, 0, out(), out()];
        call(body::trailer_values_get, arguments, &[(6, 8), (7, 4)])
    }),
    ("fastly_http_body-known_length", |_| call(body::known_length, [body_of(b"data")?, out()], &[(1, 8)])),
    ("fastly_async_io-select", |_| {
        let (at, count) = put_numbers(&[body_of(b"data")?]);
        call(async_io::select, [at, count, 0, out()], &[(3, 4)])
    }),
    ("fastly_async_io-is_ready", |_| call(async_io::is_ready, [body_of(b"data")?, out()], &[(1, 4)])),
    ("fastly_log-endpoint_get", |_| {
        let (name, length) = put(b"conformance");
        call(log::endpoint_get, [name, length, out()], &[(2, 4)])
    }),
    ("fastly_log-write", |here| {
        let (at, length) = put(b"a message");
        call(log::write, [Kind::Endpoint.object(here)?, at, length, out()], &[(3, 4)])
    }),
];

/// Those without out-pointers have nothing to check.
const WITHOUT: [&str; 7] = [
    "fastly_object_store-insert",
    "fastly_object_store-pending_insert_wait",
    "fastly_object_store-pending_delete_wait",
    "fastly_http_body-append",
    "fastly_http_body-close",
    "fastly_http_body-abandon",
    "fastly_http_body-trailer_append",
];

/// Each out-pointer is refused when it is wrong, and the same call goes well with the right one afterwards.
fn checks_out_pointers(here: &Here, prepare: fn(&Here) -> Result<Call, Failure>) -> Outcome {
    for position in 0..prepare(here)?.outs.len() {
        let mut call = prepare(here)?;
        let (argument, align) = call.outs[position];
        let good = call.arguments[argument];
        let misaligned = (1..align).map(|offset| (good + offset, Status::BADALIGN));
        let outside = [end(), end() + 1_024, u32::MAX - 7].map(|at| (at, Status::INVAL));
        for (bad, expected) in misaligned.chain(outside) {
            if call.takes_body {
                call = prepare(here)?;
            }
            call.arguments[argument] = bad;
            let status = (call.function)(&call.arguments);
            same(format!("status with argument {argument} at {bad:#x}"), status, expected)?;
        }
        if call.takes_body {
            call = prepare(here)?;
        } else {
            call.arguments[argument] = good;
        }
        same("status with the right one, afterwards", (call.function)(&call.arguments), Status::OK)?;
    }
    Ok(())
}

/// All out-variables of a call may be the same one.
fn may_overlap(here: &Here) -> Outcome {
    for (name, prepare) in FUNCTIONS {
        let mut call = prepare(here)?;
        let Some(&(first, _)) = call.outs.first() else { continue };
        let shared = call.arguments[first];
        for (argument, _) in call.outs {
            call.arguments[*argument] = shared;
        }
        same(format!("status of {name}"), (call.function)(&call.arguments), Status::OK)?;
    }
    Ok(())
}

pub(super) fn cases() -> Vec<Case> {
    let of_function = |&(name, prepare): &Row| {
        let what = format!("{} checks its out-pointers before it does anything", name.replace('-', "."));
        case(format!("pointer-{name}"), POINTERS, what, move |here| checks_out_pointers(here, prepare))
    };
    let mut cases: Vec<_> =
        FUNCTIONS.iter().filter(|(name, _)| !WITHOUT.contains(name)).map(of_function).collect();
    cases.push(case("pointer-overlap", POINTERS, "out-variables may overlap", |here| may_overlap(here)));
    cases.push(case(
        "pointer-nothing-done",
        POINTERS,
        "a start that is refused for its pointer does nothing",
        |here| {
            here.insert("k", b"v")?;
            let (key, length) = key(here);
            let status = kv::delete(&[here.store, key, length, 0, 0, end()]);
            same("status of delete", status, Status::INVAL)?;
            same("outcome of a delete afterwards", here.delete("k")?, KvError::OK)
        },
    ));
    cases
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(super) mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A parameter of a function as the witx text has it: its name, its type, and the position of its first number.
    pub(crate) struct Parameter {
        pub(crate) name: String,
        pub(crate) kind: String,
        pub(crate) position: usize,
    }

    /// The functions of the modules that the tables are about, named as there.
    pub(crate) fn functions() -> Vec<(String, Vec<Parameter>)> {
        let mut functions = Vec::new();
        for module in
            ["fastly_kv_store", "fastly_object_store", "fastly_http_body", "fastly_async_io", "fastly_log"]
        {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../witx/{module}.witx"));
            let text = fs::read_to_string(file).unwrap();
            for function in text.split("(export \"").skip(1) {
                let (name, rest) = function.split_once('"').unwrap();
                let mut position = 0;
                let mut parameters = Vec::new();
                for parameter in rest.lines().filter_map(|line| line.trim().strip_prefix("(param $")) {
                    let (name, kind) = parameter.strip_suffix(')').unwrap().split_once(' ').unwrap();
                    let (name, kind) = (name.to_owned(), kind.to_owned());
                    let numbers = if kind == "string" || kind.starts_with("(list ") { 2 } else { 1 };
                    parameters.push(Parameter { name, kind, position });
                    position += numbers;
                }
                functions.push((format!("{module}-{name}"), parameters));
            }
        }
        functions
    }

    #[test]
    fn every_function_has_its_row_and_those_with_out_pointers_a_case() {
        let functions = functions();
        assert!(functions.len() > 30, "{}", functions.len());
        assert_eq!(functions.len(), FUNCTIONS.len());
        for (name, parameters) in functions {
            let rows = FUNCTIONS.iter().filter(|(known, _)| *known == name).count();
            assert_eq!(rows, 1, "{name} is in so many rows");
            let has_outs = parameters.iter().any(|parameter| parameter.name.ends_with("_out"));
            assert_eq!(has_outs, !WITHOUT.contains(&name.as_str()), "{name}");
        }
    }
}
