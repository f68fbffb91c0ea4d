//! Engine URLs: where data live.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use edgekv_store::{CacheLimits, MemoryEngine, Observer, OpenError, RedbEngine, Stores, StoresBuilder};
use thiserror::Error;

/// How often expired entries are removed from the disk or the memory.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// What `--engine` understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineUrl {
    /// `memory:`: nothing outlives the process.
    Memory,
    /// `redb:PATH`: one durable file.
    Redb(PathBuf),
}

impl EngineUrl {
    /// Opens the engine, which makes the file and its directories when they are missing, with a cache in front of it if there
    /// is to be one. `observer` is told of all operations.
    pub(crate) fn open(
        &self,
        cache: Option<CacheLimits>,
        observer: Option<Arc<dyn Observer>>,
    ) -> anyhow::Result<Stores> {
        let mut builder = match self {
            Self::Memory => Stores::builder(MemoryEngine::new()),
            Self::Redb(path) => open_redb(path)?,
        };
        if let Some(observer) = observer {
            builder = builder.observer(observer);
        }
        if let Some(limits) = cache {
            builder = builder.cache(limits);
        }
        Ok(builder.sweep_every(SWEEP_EVERY).build()?)
    }
}

fn open_redb(path: &PathBuf) -> anyhow::Result<StoresBuilder> {
    if path.is_dir() {
        bail!(
            "the database {path:?} is a directory; name a file in it: --engine redb:{}",
            path.join("data.redb").display()
        );
    }
    let is_new = !path.exists();
    match RedbEngine::open(path) {
        Ok(engine) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            tracing::info!("{} the database {}", if is_new { "created" } else { "opened" }, path.display());
            Ok(Stores::builder(engine))
        }
        Err(OpenError::Io { path, source }) => {
            bail!("cannot open the database {path:?}: {source}; choose another path by --engine redb:PATH")
        }
        Err(error) => Err(error.into()),
    }
}

impl EngineUrl {
    /// Whether there is anything to open: data that are kept, and are not there yet, have to be made first.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Memory => true,
            Self::Redb(path) => path.exists(),
        }
    }
}

impl FromStr for EngineUrl {
    type Err = EngineUrlError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("memory", _)) => Err(EngineUrlError::MemoryPath),
            Some(("redb", "")) => Err(EngineUrlError::NoPath),
            Some(("redb", path)) if path.starts_with("//") => Err(EngineUrlError::Slashes),
            Some(("redb", path)) => Ok(Self::Redb(path.into())),
            _ => Err(EngineUrlError::Unknown),
        }
    }
}

impl fmt::Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Redb(path) => write!(f, "redb:{}", path.display()),
        }
    }
}

/// Why a text is not an engine URL. The text itself is in the message of whoever parsed it.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum EngineUrlError {
    #[error("there is no such engine; use `memory:` or `redb:PATH`")]
    Unknown,
    #[error("the memory engine has no path; use `memory:`")]
    MemoryPath,
    #[error("the path is missing; use `redb:PATH`, for example `redb:.edgekv/data.redb`")]
    NoPath,
    #[error("the path begins with `//`; use `redb:PATH`, for example `redb:/var/lib/edgekv/data.redb`")]
    Slashes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_parsed_and_printed_the_same() {
        for (url, engine) in [
            ("memory:", EngineUrl::Memory),
            ("redb:a.redb", EngineUrl::Redb("a.redb".into())),
            ("redb:/a/b:c.redb", EngineUrl::Redb("/a/b:c.redb".into())),
        ] {
            assert_eq!(url.parse(), Ok(engine.clone()));
            assert_eq!(engine.to_string(), url);
        }
    }

    #[test]
    fn what_is_not_a_url_says_why() {
        for (url, error) in [
            ("sqlite:x", EngineUrlError::Unknown),
            ("memory", EngineUrlError::Unknown),
            ("", EngineUrlError::Unknown),
            ("memory:x", EngineUrlError::MemoryPath),
            ("redb:", EngineUrlError::NoPath),
            ("redb:///a", EngineUrlError::Slashes),
        ] {
            assert_eq!(url.parse::<EngineUrl>(), Err(error), "{url}");
        }
    }
}
