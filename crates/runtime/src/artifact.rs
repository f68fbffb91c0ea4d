//! Compiled code as a file: what Wasmtime makes, then a trailer by which a file that is damaged, cut off or made by
//! another version is known before any of it is used.
//!
//! | bytes | of the trailer |
//! | --- | --- |
//! | 8 | length of the code before it, little-endian |
//! | 32 | version of edgekv, in UTF-8, filled up with zeros |
//! | 32 | machine: architecture and system, in the same way |
//! | 32 | BLAKE3 of the WebAssembly that was compiled |
//! | 4 | what that was, little-endian: 0 for a core module, 1 for a component |
//! | 32 | BLAKE3 of the code and the trailer up to here |
//! | 4 | number of this format, little-endian |
//! | 12 | `edgekv-cwasm` |
//!
//! It is at the end because the code has to begin at the beginning of the file, where it is mapped from.

use std::env::consts;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use blake3::{Hash, Hasher};
use tempfile::NamedTempFile;
use thiserror::Error;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::code::{Code, Form};
use crate::escaped::Escaped;

/// The version of everything that compiled code depends on, beside what Wasmtime itself checks.
const VERSION: &str = env!("CARGO_PKG_VERSION");

const FORMAT: u32 = 2;
const MAGIC: [u8; 12] = *b"edgekv-cwasm";
const TEXT_BYTES: usize = 32;

/// The part of the trailer that its hash covers.
const CLAIM_BYTES: usize = 8 + 2 * TEXT_BYTES + blake3::OUT_LEN + 4;
const TRAILER_BYTES: usize = CLAIM_BYTES + blake3::OUT_LEN + 4 + MAGIC.len();

/// The compiled code of a program, as it is kept in a file.
#[derive(Debug)]
pub struct Compiled {
    bytes: Vec<u8>,
}

impl Compiled {
    /// Puts the trailer behind what Wasmtime has made of the program of this form and with this hash.
    pub(crate) fn new(mut code: Vec<u8>, form: Form, source: &Hash) -> Self {
        let length = code.len() as u64;
        code.reserve_exact(TRAILER_BYTES);
        code.extend_from_slice(&length.to_le_bytes());
        code.extend_from_slice(&padded(VERSION));
        code.extend_from_slice(&padded(&machine()));
        code.extend_from_slice(source.as_bytes());
        code.extend_from_slice(&number_of(form).to_le_bytes());
        let hash = blake3::hash(&code);
        code.extend_from_slice(hash.as_bytes());
        code.extend_from_slice(&FORMAT.to_le_bytes());
        code.extend_from_slice(&MAGIC);
        Self { bytes: code }
    }

    /// The content of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes the file, in one step: nobody sees half of it, and one that is in use stays as it was for its users.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        // An empty parent is the current directory; by that name nothing can be made in it.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".edgekv-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any new file; the user's mask takes off what it does.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(directory.unwrap_or_else(|| Path::new(".")))?;
        self.write_to(file, path)
    }

    /// Writes the temporary file, and gives it its name.
    pub(crate) fn write_to(&self, mut file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.write_all(&self.bytes)?;
        file.persist(path)?;
        Ok(())
    }
}

