//! A program written for `fastly::kv_store` compiles with nothing but its imports changed: the signatures that it can
//! rely on, each as the type it must have, and a body of code as users write it.

use std::io::{BufRead, Read, Write};
use std::time::Duration;

use edgekv::kv_store::{
    DeleteBuilder, InsertBuilder, InsertMode, KVStore, KVStoreError, ListBuilder, ListMode, ListPage,
    ListResponse, LookupBuilder, LookupResponse, PendingDeleteHandle, PendingInsertHandle, PendingListHandle,
    PendingLookupHandle,
};
use edgekv::{Body, FastlyStatus, Prefix, PrefixString};

type Result<T> = std::result::Result<T, KVStoreError>;

#[test]
fn methods_of_the_store_have_the_known_signatures() {
    let _: fn(&str) -> Result<Option<KVStore>> = KVStore::open;
    let _: fn(&KVStore, &str) -> Result<LookupResponse> = KVStore::lookup;
    let _: fn(&KVStore, &str, &'static str) -> Result<()> = KVStore::insert;
    let _: fn(&KVStore, &str, Body) -> Result<()> = KVStore::insert;
    let _: fn(&KVStore, &str) -> Result<()> = KVStore::delete;
    let _: fn(&KVStore) -> Result<ListPage> = KVStore::list;
    let _: for<'a> fn(&'a KVStore) -> LookupBuilder<'a> = KVStore::build_lookup;
    let _: for<'a> fn(&'a KVStore) -> InsertBuilder<'a> = KVStore::build_insert;
    let _: for<'a> fn(&'a KVStore) -> DeleteBuilder<'a> = KVStore::build_delete;
    let _: for<'a> fn(&'a KVStore) -> ListBuilder<'a> = KVStore::build_list;
    let _: fn(&KVStore, PendingLookupHandle) -> Result<LookupResponse> = KVStore::pending_lookup_wait;
    let _: fn(&KVStore, PendingInsertHandle) -> Result<()> = KVStore::pending_insert_wait;
    let _: fn(&KVStore, PendingDeleteHandle) -> Result<()> = KVStore::pending_delete_wait;
    let _: fn(&KVStore, PendingListHandle) -> Result<ListPage> = KVStore::pending_list_wait;
}

