//! `edgekv kv get`: one item.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use edgekv_store::KeyBuf;
use serde_json::{Map, Value};

use super::{StoreArgs, metadata_members, parse_key};
use crate::access::{Absent, BROKEN_OFF, EntryAbout, Found, OnInterrupt, Store};
use crate::exit::{self, Failure, Status};
use crate::interrupt::Unfinished;
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// The key
    #[arg(value_parser = parse_key)]
    key: KeyBuf,
    /// The file to write the value to; it is there when all of the value is
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Not the value, but what else there is: metadata, generation, size, remaining lifetime
    #[arg(long, conflicts_with = "output")]
    head: bool,
}

impl GetArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.store.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let printed = access.store(&self.store.name).and_then(|store| self.print(&store));
        access.close()?;
        printed.map(|()| ExitCode::SUCCESS)
    }

    fn print(&self, store: &Store) -> Result<(), Failure> {
        let key = self.key.as_key();
        if self.head {
            let about = store.head(key)?;
            return if self.store.report.json {
                report::line(Value::Object(self.document(&about)))
            } else {
                report::line(text(&about))
            };
        }
        let mut found = store.get(key)?;
        match (&self.output, self.store.report.json) {
            (Some(path), is_json) => {
                let bytes = save(&mut found, path)?;
                if is_json {
                    let mut document = self.document(&found.about);
                    document.insert("size".into(), bytes.into());
                    document.insert("file".into(), path.display().to_string().into());
                    report::line(Value::Object(document))?;
                }
                Ok(())
            }
            (None, true) => {
                let value = found.read(store.max_value_bytes())?;
                let mut document = self.document(&found.about);
                document.insert("size".into(), value.len().into());
                document.insert("value".into(), STANDARD.encode(value).into());
                report::line(Value::Object(document))
            }
            (None, false) => copy(&mut found, &mut io::stdout().lock(), report::cannot_print).map(drop),
        }
    }

    fn document(&self, about: &EntryAbout) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("store".into(), self.store.name.as_str().into());
        document.insert("key".into(), self.key.as_str().into());
        if let Some(generation) = about.generation {
            document.insert("generation".into(), generation.into());
        }
        metadata_members(&about.metadata, &mut document);
        if let Some(bytes) = about.bytes {
            document.insert("size".into(), bytes.into());
        }
        if let Some(seconds) = about.time_to_live_sec {
            document.insert("time_to_live_sec".into(), seconds.into());
        }
        document
    }
}

fn text(about: &EntryAbout) -> String {
    let mut lines = Vec::new();
    lines.extend(about.generation.map(|generation| format!("generation: {generation}")));
    lines.extend(about.bytes.map(|bytes| format!("size: {bytes}")));
    if !about.metadata.is_empty() {
        // One line, whatever is in it.
        lines.push(format!("metadata: {}", about.metadata.escape_ascii()));
        if let Ok(text) = std::str::from_utf8(&about.metadata)
            && !text.contains(char::is_control)
            && let Some(last) = lines.last_mut()
        {
            *last = format!("metadata: {text}");
        }
    }
    lines.extend(about.time_to_live_sec.map(|seconds| format!("time to live: {seconds} s")));
    lines.join("\n")
}

fn broken_off(error: &io::Error) -> Failure {
    Failure::said(Status::Unreachable, format!("{BROKEN_OFF}: {error}"))
}

/// Copies a value, and says whose fault it is when it cannot.
fn copy(
    found: &mut Found,
    to: &mut impl Write,
    cannot_write: impl Fn(&io::Error) -> Failure,
) -> Result<u64, Failure> {
    let mut chunk = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        let count = match found.value.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken_off(&error)),
        };
        if count == 0 {
            to.flush().map_err(|error| cannot_write(&error))?;
            found.check_length(bytes)?;
            return Ok(bytes);
        }
        to.write_all(chunk.get(..count).unwrap_or_default()).map_err(|error| cannot_write(&error))?;
        bytes += count as u64;
    }
}

/// Writes a value to a file that is there only when it is whole. A pipe or a device is written to directly.
fn save(found: &mut Found, path: &Path) -> Result<u64, Failure> {
    let cannot = |error: &io::Error| {
        Failure::said(Status::CannotWrite, format!("cannot write {}: {error}", path.display()))
    };
    let old = path.metadata().ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        let mut file = OpenOptions::new().write(true).open(path).map_err(|error| cannot(&error))?;
        return copy(found, &mut file, cannot);
    }
    // What a link leads to is replaced, and not the link; also when it is not there yet.
    let linked = || Some(path.parent()?.join(fs::read_link(path).ok()?));
    let path = &fs::canonicalize(path).ok().or_else(linked).unwrap_or_else(|| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: what the process's mask leaves of it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut unfinished = Unfinished::create(&builder, folder).map_err(|error| cannot(&error))?;
    let bytes = copy(found, unfinished.file(), cannot)?;
    let file = unfinished.file().as_file();
    if let Some(old) = old {
        // Who could read it still can, and nobody else.
        file.set_permissions(old.permissions()).map_err(|error| cannot(&error))?;
    }
    // The name must not be on the disk before the value is.
    file.sync_all().map_err(|error| cannot(&error))?;
    unfinished.persist(path).map_err(|error| cannot(&error))?;
    Ok(bytes)
}
