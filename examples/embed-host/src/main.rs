//! A Wasmtime program that gives its guest a KV store
fn main() {}
