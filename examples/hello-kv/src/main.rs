//! The first program: insert, lookup, delete
fn main() {}
