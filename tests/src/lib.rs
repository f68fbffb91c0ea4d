//! Tests of the whole: ABI, guests, engines, command line
