//! What a file holds, if it is neither a module nor a component.

use thiserror::Error;

/// Why a file is neither a module nor a component. The text goes on behind the name of the file.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileError {
    /// There is nothing in it.
    #[error("is empty; build it again")]
    Empty,
    /// WebAssembly in its form for people.
    #[error("is WebAssembly text; compile it to a .wasm file first, for example by `wasm-tools parse`")]
    WasmText,
    /// Any other text.
    #[error("is a text file, not WebAssembly; name the .wasm file that your compiler made")]
    Text,
    /// Native code that was made ahead of time.
    #[error("is compiled code, which `edgekv compile` makes; name the .wasm file that it was made of")]
    Compiled,
    /// WebAssembly of a version that there is none of yet.
    #[error("is WebAssembly of a version that edgekv does not know; build it with current tools")]
    OtherVersion,
    /// Anything else.
    #[error("is not WebAssembly; name the .wasm file that your compiler made")]
    Other,
    /// It begins as WebAssembly, and is not valid.
    #[error("is not valid: {message}, at byte {offset}; it may be cut off or damaged: build it again")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where it was found.
        offset: u64,
    },
    /// Components in components in components.
    #[error("has components in components, more than {limit} deep, which is the limit")]
    TooDeep {
        /// How deep they may be.
        limit: usize,
    },
}

impl From<wasmparser::BinaryReaderError> for FileError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        // Names of the file are in the message: on one line, and not longer than people read.
        let message: String = error.message().chars().take(MAX_MESSAGE_CHARS).collect();
        Self::Invalid { message: message.escape_debug().to_string(), offset: error.offset() }
    }
}

/// Longest message about an invalid file, in characters.
const MAX_MESSAGE_CHARS: usize = 400;

/// How a module or a component begins, as its first bytes show.
///
/// # Errors
///
/// What it is instead.
pub(crate) fn check_start(bytes: &[u8]) -> Result<(), FileError> {
    match bytes {
        [] => Err(FileError::Empty),
        // Version 1 of modules, and the one version that components have; too short to tell is cut off, which the parser says.
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] | [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', rest @ ..] if rest.len() < 4 => Ok(()),
        [0, b'a', b's', b'm', ..] => Err(FileError::OtherVersion),
        // An ELF file for the system that Wasmtime has given the number 200.
        [0x7f, b'E', b'L', b'F', 2, _, 1, 200, ..] => Err(FileError::Compiled),
        _ => Err(text(bytes)),
    }
}

fn text(bytes: &[u8]) -> FileError {
    let Ok(text) = str::from_utf8(bytes) else { return FileError::Other };
    let code = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with(";;"));
    let code = code.unwrap_or_default();
    if ["(module", "(component", "(;"].iter().any(|start| code.starts_with(start)) {
        FileError::WasmText
    } else {
        FileError::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_first_bytes() {
        let cases: [(&[u8], Result<(), FileError>); 12] = [
            (b"", Err(FileError::Empty)),
            (b"\0asm\x01\0\0\0", Ok(())),
            (b"\0asm\x0d\0\x01\0", Ok(())),
            (b"\0asm\x01", Ok(())),
            (b"\0asm\x02\0\0\0", Err(FileError::OtherVersion)),
            (b"\0asm\x0c\0\x01\0", Err(FileError::OtherVersion)),
            (b"\x7fELF\x02\x01\x01\xc8....", Err(FileError::Compiled)),
            (b"\x7fELF\x02\x01\x01\xff", Err(FileError::Other)),
            (b"\n ;; a comment\n  (component)", Err(FileError::WasmText)),
            (b"(; a comment ;) (module)", Err(FileError::WasmText)),
            (b"fn main() {}", Err(FileError::Text)),
            (b"\xff\xfe", Err(FileError::Other)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(check_start(bytes), expected, "{bytes:?}");
        }
    }
}
