//! A counter that many writers can share, by compare-and-set
fn main() {}
