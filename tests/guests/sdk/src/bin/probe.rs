//! Looks where it should find nothing: for tests of what a program sees of a layer that it is linked with.
//!
//! ```text
//! probe lookup KEY    looks the key up, and says what came of it
//! probe scan          looks for the layer's secret in all of its own memory, after using the store
//! probe scan own      the same, with a copy of the secret in its own memory
//! probe beyond        writes behind the end of its memory
//! ```
#![allow(unsafe_code, reason = "all of the memory is to be looked at, and what is behind it")]

use std::env;
use std::error::Error;
use std::hint::black_box;

use edgekv::KVStore;

const STORE: &str = "guest-store";

/// Length of the secret of `faulty-layer`.
const SECRET_BYTES: usize = 64;

/// A byte of it. As a rule, so that the secret is not in the program itself.
fn secret_byte(at: usize) -> u8 {
    let [lowest, ..] = black_box(at * at * 7 + at * 30 + 91).to_le_bytes();
    lowest
}

/// The first address that is not in memory.
#[cfg(target_family = "wasm")]
fn end_of_memory() -> usize {
    core::arch::wasm32::memory_size(0) * 65_536
}

#[cfg(not(target_family = "wasm"))]
fn end_of_memory() -> usize {
    0
}

fn byte(at: usize) -> u8 {
    // SAFETY: the address is in memory, and a byte may be anything. Nothing else runs meanwhile.
    unsafe { core::ptr::with_exposed_provenance::<u8>(at).read_volatile() }
}

/// How often the secret is in memory. It begins behind address 0, which Rust has for nothing.
fn found() -> usize {
    let begins = |at: &usize| (0..SECRET_BYTES).all(|offset| byte(at + offset) == secret_byte(offset));
    (1..end_of_memory().saturating_sub(SECRET_BYTES)).filter(begins).count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let store = KVStore::open(STORE)?.ok_or("the host has no store `guest-store`")?;
    match words[..] {
        ["lookup", key] => match store.lookup(key) {
            Ok(mut found) => println!("found {:?}", found.take_body().into_string()),
            Err(error) => println!("{error}"),
        },
        ["scan", ref own @ ..] => {
            store.insert("k", "v")?;
            let value = store.lookup("k")?.take_body().into_string();
            let copy: Vec<u8> =
                if own == ["own"] { (0..SECRET_BYTES).map(secret_byte).collect() } else { vec![] };
            let found = found();
            black_box(&copy);
            println!("value {value:?}, and the secret {found} times");
        }
        ["beyond"] => {
            // SAFETY: none; the runtime has to stop it.
            unsafe { core::ptr::with_exposed_provenance_mut::<u8>(end_of_memory()).write_volatile(1) };
            println!("written");
        }
        _ => return Err("usage: probe lookup KEY | scan [own] | beyond".into()),
    }
    Ok(())
}
