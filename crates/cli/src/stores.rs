//! The flags that say which data a command works on, and the opening of those data.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use edgekv_store::{KvError, Limits, Observer, StoreName, Stores};

use crate::cache::CacheSize;
use crate::config::Config;
use crate::engine::EngineUrl;
use crate::exit::{Failure, Status};
use crate::quoted::Quoted;
use crate::seed;

/// The manifest that is read when `--config` does not name one.
const MANIFEST: &str = "fastly.toml";

/// What to do about a store that the program has asked for.
pub(crate) fn no_store(name: &StoreName) -> String {
    let quoted = Quoted(name.as_str());
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let argument = if name.as_str().chars().all(is_plain) { name.to_string() } else { quoted.to_string() };
    format!("there is no store {quoted}; create it with --store {argument}, or in fastly.toml")
}

/// Which data to work on: the same for every command that runs guests.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct StoresArgs {
    /// Where data live: `memory:` forgets them at the end; `redb:PATH` keeps them in a file, which is made when it
    /// is missing
    #[arg(long, value_name = "URL", default_value = "redb:.edgekv/data.redb", env = "EDGEKV_ENGINE")]
    engine: EngineUrl,
    /// Most memory for what was read lately, so that it is read from there, in MiB; `none` reads from the engine always
    #[arg(long, value_name = "MIB", default_value = "64", env = "EDGEKV_CACHE")]
    cache: CacheSize,
    /// Manifest with stores and their first items, under [local_server.kv_stores] [default: ./fastly.toml, if it
    /// is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Store to create if it is missing; may be given several times
    #[arg(long, value_name = "NAME", value_parser = parse_store)]
    store: Vec<StoreName>,
    /// Empty the stores that the manifest names, and load its items again. Without it, an item is loaded when it is
    /// new, and again when the manifest changes it, but never over what a program has written or deleted
    #[arg(long)]
    reset: bool,
}

/// Whether `./fastly.toml` is there. When nobody can tell, going on without it would run the program without its data.
fn default_manifest_is_there() -> Result<bool, Failure> {
    Path::new(MANIFEST).try_exists().map_err(|error| {
        let error =
            anyhow!("./{MANIFEST} cannot be examined: {error}; check the permissions of this directory");
        Failure::new(Status::Failed, error)
    })
}

/// The name of a store, as an argument: not one that edgekv keeps for itself.
pub(crate) fn parse_store(text: &str) -> Result<StoreName, String> {
    let name = StoreName::from_str(text).map_err(|error| error.to_string())?;
    if name.is_reserved() {
        return Err("names that begin with \".edgekv.\" are reserved; choose another".to_owned());
    }
    Ok(name)
}

impl StoresArgs {
    /// Reads and checks the manifest. Nothing has been opened or changed after this.
    pub(crate) fn config(&self) -> Result<Option<Config>, Failure> {
        let path = match &self.config {
            Some(path) => path,
            None if default_manifest_is_there()? => Path::new(MANIFEST),
            None if self.reset => {
                let error = anyhow!(
                    "--reset loads the items of a manifest, but there is no ./{MANIFEST}; name one by --config"
                );
                return Err(Failure::new(Status::Usage, error));
            }
            None => return Ok(None),
        };
        tracing::debug!(path = %path.display(), "reading the manifest");
        let config = Config::load(path, Limits::default().max_value_bytes);
        config.map(Some).map_err(|problems| Failure::new(Status::Failed, problems))
    }

    /// Opens the engine, creates the stores that are missing, and loads the items of `config`. `observer` is told of all
    /// operations.
    pub(crate) fn open(
        &self,
        config: Option<&Config>,
        observer: Option<Arc<dyn Observer>>,
    ) -> anyhow::Result<Stores> {
        let stores = self.engine.open(self.cache.limits(), observer)?;
        let configured = config.iter().flat_map(|config| &config.stores).map(|store| &store.name);
        create_missing(&stores, self.store.iter().chain(configured).collect())?;
        if let Some(config) = config {
            seed::load(&stores, config, self.reset)?;
        }
        Ok(stores)
    }
}

/// Creates those of `names` that are missing: first asks for all of them, then waits, so that a durable engine can
/// make them in one step.
fn create_missing(stores: &Stores, names: BTreeSet<&StoreName>) -> Result<(), KvError> {
    let mut replies = Vec::new();
    for name in names {
        if stores.open(name).wait()?.is_none() {
            replies.push(stores.create(name));
        }
    }
    for reply in replies {
        match reply.wait() {
            // Somebody else was faster.
            Ok(_) | Err(KvError::StoreExists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
