//! A key-value store for programs at the edge, and HTTP requests to answer: the safe guest API.
//!
//! A guest is a WebAssembly program that a host such as `edgekv run` starts: a core module (target `wasm32-wasip1`) or a component
//! (target `wasm32-wasip2`), of the same source, see [below](#components). It opens a store by name, and looks keys up, writes, deletes and lists them ([`kv_store`]). One that `edgekv serve` starts answers
//! a request ([`http`]). Both may wait for several things at once ([`future`]), and write to the host's [`log`].
//!
//! ```no_run
//! use edgekv::{KVStore, kv_store::{InsertMode, KVStoreError}};
//!
//! fn greet() -> Result<(), KVStoreError> {
//!     let Some(store) = KVStore::open("greetings")? else { return Ok(()) };
//!     store.build_insert().mode(InsertMode::Add).metadata("en").execute("hello", "Hello, world")?;
//!     let mut found = store.lookup("hello")?;
//!     println!("{} (generation {})", found.take_body().into_string(), found.current_generation());
//!     Ok(())
//! }
//! ```
//!
//! Names, signatures and behaviour are those of the module `fastly::kv_store` of the public crate `fastly` 0.13, so
//! that a program changes its imports and compiles. What is different:
//!
//! - The host calls are checked where they can be: a length beyond the room that there was, a handle that names nothing or
//!   a number that means nothing is an error. (That the host has written what it says it has is assumed, as with every
//!   foreign function.)
//! - A rate limit is [`KVStoreError::TooManyRequests`](kv_store::KVStoreError::TooManyRequests) in the wait of every
//!   operation.
//! - An answer that cannot be used is
//!   [`KVStoreError::UnusableAnswer`](kv_store::KVStoreError::UnusableAnswer), not the status of a call that succeeded.
//! - A time to live counts part of a second as a whole one (1.5 s is 2, not 1); one that cannot be expressed is an error,
//!   not 0 ("already expired").
//! - An iteration ends after an error, and goes on after an empty page.
//! - Handles are owned values; their numbers are not shown. So there is no `StoreHandle` and no `KVStore::as_handle`,
//!   pending handles have no `as_u32` and `from_u32`, and a [`Body`] has no `into_handle`.
//! - New: [`KVStore::update`], [`ListBuilder::keys`], [`DeleteBuilder::if_generation_match`],
//!   [`InsertBuilder::metadata_bytes`], and JSON values with the feature `serde`.
//! - New: pending handles are futures, and [`Body::next_chunk`] is one.
//!
//! The module [`http`] is not that of the public crate, and does not try to be: its requests and responses are those of the
//! crate `http`, which libraries for HTTP have in common. Different in what it does is that an error of the handler is told to
//! the log and not to the client, that a streamed body which is dropped half-way is cut off and not ended, and that nothing
//! panics over what the client or the host has sent. There are no backends, caches and redirections.
//!
//! # Components
//!
//! | built by | is | asks the host by |
//! | --- | --- | --- |
//! | `cargo build --target wasm32-wasip1` | a core module | the calls of the legacy ABI |
//! | `cargo build --target wasm32-wasip2` | a component | the interfaces `edgekv:kv`, and those of WASI |
//! | `cargo build --target wasm32-wasip1 --features edgekv/component` | a core module of which `edgekv componentize` makes that component, where the other target cannot be had | |
//!
//! Nothing in a program's source changes, nor what it sees of stores. A component that answers requests needs the feature `http`: it
//! makes the component export `wasi:http/incoming-handler`, which runs `main`, which calls `http::serve`. It is a feature because an
//! export cannot depend on what a program calls, and one that answers no requests should not need a host that has them. Without it, a
//! component has no module `http`; core modules always have it.
//!
//! What the standard interfaces cannot tell or do is different in components:
//!
//! - An exit status is 0 or 1, as WASI knows success and failure.
//! - A request has version 1.1, no name (`Client::request_id` is an error), and a client whose address nobody knows. Hints are accepted and
//!   dropped. The body of a request or of a store that becomes the body of a response passes through the program's memory, piece by
//!   piece; that of a request which is written to a store is read to its end first.
//! - A response is sent when its last byte is: `send` waits for a client that takes it slowly.
//! - What is pending and not waited for is given up when it is dropped, and the host keeps nothing of it. (What was started happens all
//!   the same.)
//!
//! # Tests
//!
//! A program's own tests are guests too, with a real store. In the program's folder, `.cargo/config.toml` says what runs
//! them:
//!
//! ```toml
//! [target.wasm32-wasip1]
//! runner = "edgekv run --env RUST_TEST_NOCAPTURE=1 --engine memory: --store test"
//! ```
//!
//! Then `cargo test --target wasm32-wasip1` compiles them as guests and runs them, where `KVStore::open("test")` is an
//! empty store that is forgotten at the end.
//!
//! A test that fails ends the whole program, because guests cannot go on after a panic: the tests behind it do not run.
//! With `RUST_TEST_NOCAPTURE=1` its message is printed when it happens; kept back until the end, as is usual, it would be
//! lost. Tests with `#[should_panic]` are skipped.
//!
//! The crate builds for the machine of the developer as well. There is no host there, so every operation of a store
//! fails with `Unexpected(FastlyStatus::UNSUPPORTED)`; but a [`Body`] keeps its bytes in the guest's memory as long
//! as nobody else needs them, so code that makes and reads bodies can be tested there.
#![deny(unsafe_code)]

mod abi;
mod body;
mod error;
pub mod future;
#[cfg(has_http)]
pub mod http;
pub mod kv_store;
pub mod log;
pub mod runtime;
mod status;

pub use body::{Body, Prefix, PrefixString};
pub use kv_store::{DeleteBuilder, InsertBuilder, KVStore, ListBuilder, LookupBuilder};
pub use status::FastlyStatus;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
