//! `edgekv kv put`: one write.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use edgekv_runtime::regular_file;
use edgekv_store::{GenerationMatch, InsertMode, KeyBuf, Metadata, limits};
use serde_json::json;

use super::{StoreArgs, parse_generation, parse_key};
use crate::access::{Absent, Content, OnInterrupt, Put};
use crate::exit::{self, Failure, Status};
use crate::report;

const EXAMPLES: &str = "\
Examples:
  edgekv kv put mystore greeting 'hello' --metadata en --ttl 5m
  edgekv kv put mystore logo --file logo.png
  date | edgekv kv put mystore log - --mode append";

/// Files with fewer bytes are read before they are sent, whatever their length is said to be.
const WHOLE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::DATA_HELP))]
pub(crate) struct PutArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// The key
    #[arg(value_parser = parse_key)]
    key: KeyBuf,
    /// The value; `-`, or none at all, is standard input
    #[arg(conflicts_with = "file", allow_hyphen_values = true)]
    value: Option<String>,
    /// The file that has the value
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Metadata to keep with it, at most 2,000 bytes. Without, it has none, whatever was there before
    #[arg(long, value_name = "TEXT", value_parser = parse_metadata, allow_hyphen_values = true)]
    metadata: Option<Metadata>,
    /// Lifetime: seconds, or such as `90s`, `5m`, `1h30m`, `7d`. Without, it does not expire, whatever was there before
    #[arg(long, value_name = "TIME", value_parser = parse_ttl)]
    ttl: Option<u64>,
    /// What to do when the key is there
    #[arg(long, value_name = "MODE", default_value = "overwrite")]
    mode: Mode,
    /// Write only if the item has this generation; 0 is "no item"
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    if_generation_match: Option<u64>,
    /// Let caches serve the old value until they have fetched the new one
    #[arg(long)]
    background_fetch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Replace it
    Overwrite,
    /// Fail
    Add,
    /// Put the new bytes after the old ones
    Append,
    /// Put the new bytes before the old ones
    Prepend,
}

impl From<Mode> for InsertMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Overwrite => Self::Overwrite,
            Mode::Add => Self::Add,
            Mode::Append => Self::Append,
            Mode::Prepend => Self::Prepend,
        }
    }
}

fn parse_metadata(text: &str) -> Result<Metadata, String> {
    Metadata::copy_from(text.as_bytes()).map_err(|error| error.to_string())
}

/// A lifetime in whole seconds: a number of them, or a duration with units.
fn parse_ttl(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let wrong = || "use whole seconds, or units such as 90s, 5m, 1h30m or 7d".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration.subsec_nanos() != 0 {
        return Err(format!("a lifetime is in whole seconds; {}", wrong()));
    }
    u64::try_from(duration.as_secs()).map_err(|_| wrong())
}

impl PutArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        // Before anything is opened: a file that is not there changes nothing.
        let content = match (&self.value, &self.file) {
            (_, Some(path)) => open(path)?,
            (Some(value), None) if value != "-" => Content::Bytes(value.clone().into()),
            _ => Content::Stream { from: Box::new(io::stdin()), bytes: None },
        };
        let store = &self.store;
        // Whoever writes to standard input may take their time, and others want the database meanwhile.
        let content = if store.access.is_database()? {
            Content::Bytes(content.read(limits::DEFAULT_MAX_VALUE_BYTES)?)
        } else {
            content
        };
        let put = Put {
            content,
            mode: self.mode.into(),
            condition: self.if_generation_match.map(GenerationMatch::from_number),
            metadata: self.metadata.clone().unwrap_or_default(),
            time_to_live_sec: self.ttl,
            background_fetch: self.background_fetch,
        };
        let access = store.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let written = access.store(&store.name).and_then(|store| store.put(self.key.as_key(), put));
        access.close()?;
        let generation = written?;
        if store.report.json {
            let mut answer = json!({ "store": store.name.as_str(), "key": self.key.as_str() });
            if let (Some(generation), Some(answer)) = (generation, answer.as_object_mut()) {
                answer.insert("generation".into(), generation.into());
            }
            report::line(answer)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn open(path: &Path) -> Result<Content, Failure> {
    let cannot = |error: io::Error| {
        let status = match error.kind() {
            io::ErrorKind::NotFound => Status::Missing,
            _ => Status::BadData,
        };
        Failure::said(status, format!("cannot read the value from {}: {error}", path.display()))
    };
    let mut file = regular_file::open(path).map_err(cannot)?;
    let mut start = Vec::new();
    (&mut file).take(WHOLE_BYTES).read_to_end(&mut start).map_err(cannot)?;
    let read = start.len() as u64;
    if read < WHOLE_BYTES {
        return Ok(Content::Bytes(start.into()));
    }
    // What a system says of its own files need not be so.
    let left = file.metadata().map_err(cannot)?.len().checked_sub(read);
    let rest: Box<dyn Read> = match left {
        Some(left) => Box::new(Rest { file, left }),
        None => Box::new(file),
    };
    let bytes = left.map(|left| read + left);
    Ok(Content::Stream { from: Box::new(Cursor::new(start).chain(rest)), bytes })
}

/// The rest of a file that may be written to meanwhile: as many bytes as it was said to have, or an error.
struct Rest {
    file: File,
    left: u64,
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = (&mut self.file).take(self.left).read(buffer)?;
        if bytes == 0 && self.left > 0 && !buffer.is_empty() {
            let message = "the file has become shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.left -= bytes as u64;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_is_as_long_as_it_was_or_an_error() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let long = vec![7; 2 * usize::try_from(WHOLE_BYTES).unwrap()];
        std::fs::write(&path, &long).unwrap();
        let grown = open(&path).ok().unwrap();
        assert!(matches!(&grown, Content::Stream { bytes: Some(bytes), .. } if *bytes == long.len() as u64));
        File::options().append(true).open(&path).unwrap().set_len(long.len() as u64 + 9).unwrap();
        assert!(grown.read(u64::MAX).ok().unwrap() == long, "as it was");
        let cut = open(&path).ok().unwrap();
        File::options().write(true).open(&path).unwrap().set_len(WHOLE_BYTES + 5).unwrap();
        let failure = cut.read(u64::MAX).unwrap_err();
        assert_eq!(failure.status, Status::BadData);
        assert!(failure.error.to_string().contains("become shorter"), "{failure:?}");
    }

    #[test]
    fn lifetimes_are_as_people_write_them() {
        for (text, seconds) in [
            ("0", 0),
            ("3600", 3600),
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("7d", 604_800),
            ("2 days", 172_800),
        ] {
            assert_eq!(parse_ttl(text), Ok(seconds), "{text}");
        }
        for text in ["", "-1", "5", "1.5s", "90ms", "-5m", "1y", "5 apples", "m"] {
            assert_eq!(parse_ttl(text).is_err(), text != "5", "{text}");
        }
    }
}