/// What is wrong with a file of compiled code.
#[derive(Debug, Error)]
pub(crate) enum Flaw {
    #[error("is cut off, or was not made by `edgekv compile`")]
    NoTrailer,
    #[error("is compiled code in format {0}, and this edgekv reads format {FORMAT}")]
    Format(u32),
    #[error("was compiled by edgekv {}, and this is edgekv {VERSION}", Escaped::name(.0))]
    Version(String),
    #[error("was compiled for {}, and this machine is {}", Escaped::name(.0), machine())]
    Machine(String),
    #[error("is damaged: its checksum is wrong")]
    Damaged,
    #[error("was compiled from another program")]
    Source,
    #[error("was compiled for another kind of processor, or by an edgekv with other settings ({0})")]
    Incompatible(String),
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

const fn number_of(form: Form) -> u32 {
    match form {
        Form::Module => 0,
        Form::Component => 1,
    }
}

/// Checks that a file, or what was read of one, is whole, and that this version has made it on a machine like this; from
/// the program with the hash `source`, if that is known. Says of which form that was.
fn check(mut file: impl Read + Seek, source: Option<&Hash>) -> Result<Form, Flaw> {
    let Some(length) = file.seek(SeekFrom::End(0))?.checked_sub(TRAILER_BYTES as u64) else {
        return Err(Flaw::NoTrailer);
    };
    file.seek(SeekFrom::Start(length))?;
    let claim = read_array::<CLAIM_BYTES>(&mut file)?;
    let hash = Hash::from_bytes(read_array(&mut file)?);
    let format = u32::from_le_bytes(read_array(&mut file)?);
    if read_array(&mut file)? != MAGIC {
        return Err(Flaw::NoTrailer);
    }
    if format != FORMAT {
        return Err(Flaw::Format(format));
    }
    // From here on the layout is known; whether what it says is true only the hash knows.
    let mut fields = claim.as_slice();
    let claimed_length = u64::from_le_bytes(read_array(&mut fields)?);
    let version = text(&read_array(&mut fields)?);
    let made_for = text(&read_array(&mut fields)?);
    let claimed_source = Hash::from_bytes(read_array(&mut fields)?);
    let number = u32::from_le_bytes(read_array(&mut fields)?);
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    if made_for != machine() {
        return Err(Flaw::Machine(made_for));
    }
    if claimed_length != length {
        return Err(Flaw::Damaged);
    }
    if source.is_some_and(|source| *source != claimed_source) {
        return Err(Flaw::Source);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Hasher::new();
    hasher.update_reader(file.take(length))?.update(&claim);
    let form = [Form::Module, Form::Component].into_iter().find(|form| number_of(*form) == number);
    match form {
        Some(form) if hasher.finalize() == hash => Ok(form),
        _ => Err(Flaw::Damaged),
    }
}

/// Checks a file of the cache, which came from the program with the hash `source`, and maps it.
///
/// Nobody else writes there, and we replace files as a whole; so it stays what it was while it is mapped.
pub(crate) fn map(engine: &Engine, file: File, source: &Hash) -> Result<Code, Flaw> {
    match check(&file, Some(source))? {
        Form::Module => deserialize(engine, Made::Mapped(file)),
        Form::Component => match path_of(&file) {
            Some(path) => deserialize(engine, Made::MappedByPath(file, path)),
            None => read(engine, file, source),
        },
    }
}

/// A path that leads to a file that is open, and to no other: Wasmtime maps components by their path only.
fn path_of(file: &File) -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        // Where that is not there, or is not let in.
        File::open(&path).is_ok().then_some(path)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        None
    }
}

/// Reads a file of the cache that cannot be mapped; what is checked and what is run are the same bytes.
fn read(engine: &Engine, mut file: File, source: &Hash) -> Result<Code, Flaw> {
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    let form = check(io::Cursor::new(&content), Some(source))?;
    deserialize(engine, Made::Read(form, without_trailer(&content)?))
}

/// Checks the content of a file that somebody has named, and takes the code out of it.
///
/// A file of which nothing is known must not be mapped: who copies another one over it, in place, would change code that
/// is running, and who cuts it off would end the process.
pub(crate) fn take(engine: &Engine, content: &[u8]) -> Result<Code, Flaw> {
    let form = check(io::Cursor::new(content), None)?;
    deserialize(engine, Made::Read(form, without_trailer(content)?))
}

fn without_trailer(content: &[u8]) -> Result<&[u8], Flaw> {
    let code = content.len().checked_sub(TRAILER_BYTES).and_then(|length| content.get(..length));
    code.ok_or(Flaw::NoTrailer)
}

/// What Wasmtime has made, and has passed [`check`].
enum Made<'a> {
    /// Of a module.
    Mapped(File),
    /// Of a component; the path leads to the file for as long as that is open.
    MappedByPath(File, PathBuf),
    Read(Form, &'a [u8]),
}

#[expect(unsafe_code, reason = "there is no other way to run code that was compiled before")]
fn deserialize(engine: &Engine, made: Made<'_>) -> Result<Code, Flaw> {
    // SAFETY: the code is run as it is, so it has to be what Wasmtime has made, and a file has to stay so while it is
    // mapped. The check has shown that it is what *an* edgekv has written, and not damaged since; but whoever means harm can
    // write a file that passes it. So this is as safe as running a native program: it is right if only those can write
    // the file who may decide what this process does. For the files of the cache, which are mapped, that is checked: they
    // and their directory belong to the user or to root, others cannot write there, and we replace them as a whole. A
    // file that the user names for running is trusted because it was named, as a native program would be; what was
    // checked of it and what is run are the same bytes in our memory. Code of another version, processor or setting is
    // found out by Wasmtime itself and is an error.
    let code = unsafe {
        match made {
            Made::Mapped(file) => Module::deserialize_open_file(engine, file).map(Code::Module),
            Made::MappedByPath(_file, path) => Component::deserialize_file(engine, path).map(Code::Component),
            Made::Read(Form::Module, bytes) => Module::deserialize(engine, bytes).map(Code::Module),
            Made::Read(Form::Component, bytes) => Component::deserialize(engine, bytes).map(Code::Component),
        }
    };
    code.map_err(|error| Flaw::Incompatible(crate::error::one_line(&error)))
}

