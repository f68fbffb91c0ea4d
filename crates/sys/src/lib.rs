//! Raw bindings to the legacy edge KV ABI: imports, records, status codes
