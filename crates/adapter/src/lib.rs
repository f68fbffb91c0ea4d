//! Makes components of core modules: of programs that were built for the legacy ABI, by an adapter; and of modules that were built by
//! bindings of WIT, as they say themselves.
//!
//! | | |
//! | --- | --- |
//! | [`componentize`](fn@componentize) | a legacy program and the adapter, as a component of the world `edgekv:platform/legacy` |
//! | [`encode`](fn@encode), [`describes_itself`] | a module that carries its WIT, as the component that it describes |
//! | [`ComponentizeError`] | why that is not possible, and what to do |
//!
//! # The adapter
//!
//! It is text (`src/text`), one form for each function, of which a component gets those that it needs. It has a memory of its own beside the
//! program's: the table of handles is there, and what the host returns; so nothing of the program's memory is used for that, wherever its
//! buffers are, and however it arranges its heap. Bodies are read into the program's buffers and written out of them without a copy.
//!
//! Functions that exist in the ABI do what they do on the core path, with the same statuses in the same order. Among the
//! exceptions are calls that are wrong in two ways at a time: a key that is none is told by the host, so after everything that the
//! adapter looks at. `docs/components.md` has the others.

mod component;
mod componentize;
mod encode;
mod error;
mod module;
mod names;
mod shim;
mod start;
mod text;
mod wit;

use std::fmt;

pub use componentize::{componentize, componentize_with_functions};
pub use encode::{describes_itself, encode};
pub use error::ComponentizeError;

/// How a component is made of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What programs of WASI preview 1 get.
    pub wasi: Wasi,
}

/// What programs of WASI preview 1 get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Wasi {
    /// Standard streams, arguments, environment, clocks, random numbers and the exit status, over `edgekv:platform/system`. Takes no memory of
    /// the program's. All else is answered by "not there" (52).
    #[default]
    Minimal,
    /// All of preview 1, over WASI 0.2, by the adapter that Wasmtime provides. It takes two pages of the program's memory, by growing
    /// it, and tells of exit statuses only whether they are 0: others become 1.
    P2,
}

/// What came of a program.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Componentized {
    /// The component.
    pub component: Vec<u8>,
    /// Functions that the program imports, and that only answer that they are not there, in the order of its imports.
    pub unsupported: Vec<Import>,
}

/// A function that a module imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Import {
    /// The module it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.name)
    }
}
