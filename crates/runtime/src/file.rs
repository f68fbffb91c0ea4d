//! The file of a program: what it is, if it is not a program.

use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use wasmtime::{ExternType, Module};

use crate::code::Form;
use crate::error::LoadError;
use crate::regular_file;

/// The function that runs a program.
pub(crate) const START: &str = "_start";

/// Largest program, 1 GiB: far more than compilers make.
const MAX_PROGRAM_BYTES: u64 = 1024 * 1024 * 1024;

/// Largest file of compiled code: native code is a few times as long.
const MAX_COMPILED_BYTES: u64 = 4 * MAX_PROGRAM_BYTES;

/// How compiled code begins: as an ELF file of 64 bits for the system that Wasmtime has given the number 200. The sixth byte is
/// the order of bytes.
const fn is_compiled(start: [u8; 8]) -> bool {
    matches!(start, [0x7f, b'E', b'L', b'F', 2, _, 1, 200])
}

/// A program, in one of the forms that it can have.
pub(crate) enum Opened {
    /// WebAssembly.
    Wasm(Form, Vec<u8>),
    /// The content of a file of compiled code; nothing of it is checked yet.
    Compiled(Vec<u8>),
}

/// Opens a program, and says what else the file is if it is none.
pub(crate) fn open(path: &Path) -> Result<Opened, LoadError> {
    let read = regular_file::open(path).and_then(|mut file| {
        let mut start = Vec::new();
        Read::take(&file, 8).read_to_end(&mut start)?;
        file.rewind()?;
        let is_compiled = start.try_into().is_ok_and(is_compiled);
        let max = if is_compiled { MAX_COMPILED_BYTES } else { MAX_PROGRAM_BYTES };
        Ok((regular_file::read_open(&file, max)?, is_compiled))
    });
    let (bytes, is_compiled) = read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => LoadError::not_found(path, "there is no such file; check the path"),
        ErrorKind::IsADirectory => LoadError::cannot_run(path, "is a directory; name the .wasm file in it"),
        ErrorKind::InvalidInput => LoadError::cannot_run(
            path,
            "is a pipe, a socket or a device; name the .wasm file that your compiler made",
        ),
        _ => LoadError::cannot_run(path, format!("cannot be read: {error}")),
    })?;
    if is_compiled {
        return Ok(Opened::Compiled(bytes));
    }
    match Content::of(&bytes) {
        Content::Module => Ok(Opened::Wasm(Form::Module, bytes)),
        Content::Component => Ok(Opened::Wasm(Form::Component, bytes)),
        other => Err(LoadError::cannot_run(path, other.advice())),
    }
}

/// What a file holds, as its first bytes show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Module,
    Component,
    OtherVersion,
    WasmText,
    Text,
    Empty,
    Other,
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Empty,
            [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Self::Module,
            // Too short to tell: the compiler will say that it is cut off.
            [0, b'a', b's', b'm', rest @ ..] if rest.len() < 4 => Self::Module,
            // The second half of the version is the layer: 0 for modules, 1 for components.
            [0, b'a', b's', b'm', 13, 0, 1, 0, ..] => Self::Component,
            [0, b'a', b's', b'm', ..] => Self::OtherVersion,
            _ => Self::of_text(bytes),
        }
    }

    fn of_text(bytes: &[u8]) -> Self {
        let Ok(text) = str::from_utf8(bytes) else { return Self::Other };
        let code = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with(";;"));
        let code = code.unwrap_or_default();
        if code.starts_with("(module") || code.starts_with("(component") || code.starts_with("(;") {
            Self::WasmText
        } else {
            Self::Text
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Module => "is a core WebAssembly module",
            Self::Component => "is a component",
            Self::OtherVersion => {
                "is WebAssembly of a version that edgekv does not know; build it for wasm32-wasip1 or wasm32-wasip2"
            }
            Self::WasmText => {
                "is WebAssembly text; compile it to a .wasm file first, for example by `wasm-tools parse` or `wat2wasm`"
            }
            Self::Text => {
                "is a text file, not a WebAssembly module; name the .wasm file that your compiler made"
            }
            Self::Empty => "is empty; build the program again",
            Self::Other => "is not a WebAssembly module; name the .wasm file that your compiler made",
        }
    }
}

/// Says whether the module can be started.
pub(crate) fn check_start(module: &Module) -> Result<(), &'static str> {
    match module.get_export(START) {
        Some(ExternType::Func(start)) if start.params().len() == 0 && start.results().len() == 0 => Ok(()),
        Some(_) => {
            Err("its export `_start` is not a function without parameters and results; build it as a program")
        }
        None => Err(
            "it has no function `_start`, so it is a library, not a program; build it as a program (in Rust: with a \
             src/main.rs, for the target wasm32-wasip1)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_code_is_known_by_its_first_bytes() {
        let module = Module::new(&wasmtime::Engine::default(), "\0asm\x01\0\0\0").unwrap();
        let code = module.serialize().unwrap();
        assert!(is_compiled(code[..8].try_into().unwrap()));
        assert!(!is_compiled(*b"\x7fELF\x02\x01\x01\0"), "a native program");
        assert!(!is_compiled(*b"\0asm\x01\0\0\0"));
    }

    #[test]
    fn files_are_told_apart_by_their_first_bytes() {
        let cases: [(&[u8], Content); 14] = [
            (b"", Content::Empty),
            (b"\0asm\x01\0\0\0", Content::Module),
            (b"\0asm\x01\0", Content::Module),
            (b"\0asm", Content::Module),
            (b"\0asm\x0d\0\x01\0", Content::Component),
            (b"\0asm\x02\0\0\0", Content::OtherVersion),
            (b"\0asm\x0c\0\x01\0", Content::OtherVersion),
            (b"(module)", Content::WasmText),
            (b"\n ;; a comment\n  (component)", Content::WasmText),
            (b"(; a comment ;) (module)", Content::WasmText),
            (b"fn main() {}", Content::Text),
            (b"   ", Content::Text),
            (b"\x7fELF\x02\x01\x01\xff", Content::Other),
            (b"\0as", Content::Text),
        ];
        for (bytes, content) in cases {
            assert_eq!(Content::of(bytes), content, "{bytes:?}");
        }
    }
}