#[test]
fn builders_have_the_known_signatures() {
    let _: fn(&LookupBuilder<'static>, &str) -> Result<LookupResponse> = LookupBuilder::execute;
    let _: fn(&LookupBuilder<'static>, &str) -> Result<PendingLookupHandle> = LookupBuilder::execute_async;
    let _: fn(InsertBuilder<'static>, InsertMode) -> InsertBuilder<'static> = InsertBuilder::mode;
    let _: fn(InsertBuilder<'static>) -> InsertBuilder<'static> = InsertBuilder::background_fetch;
    let _: fn(InsertBuilder<'static>, u64) -> InsertBuilder<'static> = InsertBuilder::if_generation_match;
    let _: fn(InsertBuilder<'static>, &str) -> InsertBuilder<'static> = InsertBuilder::metadata;
    let _: fn(InsertBuilder<'static>, Duration) -> InsertBuilder<'static> = InsertBuilder::time_to_live;
    let _: fn(InsertBuilder<'static>, &str, String) -> Result<()> = InsertBuilder::execute;
    let _: fn(&InsertBuilder<'static>, &str, Vec<u8>) -> Result<PendingInsertHandle> =
        InsertBuilder::execute_async;
    let _: fn(&DeleteBuilder<'static>, &str) -> Result<()> = DeleteBuilder::execute;
    let _: fn(&DeleteBuilder<'static>, &str) -> Result<PendingDeleteHandle> = DeleteBuilder::execute_async;
    let _: fn(ListBuilder<'static>) -> ListBuilder<'static> = ListBuilder::eventual_consistency;
    let _: fn(ListBuilder<'static>, &str) -> ListBuilder<'static> = ListBuilder::cursor;
    let _: fn(ListBuilder<'static>, u32) -> ListBuilder<'static> = ListBuilder::limit;
    let _: fn(ListBuilder<'static>, &str) -> ListBuilder<'static> = ListBuilder::prefix;
    let _: fn(ListBuilder<'static>) -> Result<ListPage> = ListBuilder::execute;
    let _: fn(ListBuilder<'static>) -> ListResponse<'static> = ListBuilder::iter;
    let _: fn(&ListBuilder<'static>) -> Result<PendingListHandle> = ListBuilder::execute_async;
}

#[test]
fn results_have_the_known_signatures() {
    let _: fn(&mut LookupResponse) -> Body = LookupResponse::take_body;
    let _: fn(&mut LookupResponse) -> Option<Body> = LookupResponse::try_take_body;
    let _: fn(&mut LookupResponse) -> Vec<u8> = LookupResponse::take_body_bytes;
    let _: fn(&LookupResponse) -> Option<bytes::Bytes> = LookupResponse::metadata;
    let _: fn(&LookupResponse) -> u64 = LookupResponse::current_generation;
    #[allow(deprecated, reason = "programs still call it")]
    let _: fn(&LookupResponse) -> u32 = LookupResponse::generation;
    let _: fn(&ListPage) -> &[String] = ListPage::keys;
    let _: fn(ListPage) -> Vec<String> = ListPage::into_keys;
    let _: fn(&ListPage) -> Option<String> = ListPage::next_cursor;
    let _: fn(&ListPage) -> Option<&str> = ListPage::prefix;
    let _: fn(&ListPage) -> u32 = ListPage::limit;
    let _: fn(&ListPage) -> ListMode = ListPage::mode;
    let _: fn(ListResponse<'static>) -> ListPage = ListResponse::into_page;
}

#[test]
fn bodies_have_the_known_signatures() {
    let _: for<'a> fn(&'a mut Body, usize) -> Prefix<'a> = Body::get_prefix_mut;
    let _: for<'a> fn(&'a mut Body, usize) -> std::io::Result<Prefix<'a>> = Body::try_get_prefix_mut;
    let _: for<'a> fn(&'a mut Body, usize) -> PrefixString<'a> = Body::get_prefix_str_mut;
    let _: for<'a> fn(&'a mut Body, usize) -> std::result::Result<PrefixString<'a>, std::str::Utf8Error> =
        Body::try_get_prefix_str_mut;
    let _: fn(Body) -> Vec<u8> = Body::into_bytes;
    let _: fn(Body) -> String = Body::into_string;
    let _: fn(&mut Body, Body) = Body::append;
    let _: fn(&mut Body) -> Option<u64> = Body::known_length;
}

#[test]
fn a_page_can_be_deserialized() {
    let page: ListPage =
        serde_json::from_str(r#"{"data":["a"],"meta":{"limit":1,"next_cursor":""}}"#).unwrap();
    assert_eq!((page.keys(), page.next_cursor()), (&["a".to_owned()][..], None));
}

/// Code as users of the public crate write it.
fn user_code(name: &str) -> std::result::Result<usize, Box<dyn std::error::Error>> {
    let store = KVStore::open(name)?.ok_or("no such store")?;
    let text = String::from("text");
    store.insert("a", text.as_str())?;
    store.insert("b", &b"bytes"[..])?;
    let cow = std::borrow::Cow::Borrowed("meta");
    store.build_insert().mode(InsertMode::Add).metadata(&cow).execute("c", text)?;
    let pending = store.build_lookup().execute_async("a")?;
    let mut body = store.pending_lookup_wait(pending)?.take_body();
    let mut line = String::new();
    body.read_line(&mut line)?;
    let mut rest = Vec::new();
    body.read_to_end(&mut rest)?;
    let mut keys = 0;
    for page in store.build_list().limit(10).prefix("a").iter() {
        keys += page?.keys().len();
    }
    match store.delete("c") {
        Ok(()) | Err(KVStoreError::ItemNotFound) => Ok(keys),
        Err(KVStoreError::Unexpected(FastlyStatus::LIMITEXCEEDED)) => Ok(0),
        Err(KVStoreError::Unexpected(status)) => Err(format!("status {}", status.code).into()),
        Err(error) => Err(error.into()),
    }
}

#[test]
fn without_a_host_the_store_is_unsupported() {
    let error = KVStore::open("any").unwrap_err();
    assert_eq!(error, KVStoreError::Unexpected(FastlyStatus::UNSUPPORTED));
    assert_eq!(error.to_string(), "host answered with status 5 (unsupported)");
    assert_eq!(user_code("any").unwrap_err().to_string(), error.to_string());
}

#[test]
fn without_a_host_a_body_of_any_size_works() {
    let mut body = Body::new();
    for _ in 0..100_000 {
        body.write_all(b"line\n").unwrap();
    }
    body.append(Body::from("end"));
    assert_eq!(body.known_length(), Some(500_003));
    assert_eq!((&mut body as &mut dyn BufRead).lines().count(), 100_001);
    assert!(body.into_bytes().is_empty());
}
