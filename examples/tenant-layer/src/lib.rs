//! A component between a program and its KV store. The program sees a store of its own; in truth all of its keys begin with the name
//! of a tenant, and it can neither see nor write what belongs to another one. That it has a prefix is no secret: cursors of lists
//! contain it.
//!
//! The tenant is chosen by whoever builds the layer, not by the program: `EDGEKV_TENANT=acme cargo xtask guests tenant-layer`.
//! Then `edgekv compose app.component.wasm --with tenant-layer.wasm -o acme.wasm`.
//!
//! It imports the interface that it exports. So every resource has one of ours around it, and most functions only pass on what they
//! are given; what the layer is about is in `inside` and `outside`.

mod bindings;
mod lists;
mod writes;

use edgekv_store::Key;

use bindings::edgekv::kv::bodies::Body;
use bindings::edgekv::kv::kv_store as inner;
use bindings::exports::edgekv::kv::kv_store::{self as outer, Entry, Error};
use bindings::wasi::io::poll::Pollable;

/// What all keys begin with.
const TENANT: &str = match option_env!("EDGEKV_TENANT") {
    Some(tenant) => tenant,
    None => "tenant-a",
};

// Of two tenants with such names, the keys of neither begin with the name of the other and a slash.
const _: () = assert!(is_tenant(TENANT), "EDGEKV_TENANT must be 1 to 64 characters of a-z, 0-9 and -");

/// Whether this can be the name of a tenant.
const fn is_tenant(name: &str) -> bool {
    let name = name.as_bytes();
    let mut at = 0;
    while at < name.len() {
        if !matches!(name[at], b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        at += 1;
    }
    1 <= at && at <= 64
}

/// The key that is inside of the store for one that the program names. What is no key by itself must not become one with a prefix.
fn inside(key: &[u8]) -> Result<Vec<u8>, Error> {
    let key =
        std::str::from_utf8(key).ok().and_then(|key| Key::new(key).ok()).ok_or(Error::InvalidArgument)?;
    Ok(begin(key.as_str().as_bytes()))
}

/// Text that keys begin with, as they are inside of the store.
fn begin(text: &[u8]) -> Vec<u8> {
    [TENANT.as_bytes(), b"/", text].concat()
}

/// The key that the program knows, of one that is inside of the store.
fn outside(key: &[u8]) -> Option<&[u8]> {
    key.strip_prefix(TENANT.as_bytes())?.strip_prefix(b"/").filter(|key| !key.is_empty())
}

/// The exports of this component.
struct Layer;

impl outer::Guest for Layer {
    type Store = Store;
    type LookupResponse = LookupResponse;
    type LookupBuilder = LookupBuilder;
    type InsertBuilder = writes::InsertBuilder;
    type DeleteBuilder = writes::DeleteBuilder;
    type ListBuilder = lists::ListBuilder;
    type PendingLookup = PendingLookup;
    type PendingInsert = writes::PendingInsert;
    type PendingDelete = writes::PendingDelete;
    type PendingList = lists::PendingList;

    fn open(name: Vec<u8>) -> Result<outer::Store, Error> {
        inner::open(&name).map(|store| outer::Store::new(Store(store)))
    }
}

struct Store(inner::Store);

impl outer::GuestStore for Store {
    fn lookup(&self, key: Vec<u8>) -> Result<outer::LookupResponse, Error> {
        self.0.lookup(&inside(&key)?).map(LookupResponse::export)
    }

    fn get(&self, key: Vec<u8>) -> Result<Entry, Error> {
        self.0.get(&inside(&key)?)
    }

    fn lookup_async(&self, key: Vec<u8>) -> Result<outer::PendingLookup, Error> {
        self.0.lookup_async(&inside(&key)?).map(PendingLookup::export)
    }

    fn insert(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Error> {
        self.0.insert(&inside(&key)?, &value)
    }

    fn delete(&self, key: Vec<u8>) -> Result<(), Error> {
        self.0.delete(&inside(&key)?)
    }

    fn delete_async(&self, key: Vec<u8>) -> Result<outer::PendingDelete, Error> {
        self.0.delete_async(&inside(&key)?).map(writes::PendingDelete::export)
    }

    fn build_lookup(&self) -> outer::LookupBuilder {
        outer::LookupBuilder::new(LookupBuilder(self.0.build_lookup()))
    }

    fn build_insert(&self) -> outer::InsertBuilder {
        outer::InsertBuilder::new(writes::InsertBuilder(self.0.build_insert()))
    }

    fn build_delete(&self) -> outer::DeleteBuilder {
        outer::DeleteBuilder::new(writes::DeleteBuilder(self.0.build_delete()))
    }

    fn build_list(&self) -> outer::ListBuilder {
        outer::ListBuilder::new(lists::ListBuilder::new(self.0.build_list()))
    }
}

struct LookupBuilder(inner::LookupBuilder);

impl outer::GuestLookupBuilder for LookupBuilder {
    fn execute(&self, key: Vec<u8>) -> Result<outer::LookupResponse, Error> {
        self.0.execute(&inside(&key)?).map(LookupResponse::export)
    }

    fn execute_async(&self, key: Vec<u8>) -> Result<outer::PendingLookup, Error> {
        self.0.execute_async(&inside(&key)?).map(PendingLookup::export)
    }
}

struct LookupResponse(inner::LookupResponse);

impl LookupResponse {
    fn export(response: inner::LookupResponse) -> outer::LookupResponse {
        outer::LookupResponse::new(Self(response))
    }
}

impl outer::GuestLookupResponse for LookupResponse {
    fn take_body(&self) -> Body {
        self.0.take_body()
    }

    fn try_take_body(&self) -> Option<Body> {
        self.0.try_take_body()
    }

    fn take_body_bytes(&self) -> Vec<u8> {
        self.0.take_body_bytes()
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        self.0.metadata()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }
}

struct PendingLookup(inner::PendingLookup);

impl PendingLookup {
    fn export(pending: inner::PendingLookup) -> outer::PendingLookup {
        outer::PendingLookup::new(Self(pending))
    }
}

impl outer::GuestPendingLookup for PendingLookup {
    fn wait(this: outer::PendingLookup) -> Result<Entry, Error> {
        inner::PendingLookup::wait(this.into_inner::<Self>().0)
    }

    fn wait_response(this: outer::PendingLookup) -> Result<outer::LookupResponse, Error> {
        inner::PendingLookup::wait_response(this.into_inner::<Self>().0).map(LookupResponse::export)
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_as_it_was_and_keys_of_others_do_not() {
        let there = inside(b"users/7").unwrap();
        assert_eq!(there, [TENANT.as_bytes(), b"/users/7"].concat());
        assert_eq!(outside(&there), Some(&b"users/7"[..]));
        let others = ["users/7".into(), TENANT.into(), format!("{TENANT}/"), format!("{TENANT}2/users/7")];
        for other in others {
            assert_eq!(outside(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn tenants_whose_keys_could_overlap_or_be_none_are_no_tenants() {
        for good in [TENANT, "a", "0", "acme-2", &"t".repeat(64)] {
            assert!(is_tenant(good), "{good:?}");
        }
        for bad in ["", "a/b", "/", "#", ".", "A", "t\u{e4}", "a b", &"t".repeat(65)] {
            assert!(!is_tenant(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_key_does_not_become_one() {
        for bad in [&b""[..], b".", b"..", b".well-known/acme-challenge/x", b"what?", b"\xff"] {
            assert_eq!(inside(bad), Err(Error::InvalidArgument), "{bad:?}");
        }
    }
}
