//! Benchmarks, one group per layer
