//! The safe guest API to an edge KV store
