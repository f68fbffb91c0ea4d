//! The legacy edge KV ABI for hosts that embed Wasmtime
