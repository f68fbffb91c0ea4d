//! The feature as it is, but that it holds a secret, and fails when a key asks for it: `panic!`, `allocate!`, `loop!`. For tests of
//! what a program, and whoever runs it, see of that.

// Its exports are this component's.
use edgekv_feature as _;
