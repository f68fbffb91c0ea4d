//! Makes components of legacy core modules.
