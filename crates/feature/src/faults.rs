//! A feature that fails on demand.
