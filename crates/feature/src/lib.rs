//! The KV store as a component.
