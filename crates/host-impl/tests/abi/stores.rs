//! `fastly_abi.init` and `fastly_kv_store.open`.

use edgekv_store::KvError;

use crate::abi_test;
use crate::fixture::Setup;
use crate::guest::{MEMORY_END, UNTOUCHED, kv, status};
use crate::ops::InsertOptions;

abi_test!(init_accepts_version_1_only, |f| {
    let mut init = |version| f.guest.call_wide("fastly_abi", "init", &[version]);
    assert_eq!(init(1), status::OK);
    for version in [0, 2, u64::from(u32::MAX), 1 << 32, 1 << 32 | 1, u64::MAX] {
        assert_eq!(init(version), status::ERROR, "version {version}");
    }
});

abi_test!(open_gives_a_handle_that_works_and_is_not_an_invalid_one, |f| {
    // JavaScript guests keep handles in a signed 32-bit slot.
    assert!(f.store < 1 << 31);
    f.guest.insert(f.store, "k", b"v");
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v");
});

abi_test!(open_of_an_unknown_or_impossible_name_is_inval_and_leaves_the_out_variable, |f| {
    let long = "s".repeat(256);
    for name in [&b"unknown"[..], b"", b"Store", b"store\0", b"a\nb", b"\xff\xfe", long.as_bytes()] {
        let ((at, length), out) = (f.guest.put(name), f.guest.out());
        assert_eq!(f.guest.kv("open", &[at, length, out]), status::INVAL, "{name:?}");
        assert_eq!(f.guest.u32(out), UNTOUCHED);
    }
    let out = f.guest.out();
    assert_eq!(f.guest.kv("open", &[MEMORY_END - 2, 5, out]), status::INVAL, "a name beyond memory");
});

abi_test!(opening_a_store_again_and_again_takes_up_no_more_room, |f| {
    let (before, _) = f.guest.held();
    for _ in 0..1_000 {
        let store = f.guest.open("store");
        f.guest.insert(store, "k", b"v");
    }
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v", "the first handle is still good");
    assert_eq!(f.guest.held().0, before);
});

abi_test!(a_store_that_the_engine_cannot_open_is_an_error_and_not_unknown, |f| {
    f.script.fail_with(Some(KvError::engine("the disk is gone")));
    let ((at, length), out) = (f.guest.put(b"other"), f.guest.out());
    assert_eq!(f.guest.kv("open", &[at, length, out]), status::ERROR);
});

abi_test!(stores_do_not_share_keys, |f| {
    f.stores.create(&edgekv_store::StoreName::new("other").unwrap()).wait().unwrap();
    let other = f.guest.open("other");
    f.guest.insert(f.store, "k", b"mine");
    assert_eq!(f.guest.value(other, "k"), None);
    f.guest.insert(other, "k", b"other");
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"mine");
});

abi_test!(in_a_store_that_was_deleted_after_it_was_opened_nothing_is_found, |f| {
    let other = f.stores.create(&edgekv_store::StoreName::new("other").unwrap()).wait().unwrap();
    let handle = f.guest.open("other");
    assert!(f.stores.delete(other.info().id).wait().unwrap());
    assert_eq!(f.guest.lookup(handle, "k"), None);
    assert_eq!(f.guest.insert_with(handle, "k", b"v", InsertOptions::default()), kv::NOT_FOUND);
    assert_eq!(f.guest.delete(handle, "k"), kv::NOT_FOUND);
    // Another one of its name is not the one that the guest has opened.
    let again = f.stores.create(&edgekv_store::StoreName::new("other").unwrap()).wait().unwrap();
    assert_eq!(f.guest.insert_with(handle, "k", b"v", InsertOptions::default()), kv::NOT_FOUND);
    assert!(again.lookup(edgekv_store::Key::new("k").unwrap()).wait().unwrap().is_none());
});

abi_test!(a_handle_outlives_the_name_by_which_the_store_was_opened, |f| {
    let id = f.stores.list().wait().unwrap()[0].id;
    f.guest.insert(f.store, "k", b"v");
    assert!(f.stores.rename(id, &edgekv_store::StoreName::new("new").unwrap()).wait().unwrap().is_some());
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v");
    let renamed = f.guest.open("new");
    assert_eq!(f.guest.value(renamed, "k").unwrap(), b"v");
});

abi_test!(the_longest_store_name_can_be_opened, |f| {
    let name = "é".repeat(255);
    f.stores.create(&edgekv_store::StoreName::new(&name).unwrap()).wait().unwrap();
    let store = f.guest.open(&name);
    f.guest.insert(store, "k", b"v");
});

abi_test!(
    a_hidden_store_is_as_unknown_as_one_that_is_not_there,
    Setup { ctx: |ctx| ctx.hide_store(edgekv_store::StoreName::new("hidden").unwrap()), ..Setup::default() },
    |f| {
        f.stores.create(&edgekv_store::StoreName::new("hidden").unwrap()).wait().unwrap();
        let ((at, length), out) = (f.guest.put(b"hidden"), f.guest.out());
        assert_eq!(f.guest.kv("open", &[at, length, out]), status::INVAL);
        assert_eq!(f.guest.u32(out), UNTOUCHED);
    }
);

abi_test!(the_host_knows_the_first_stores_that_a_guest_did_not_find, |f| {
    assert_eq!(f.guest.missing_stores(), [""; 0]);
    for name in ["b", "a", "b", ""] {
        let ((at, length), out) = (f.guest.put(name.as_bytes()), f.guest.out());
        assert_eq!(f.guest.kv("open", &[at, length, out]), status::INVAL, "{name:?}");
    }
    assert_eq!(f.guest.missing_stores(), ["a", "b"], "each once, and only what can be a name");
    for number in 0..100 {
        let ((at, length), out) = (f.guest.put(format!("s{number}").as_bytes()), f.guest.out());
        assert_eq!(f.guest.kv("open", &[at, length, out]), status::INVAL);
    }
    assert_eq!(f.guest.missing_stores().len(), 16, "a guest cannot fill the host with names");
});

abi_test!(a_rate_limit_at_open_is_limitexceeded, |f| {
    f.script.fail_with(Some(KvError::TooManyRequests));
    let ((at, length), out) = (f.guest.put(b"other"), f.guest.out());
    assert_eq!(f.guest.kv("open", &[at, length, out]), status::LIMITEXCEEDED);
});
