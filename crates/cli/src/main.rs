//! The edgekv command: runs programs for the edge KV ABI on durable data
fn main() {}
