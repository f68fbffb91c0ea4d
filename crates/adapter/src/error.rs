//! Why a module cannot become a component.

use thiserror::Error;

use crate::Import;

/// Why a module cannot become a component.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ComponentizeError {
    /// It is one already.
    #[error("it is a component already: run it as it is, or link it by `edgekv compose`")]
    AlreadyComponent,
    /// It is text.
    #[error("it is text: make a binary of it first, by `wasm-tools parse` or `wat2wasm`")]
    Text,
    /// It is something else.
    #[error("it is not WebAssembly: that begins with the bytes 00 61 73 6d (\\0asm)")]
    NotWasm,
    /// It is wasm of another version.
    #[error("it is WebAssembly of version {0:#x}, which is neither a module (0x1) nor a component (0x1000d)")]
    Version(u32),
    /// It ends too early, or is not what its header says.
    #[error("it is cut off or damaged at byte {offset}: {message}; build it or copy it again")]
    Damaged {
        /// Where.
        offset: u64,
        /// What is wrong there.
        message: String,
    },
    /// It has no memory of its own.
    #[error(
        "it imports its memory from {0}: build it so that it has one, and exports it (without --import-memory)"
    )]
    ImportedMemory(Import),
    /// It imports something that nobody has.
    #[error("it imports the {kind} {import}; components of this kind have functions only")]
    ImportedItem {
        /// What.
        import: Import,
        /// What that is.
        kind: &'static str,
    },
    /// Its memory has 64-bit addresses.
    #[error("its memory has 64-bit addresses, which the ABI has not: build it for wasm32")]
    Memory64,
    /// Its memory is for several threads.
    #[error("its memory is shared between threads, which components have not: build it without threads")]
    SharedMemory,
    /// The host could not reach its memory.
    #[error("it exports no memory as `memory`, so nobody could pass it anything: build it so that it does")]
    NoMemory,
    /// It cannot be run.
    #[error(
        "it exports no function `_start`: it is a library (a reactor); build it as a command, with a `main`"
    )]
    NoStart,
    /// It cannot be run that way.
    #[error("its `_start` is {found}; that of a program takes nothing and returns nothing")]
    StartType {
        /// Its type.
        found: String,
    },
    /// It imports what is in none of the interfaces that are known.
    #[error("it imports {}, which nobody provides: remove what needs it, or link it into the module", list(.0))]
    UnknownImports(Vec<Import>),
    /// It imports a function as one of another type.
    #[error(
        "it imports {import} as {found}; the ABI has it as {expected}: build it with bindings of this ABI"
    )]
    ImportType {
        /// Which.
        import: Import,
        /// What it should be.
        expected: String,
        /// What it is imported as.
        found: String,
    },
    /// It imports a function twice, as if it were two.
    #[error("it imports {import} as {one} and as {other}: link it again with bindings that agree")]
    TwoTypes {
        /// Which.
        import: Import,
        /// What it is imported as first.
        one: String,
        /// What it is imported as later.
        other: String,
    },
    /// It does not say what it is as a component.
    #[error(
        "it says nothing about its interfaces: build it with bindings of WIT, or make a component of it by `edgekv componentize`"
    )]
    NoWit,
    /// It could not be encoded.
    #[error("it cannot be encoded as a component: {0}")]
    Encode(String),
}

impl ComponentizeError {
    /// An error with all of its causes.
    pub(crate) fn encode(error: &(impl std::fmt::Display + ?Sized)) -> Self {
        Self::Encode(format!("{error:#}"))
    }
}

impl From<wasmparser::BinaryReaderError> for ComponentizeError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Damaged { offset: error.offset(), message: error.message().to_owned() }
    }
}

fn list(imports: &[Import]) -> String {
    /// More are not read by anybody.
    const SHOWN: usize = 20;
    let mut text = imports.iter().take(SHOWN).map(Import::to_string).collect::<Vec<_>>().join(", ");
    if let Some(more) = imports.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
