//! Calls of the interface, as `wit-bindgen` has them in Rust.
//!
//! ```text
//! cargo xtask guests talk-wit-calls
//! cargo run -p edgekv-cli -- run --store kv1 target/guests/talk-wit-calls.component.wasm
//! ```

use talk::kv_store::{self, Error, LookupResponse, Store};

fn main() -> Result<(), Error> {
    let store: Store = kv_store::open(b"kv1")?;
    store.insert(b"msg3", b"this is message 3")?;

    let value: LookupResponse = store.lookup(b"msg3")?;
    println!("found msg3, generation {}", value.generation());
    assert_eq!(value.metadata(), None);
    let bytes = value.take_body_bytes();
    assert_eq!(bytes, b"this is message 3");
    println!("its value is {:?}", String::from_utf8_lossy(&bytes));

    // A body can be taken once.
    assert!(value.try_take_body().is_none());

    // The same in one call.
    let entry = store.get(b"msg3")?;
    assert_eq!(entry.body.read(100), Ok(bytes));
    assert_eq!(entry.generation, value.generation());

    store.delete(b"msg3")?;
    assert_eq!(store.lookup(b"msg3").err(), Some(Error::NotFound));
    println!("deleted msg3");
    assert_eq!(kv_store::open(b"no-such-store").err(), Some(Error::NoSuchStore));
    Ok(())
}
