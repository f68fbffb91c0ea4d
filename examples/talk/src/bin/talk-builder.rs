//! Optional parameters: a builder of the interface has a function for each.
//!
//! ```text
//! cargo xtask guests talk-builder
//! cargo run -p edgekv-cli -- run --store kv1 target/guests/talk-builder.component.wasm
//! ```

use talk::kv_store::InsertMode::Append;
use talk::kv_store::{self, Error, InsertBuilder, Store};

fn main() -> Result<(), Error> {
    let store: Store = kv_store::open(b"kv1")?;
    store.insert(b"my_key", b"first, ")?;
    let generation = store.lookup(b"my_key")?.generation();

    let insert: InsertBuilder = store.build_insert();
    insert.mode(Append);
    insert.background_fetch();
    insert.metadata(b"version: 1");
    insert.time_to_live(300_000);
    insert.if_generation_match(generation);
    let result: () = insert.execute(b"my_key", b"my_value")?;
    println!("appended to my_key of generation {generation}: {result:?}");

    let entry = store.get(b"my_key")?;
    assert_eq!(entry.metadata.as_deref(), Some(&b"version: 1"[..]));
    assert_ne!(entry.generation, generation);
    assert_eq!(entry.body.read(100).as_deref(), Ok(&b"first, my_value"[..]));

    // A builder can be used again. The entry has another generation by now, so this is refused.
    assert_eq!(insert.execute(b"my_key", b"once more"), Err(Error::PreconditionFailed));
    println!("the same write is refused the second time");
    Ok(())
}
