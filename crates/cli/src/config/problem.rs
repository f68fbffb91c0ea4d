//! What can be wrong with a configuration, and where.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use edgekv_store::{KeyError, MetadataError, StoreNameError};
use thiserror::Error;

use crate::quoted::Quoted;

/// Problems, and warnings, that are kept and shown; one more line counts the others.
pub(super) const MAX_SHOWN: usize = 20;

/// The problems of a configuration, one line each.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    first: Vec<Problem>,
    count: usize,
}

impl Problems {
    pub(super) fn push(&mut self, place: &Place, cause: Cause) {
        self.count += 1;
        if self.first.len() < MAX_SHOWN {
            self.first.push(Problem { place: place.clone(), cause });
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.first.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more problems like these"),
        }
    }
}

/// A cause, and where it is.
#[derive(Debug)]
struct Problem {
    place: Place,
    cause: Cause,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.cause)
    }
}

/// A place in a configuration, as exact as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) manifest: PathBuf,
    pub(super) store: Option<String>,
    /// The JSON file that has the items of the store.
    pub(super) items: Option<PathBuf>,
    /// Number of the entry, from 1, and its key if it has one.
    pub(super) entry: Option<(usize, Option<String>)>,
}

impl Place {
    pub(super) fn entry(&self, number: usize, key: Option<&str>) -> Self {
        Self { entry: Some((number, key.map(str::to_owned))), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.manifest.display())?;
        if let Some(store) = &self.store {
            write!(f, ": store {}", Quoted(store))?;
        }
        if let Some(items) = &self.items {
            write!(f, ", file \"{}\"", items.display())?;
        }
        match &self.entry {
            Some((number, Some(key))) => write!(f, ", entry {number} ({})", Quoted(key)),
            Some((number, None)) => write!(f, ", entry {number}"),
            None => Ok(()),
        }
    }
}

/// What to do about a manifest that cannot be read. The default one is only read when it is there, so one that is missing
/// was named.
fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "check the path given by --config",
        ErrorKind::InvalidData => "save it as UTF-8 text",
        _ => "check what it is, and its permissions",
    }
}

/// What is wrong. `found` is the kind of value that is there instead.
#[derive(Debug, Error)]
pub(super) enum Cause {
    #[error("cannot be read: {0}; {advice}", advice = advice(.0))]
    ManifestUnreadable(std::io::Error),
    #[error("line {line}, column {column}: {message}; correct the TOML there")]
    Syntax { line: usize, column: usize, message: String },
    #[error("`{name}` is {found}; it has to be a table")]
    SectionNotATable { name: &'static str, found: &'static str },
    #[error("the store is in [local_server.{first}] and in [local_server.{second}]; remove one of the two")]
    StoreTwice { first: &'static str, second: &'static str },
    #[error("{0}; choose another name")]
    StoreName(#[from] StoreNameError),
    #[error("store names that begin with \".edgekv.\" are reserved; choose another name")]
    ReservedStoreName,
    #[error(
        "the store is {found}; it has to be an array of entries, or a table with `file` and `format` = \"json\""
    )]
    NotAnArray { found: &'static str },
    #[error("`{present}` is given without `{missing}`; a table of a store needs both, `file` and `format`")]
    OnlyOneFormatOrFile { present: &'static str, missing: &'static str },
    #[error("`format` is {found}; the only format is \"json\"")]
    InvalidFormat { found: String },
    #[error("the entry is {found}; it has to be a table such as {{ key = \"k\", data = \"v\" }}")]
    NotATable { found: &'static str },
    #[error("`key` is missing; every entry needs one")]
    NoKey,
    #[error("`{field}` is {found}; it has to be a string")]
    NotAString { field: &'static str, found: &'static str },
    #[error("neither `data` nor `file` is given; give one of them")]
    NoFileOrData,
    #[error("both `data` and `file` are given; remove one of them")]
    FileAndData,
    #[error("{0}; choose another key")]
    Key(#[from] KeyError),
    #[error("{0}; shorten it")]
    Metadata(#[from] MetadataError),
    #[error("the value is {bytes} bytes; the limit is {limit}: shorten it")]
    TooLarge { bytes: u64, limit: u64 },
    #[error("file \"{}\" cannot be read: {error}; relative paths start at the manifest's directory", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("the file is not a JSON object of keys and items: {0}")]
    NotJson(String),
    #[error("the item is {found}; it has to be a string, or an object with `data` or `file`")]
    WrongItem { found: &'static str },
}