/// The architecture and the system.
pub(crate) fn machine() -> String {
    format!("{}-{}", consts::ARCH, consts::OS)
}

/// Version and machine: what compiled code depends on, beside the settings of the engine.
pub(crate) fn maker() -> String {
    format!("{VERSION} {} {FORMAT}", machine())
}

fn padded(text: &str) -> [u8; TEXT_BYTES] {
    let mut padded = [0; TEXT_BYTES];
    for (place, byte) in padded.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    padded
}

fn text(padded: &[u8; TEXT_BYTES]) -> String {
    String::from_utf8_lossy(padded).trim_end_matches('\0').to_owned()
}

fn read_array<const N: usize>(mut from: impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CODE: &[u8] = b"what wasmtime has made";

    fn compiled() -> Vec<u8> {
        Compiled::new(CODE.to_vec(), Form::Module, &blake3::hash(b"wasm")).bytes
    }

    fn flaw(bytes: &[u8]) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        match check(&file, Some(&blake3::hash(b"wasm"))) {
            Ok(_) => String::new(),
            Err(flaw) => flaw.to_string(),
        }
    }

    #[test]
    fn a_file_that_is_whole_has_no_flaw() {
        assert_eq!(flaw(&compiled()), "");
        assert_eq!(compiled().len(), CODE.len() + TRAILER_BYTES);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_known() {
        let bytes = compiled();
        for length in 0..bytes.len() {
            assert!(flaw(&bytes[..length]).starts_with("is cut off"), "{length}");
        }
        for start in 1..CODE.len() {
            assert!(flaw(&bytes[start..]).starts_with("is damaged"), "{start}");
        }
    }

    #[test]
    fn a_bit_that_is_wrong_anywhere_is_known() {
        let bytes = compiled();
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 4;
            assert_ne!(flaw(&wrong), "", "{place}");
        }
    }

    #[test]
    fn another_version_machine_format_or_source_is_named() {
        let bytes = compiled();
        let changed = |place: usize, to: &[u8]| {
            let mut bytes = bytes.clone();
            bytes[place..place + to.len()].copy_from_slice(to);
            flaw(&bytes)
        };
        let version = CODE.len() + 8;
        assert_eq!(
            changed(version, b"9.9.9\0"),
            format!("was compiled by edgekv 9.9.9, and this is edgekv {VERSION}")
        );
        assert!(changed(version + TEXT_BYTES, b"z80").starts_with("was compiled for z80"));
        assert_eq!(
            changed(bytes.len() - MAGIC.len() - 4, &[1]),
            "is compiled code in format 1, and this edgekv reads format 2"
        );
        assert_eq!(changed(version + 2 * TEXT_BYTES, &[0; 32]), "was compiled from another program");
    }

    #[test]
    fn code_for_other_settings_is_an_error() {
        let module = Module::new(&Engine::default(), "\0asm\x01\0\0\0").unwrap();
        let compiled = Compiled::new(module.serialize().unwrap(), Form::Module, &blake3::hash(b"wasm"));
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        take(&Engine::default(), &compiled.bytes).unwrap();
        let flaw = take(&Engine::new(&config).unwrap(), &compiled.bytes).unwrap_err().to_string();
        assert!(flaw.contains("other settings") && flaw.contains("epoch"), "{flaw}");
    }

    #[test]
    fn components_of_the_cache_are_those_that_were_checked_mapped_and_read() {
        let engine = Engine::default();
        let component = Component::new(&engine, wat::parse_str("(component)").unwrap()).unwrap();
        let source = blake3::hash(b"wasm");
        let compiled = Compiled::new(component.serialize().unwrap(), Form::Component, &source);
        // A file without a name.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&compiled.bytes).unwrap();
        assert_eq!(path_of(&file).is_some(), cfg!(target_os = "linux"));
        for load in [map, read] {
            assert!(matches!(load(&engine, file.try_clone().unwrap(), &source), Ok(Code::Component(_))));
            let other = load(&engine, file.try_clone().unwrap(), &blake3::hash(b"other"));
            assert!(matches!(other, Err(Flaw::Source)));
        }
    }

    #[test]
    fn a_file_is_written_in_one_step_over_an_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("app.cwasm");
        fs::write(&path, "old").unwrap();
        let compiled = Compiled { bytes: b"new".to_vec() };
        compiled.write(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
        assert!(compiled.write(&directory.path().join("nowhere/app.cwasm")).is_err());
    }
}
