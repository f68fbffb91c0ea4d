//! The developer's one door: codegen, guests, demo, test
fn main() {}
