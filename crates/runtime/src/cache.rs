//! A directory of compiled code, so that a program is compiled once and not at each start.
//!
//! Whatever goes wrong here costs time and nothing else: the program is compiled as if there were no cache.

use std::fmt::Display;
use std::fs::{self, DirBuilder, Metadata};
use std::hash::Hasher as _;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use blake3::{Hash, Hasher};
use etcetera::BaseStrategy;
use wasmtime::Engine;

use crate::artifact::{self, Compiled};
use crate::code::Code;
use crate::regular_file;

/// Default of [`CodeCache::max_bytes`], 1 GiB.
const DEFAULT_MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// A temporary file of this age was left by a process that did not get to its end.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

const EXTENSION: &str = "cwasm";
const TEMPORARY_EXTENSION: &str = "tmp";

/// A directory where compiled code is kept between runs. Several processes may use it at once.
///
/// What is in it is run as native code. It is used only if it belongs to the user of this process or to root, and if not
/// everybody may write there; it is made so that only its owner can.
#[derive(Debug, Clone)]
pub struct CodeCache {
    directory: PathBuf,
    max_bytes: u64,
    /// Whether somebody has chosen the directory, and wants to know when it is of no use.
    is_chosen: bool,
}

impl CodeCache {
    /// Keeps code in this directory, which is made when it is missing.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), max_bytes: DEFAULT_MAX_BYTES, is_chosen: true }
    }

    /// Keeps code in `edgekv` in the user's directory for caches; `None` if the system knows no such directory.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let directory = etcetera::choose_base_strategy().ok()?.cache_dir().join("edgekv");
        Some(Self { is_chosen: false, ..Self::new(directory) })
    }

    /// Most bytes of all files together. Default: 1 GiB. When there are more, those go that were not used for
    /// the longest time.
    #[must_use]
    pub const fn max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = max;
        self
    }

    /// The code for a program, if it is there and as it should be.
    pub(crate) fn find(&self, engine: &Engine, key: &Key) -> Option<Code> {
        let path = self.path(key);
        let file = match self.check_directory().and_then(|()| regular_file::open(&path)) {
            Ok(file) => file,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    self.tell("read", &error);
                }
                return None;
            }
        };
        let trusted = file.metadata().and_then(|metadata| check_owner(&path, &metadata));
        if let Err(error) = trusted {
            self.tell("read", &error);
            return None;
        }
        let touched = file.set_modified(SystemTime::now());
        if let Err(error) = touched {
            tracing::debug!("{}: its last use cannot be noted: {error}", path.display());
        }
        let code = artifact::map(engine, file, &key.source);
        code.inspect_err(|flaw| tracing::debug!("{} {flaw}; the program is compiled again", path.display()))
            .ok()
    }

    /// Keeps the code of a program.
    pub(crate) fn keep(&self, key: &Key, compiled: &Compiled) {
        if compiled.as_bytes().len() as u64 > self.max_bytes {
            return tracing::debug!("the compiled code is larger than the whole cache may be");
        }
        if let Err(error) = self.write(key, compiled) {
            self.tell("written", &error);
        }
    }

    fn write(&self, key: &Key, compiled: &Compiled) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        self.check_directory()?;
        let suffix = format!(".{TEMPORARY_EXTENSION}");
        let file = tempfile::Builder::new().suffix(&suffix).tempfile_in(&self.directory)?;
        compiled.write_to(file, &self.path(key))?;
        self.shrink()
    }

    /// Removes what is too much. Other processes may be doing the same, so a file that is gone is no mistake.
    fn shrink(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified()?;
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => kept.push((used, metadata.len(), path)),
                Some(TEMPORARY_EXTENSION)
                    if now.duration_since(used).is_ok_and(|age| age > ABANDONED_AFTER) =>
                {
                    remove(&path)?;
                }
                _ => {}
            }
        }
        let mut total: u64 = kept.iter().map(|(_, length, _)| length).sum();
        kept.sort_unstable();
        for (_, length, path) in kept {
            if total <= self.max_bytes {
                break;
            }
            remove(&path)?;
            total -= length;
        }
        Ok(())
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.directory.join(key.name.to_hex().as_str()).with_extension(EXTENSION)
    }

    fn check_directory(&self) -> io::Result<()> {
        check_owner(&self.directory, &fs::metadata(&self.directory)?)
    }

    /// Says that the cache is of no use.
    fn tell(&self, done: &str, error: &dyn Display) {
        let directory = self.directory.display();
        if self.is_chosen {
            tracing::warn!(
                "the code cache {directory} cannot be {done}: {error}; programs are compiled at each start"
            );
        } else {
            tracing::debug!("the code cache {directory} cannot be {done}: {error}");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses what somebody else could have written.
#[cfg(unix)]
fn check_owner(path: &Path, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    const ROOT: u32 = 0;
    const WRITABLE_BY_ALL: u32 = 0o002;
    let is_ours = [rustix::process::geteuid().as_raw(), ROOT].contains(&metadata.uid());
    if is_ours && metadata.mode() & WRITABLE_BY_ALL == 0 {
        return Ok(());
    }
    let why = if is_ours { "everybody may write to it" } else { "it belongs to another user" };
    Err(io::Error::new(ErrorKind::PermissionDenied, format!("{}: {why}", path.display())))
}

/// Where the system does not say who may write, the user's own directories are taken to be the user's own.
#[cfg(not(unix))]
fn check_owner(_path: &Path, _metadata: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Under which name code is kept: that of all it depends on.
#[derive(Debug)]
pub(crate) struct Key {
    /// Of the WebAssembly module.
    pub(crate) source: Hash,
    /// Of that, the settings of the engine, the processor and our version.
    name: Hash,
}

impl Key {
    pub(crate) fn new(engine: &Engine, wasm: &[u8]) -> Self {
        let source = blake3::hash(wasm);
        let mut settings = SettingsHasher(Hasher::new());
        std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut settings);
        settings.write(artifact::maker().as_bytes());
        settings.write(source.as_bytes());
        Self { source, name: settings.0.finalize() }
    }
}

/// Hashes what only knows how to be put into a hash table.
struct SettingsHasher(Hasher);

impl std::hash::Hasher for SettingsHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        self.0.finalize_xof().fill(&mut first);
        u64::from_le_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::code::Form;

    fn key(name: &str) -> Key {
        Key { source: blake3::hash(b"wasm"), name: blake3::hash(name.as_bytes()) }
    }

    fn compiled(bytes: usize) -> Compiled {
        Compiled::new(vec![0; bytes], Form::Module, &blake3::hash(b"wasm"))
    }

    fn is_there(cache: &CodeCache, name: &str) -> bool {
        cache.path(&key(name)).exists()
    }

    fn used(cache: &CodeCache, name: &str, seconds_ago: u64) {
        let file = File::options().write(true).open(cache.path(&key(name))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds_ago)).unwrap();
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let directory = tempfile::tempdir().unwrap();
        let size = compiled(1000).as_bytes().len() as u64;
        let cache = CodeCache::new(directory.path().join("deep/cache")).max_bytes(3 * size);
        for (name, ago) in [("a", 10), ("b", 30), ("c", 20)] {
            cache.keep(&key(name), &compiled(1000));
            used(&cache, name, ago);
        }
        assert!(["a", "b", "c"].iter().all(|name| is_there(&cache, name)));
        cache.keep(&key("d"), &compiled(1000));
        assert_eq!(["a", "b", "c", "d"].map(|name| is_there(&cache, name)), [true, false, true, true]);
        cache.keep(&key("e"), &compiled(2000));
        assert_eq!(["a", "c", "d", "e"].map(|name| is_there(&cache, name)), [false, false, true, true]);
        cache.keep(&key("f"), &compiled(5000));
        assert!(!is_there(&cache, "f") && is_there(&cache, "e"), "what is too large displaces nothing");
    }

    #[test]
    fn abandoned_temporary_files_are_removed_and_new_ones_are_left() {
        let directory = tempfile::tempdir().unwrap();
        let cache = CodeCache::new(directory.path());
        for (name, hours) in [("old.tmp", 2), ("new.tmp", 0), ("old.txt", 2)] {
            let file = File::create(directory.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - hours * ABANDONED_AFTER).unwrap();
        }
        cache.keep(&key("a"), &compiled(1));
        assert_eq!(
            ["old.tmp", "new.tmp", "old.txt"].map(|name| directory.path().join(name).exists()),
            [false, true, true]
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_is_private_and_one_that_everybody_may_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let cache = CodeCache::new(directory.path().join("cache"));
        cache.keep(&key("a"), &compiled(1));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.directory), mode(&cache.path(&key("a")))), (0o700, 0o600));

        fs::set_permissions(&cache.directory, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(cache.check_directory().unwrap_err().kind(), ErrorKind::PermissionDenied);
        cache.keep(&key("b"), &compiled(1));
        assert!(!is_there(&cache, "b"));
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_no_failure() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "").unwrap();
        let cache = CodeCache::new(directory.path().join("file/cache"));
        cache.keep(&key("a"), &compiled(1));
        assert!(cache.find(&Engine::default(), &key("a")).is_none());
    }

    #[test]
    fn a_key_depends_on_the_program_and_on_the_settings() {
        let (one, other) = (Engine::default(), {
            let mut config = wasmtime::Config::new();
            config.epoch_interruption(true);
            Engine::new(&config).unwrap()
        });
        let name = |engine: &Engine, wasm: &[u8]| Key::new(engine, wasm).name;
        assert_eq!(name(&one, b"a"), name(&one, b"a"));
        assert_ne!(name(&one, b"a"), name(&one, b"b"));
        assert_ne!(name(&one, b"a"), name(&other, b"a"));
    }
}
