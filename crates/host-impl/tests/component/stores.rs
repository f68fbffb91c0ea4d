//! Opening stores.

use edgekv_store::StoreName;

use crate::fixture::Fixture;
use crate::values::{Answer, bytes};

#[test]
fn a_store_is_opened_by_its_name_and_each_time_as_one_of_its_own() {
    let mut f = Fixture::new();
    let (one, two) = (f.open(), f.open());
    f.insert(&one, "k", "value");
    f.guest.drop("kv-store.store", one);
    assert_eq!(f.value(&two, "k").0, b"value", "the other one is still open");
    f.guest.drop("kv-store.store", two);
    f.assert_nothing_is_left();
}

#[test]
fn a_store_that_is_not_there_or_is_hidden_is_told_and_remembered() {
    let hide = |ctx: edgekv_host::KvCtxBuilder| ctx.hide_store(StoreName::new("hidden").unwrap());
    let mut f = Fixture::with(Default::default(), hide);
    f.stores.create(&StoreName::new("hidden").unwrap()).wait().unwrap();
    for name in ["missing", "hidden"] {
        assert_eq!(f.kv("open", &[bytes(name)]).error(), "no-such-store", "{name}");
    }
    let missing: Vec<_> = f.guest.store.data().kv.missing_stores().map(|name| name.as_str()).collect();
    assert_eq!(missing, ["hidden", "missing"]);
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let mut f = Fixture::new();
    let long = "n".repeat(256);
    for name in [&b""[..], b"\xff", b"tab\t", long.as_bytes()] {
        assert_eq!(f.kv("open", &[bytes(name)]).error(), "invalid-argument", "{name:?}");
    }
}

#[test]
fn an_engine_that_fails_is_told() {
    let mut f = Fixture::new();
    f.script.fail_with(Some(edgekv_store::KvError::engine("broken")));
    assert_eq!(f.kv("open", &[bytes("store")]).error(), "internal-error");
}
