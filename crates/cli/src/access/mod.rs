//! The data that commands work on: in an engine that this process opens, or behind the API of a running server. What a
//! command does is the same for both.

mod items;
mod local;
mod pages;
mod remote;
mod writer;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use edgekv_store::{
    GenerationMatch, InsertMode, Key, KeyBuf, KvError, KvStore, ListRequest, Metadata, OpenError, StoreName,
    Stores,
};
use serde::Serialize;

pub(crate) use self::items::Items;
pub(crate) use self::pages::Pages;
use self::remote::client::Client;
pub(crate) use self::remote::client::Url;
use self::remote::store::RemoteStore;
pub(crate) use self::writer::{Outcome, Writer};
use crate::engine::EngineUrl;
use crate::exit::{Failure, Status};
use crate::interrupt::{self, CloseOnInterrupt};
use crate::quoted::Quoted;
use crate::token::{self, Secret};

/// Where `edgekv serve` has its API when nobody says otherwise.
const DEFAULT_API: &str = "http://127.0.0.1:7677";

/// Most bytes of a value of a server, which may have been made to allow more than is usual.
const MAX_REMOTE_VALUE_BYTES: u64 = 4 * edgekv_store::limits::DEFAULT_MAX_VALUE_BYTES;

/// Which data to work on: the same for every command on stores and their items.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct AccessArgs {
    /// Where data live, for a database that no server has open; `redb:PATH` [env: EDGEKV_ENGINE] [default:
    /// redb:.edgekv/data.redb]
    // The variables are read by hand: with a flag for the other one they are not in conflict, but do not count.
    #[arg(long, value_name = "URL", conflicts_with = "api_url")]
    engine: Option<EngineUrl>,
    /// The API of a running server instead, such as `http://127.0.0.1:7677` [env: EDGEKV_API_URL]
    #[arg(long, value_name = "URL")]
    api_url: Option<Url>,
    /// The server's token. Other users of this machine may see it in the list of processes; the variable and the file are
    /// safe from that [env: EDGEKV_API_TOKEN or FASTLY_API_TOKEN]
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file", hide_env_values = true)]
    token: Option<String>,
    /// A file with the server's token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// What to do on Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// Close the database and go.
    Close,
    /// The command sees to it itself.
    Leave,
}

/// What to do when there is no database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Make,
    Refuse,
}

/// Data that are named, and not opened yet.
enum Place {
    Engine(EngineUrl),
    Api(Url),
}

impl AccessArgs {
    pub(crate) fn open(&self, absent: Absent, interrupt: OnInterrupt) -> Result<Access, Failure> {
        match self.place()? {
            Place::Engine(engine) => open_engine(&engine, absent, interrupt),
            Place::Api(url) => {
                let client = Client::new(url, self.secret()?.as_ref())?;
                if interrupt == OnInterrupt::Close {
                    interrupt::exit_on_interrupt()?;
                }
                Ok(Access::Api(client))
            }
        }
    }

    /// Whether it is a database of this machine, which nobody else can use while it is open. It has to be there.
    pub(crate) fn is_database(&self) -> Result<bool, Failure> {
        match self.place()? {
            Place::Engine(engine) => check_there(&engine).map(|()| true),
            Place::Api(_) => Ok(false),
        }
    }

    fn place(&self) -> Result<Place, Failure> {
        let engine = match (&self.api_url, &self.engine) {
            (Some(url), _) => return Ok(Place::Api(url.clone())),
            (None, Some(engine)) => engine.clone(),
            (None, None) => {
                if let Some(url) = variable("EDGEKV_API_URL")? {
                    return Ok(Place::Api(parse_variable("EDGEKV_API_URL", &url)?));
                }
                let engine = variable("EDGEKV_ENGINE")?;
                parse_variable("EDGEKV_ENGINE", engine.as_deref().unwrap_or("redb:.edgekv/data.redb"))?
            }
        };
        // Whoever shows a token means a server. To do the same to a database that happens to be here could do harm.
        let flag = match (&self.token, &self.token_file) {
            (Some(_), _) => "--token",
            (None, Some(_)) => "--token-file",
            (None, None) => return Ok(Place::Engine(engine)),
        };
        let message = format!(
            "{flag} is for a server, and these are the data in {engine}; name the server by --api-url, or leave out {flag}"
        );
        Err(Failure::said(Status::Usage, message))
    }

    /// The token to show, if there is one.
    fn secret(&self) -> Result<Option<Secret>, Failure> {
        match (&self.token, &self.token_file) {
            (Some(token), _) => {
                let secret = Secret::new(token).context("--token");
                secret.map(Some).map_err(|error| Failure::new(Status::Usage, error))
            }
            (None, Some(path)) => read_secret(path).map(Some),
            (None, None) => match Secret::of_variable(token::VARIABLE)? {
                None => Secret::of_variable("FASTLY_API_TOKEN"),
                own => Ok(own),
            },
        }
    }
}

fn read_secret(path: &Path) -> Result<Secret, Failure> {
    Secret::read(path).map_err(|error| {
        let status = match error.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::NotFound => Status::Missing,
            Some(_) => Status::Failed,
            None => Status::Usage,
        };
        Failure::new(status, error.context(format!("--token-file {}", path.display())))
    })
}

/// A variable of the environment. One that is empty counts as not set.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::said(Status::Usage, format!("{name} is not valid UTF-8")))
        }
    }
}

fn parse_variable<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Failure>
where
    T::Err: std::fmt::Display,
{
    let wrong = |error: T::Err| Failure::said(Status::Usage, format!("{name}: {}: {error}", Quoted(value)));
    value.parse().map_err(wrong)
}

fn check_there(engine: &EngineUrl) -> Result<(), Failure> {
    if engine.is_there() {
        return Ok(());
    }
    let message = format!(
        "there is no database {engine}; `edgekv store create` makes one, --engine names another, and --api-url a server"
    );
    Err(Failure::said(Status::Missing, message))
}

fn open_engine(engine: &EngineUrl, absent: Absent, interrupt: OnInterrupt) -> Result<Access, Failure> {
    if absent == Absent::Refuse {
        check_there(engine)?;
    }
    // A command looks at what there is once: a cache would serve nothing.
    let stores = engine.open(None, None).map_err(|error| match error.downcast_ref::<OpenError>() {
        Some(OpenError::Locked { path }) => Failure::said(
            Status::Failed,
            format!(
                "{path:?} is in use by another edgekv process; if that is a server, ask it: --api-url {DEFAULT_API}"
            ),
        ),
        _ => Failure::new(Status::Failed, error),
    })?;
    let guard = match interrupt {
        OnInterrupt::Close => Some(CloseOnInterrupt::new(stores.clone())?),
        OnInterrupt::Leave => None,
    };
    let name = match engine {
        EngineUrl::Redb(path) => match std::path::absolute(path) {
            Ok(path) => format!("redb:{}", path.display()),
            Err(_) => engine.to_string(),
        },
        EngineUrl::Memory => engine.to_string(),
    };
    Ok(Access::Engine { stores, name, guard })
}

/// Opened data.
#[derive(Debug)]
pub(crate) enum Access {
    Engine {
        stores: Stores,
        /// The same wherever it is named from.
        name: String,
        guard: Option<CloseOnInterrupt>,
    },
    Api(Client),
}

/// What is known of a store, as the commands print it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StoreAbout {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl Access {
    /// Names the data, for a checkpoint.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Engine { name, .. } => name,
            Self::Api(client) => client.url().as_str(),
        }
    }

    /// All stores but those that edgekv keeps for itself, by name.
    pub(crate) fn stores(&self) -> Result<Vec<StoreAbout>, Failure> {
        match self {
            Self::Engine { stores, .. } => {
                let infos = stores.list().wait()?;
                Ok(infos.iter().filter(|info| !info.name.is_reserved()).map(local::about).collect())
            }
            Self::Api(client) => {
                let mut all = remote::store::list(client, None)?;
                all.retain(|store| !StoreName::new(&store.name).is_ok_and(|name| name.is_reserved()));
                all.sort_by(|one, other| one.name.cmp(&other.name));
                Ok(all)
            }
        }
    }

    /// The store of this name, or `None`.
    pub(crate) fn find(&self, name: &StoreName) -> Result<Option<Store>, Failure> {
        Ok(match self {
            Self::Engine { stores, .. } => stores.open(name).wait()?.map(Store::Engine),
            Self::Api(client) => {
                let all = remote::store::list(client, Some(name))?;
                let about = all.into_iter().find(|store| store.name == name.as_str());
                about.map(|about| Store::Api(RemoteStore::new(client.clone(), about)))
            }
        })
    }

    /// The store of this name.
    pub(crate) fn store(&self, name: &StoreName) -> Result<Store, Failure> {
        self.find(name)?.ok_or_else(|| {
            let name = Quoted(name.as_str());
            let message = format!("there is no store {name}; `edgekv store create` makes one");
            Failure::said(Status::Missing, message)
        })
    }

    pub(crate) fn create(&self, name: &StoreName) -> Result<Store, Failure> {
        match self {
            Self::Engine { stores, .. } => Ok(Store::Engine(stores.create(name).wait()?)),
            Self::Api(client) => match remote::store::create(client, name) {
                Ok(about) => Ok(Store::Api(RemoteStore::new(client.clone(), about))),
                // The API has one status for names that are bad and names that are taken.
                Err(failure) if failure.status == Status::BadData && self.find(name)?.is_some() => {
                    let message = format!("store {} exists already", Quoted(name.as_str()));
                    Err(Failure::said(Status::Conflict, message))
                }
                Err(failure) => Err(failure),
            },
        }
    }

    /// Removes a store that has no entries.
    pub(crate) fn delete(&self, store: &Store) -> Result<(), Failure> {
        match (self, store) {
            (Self::Engine { stores, .. }, Store::Engine(store)) => {
                stores.delete(store.info().id).wait()?;
                Ok(())
            }
            (_, Store::Api(store)) => store.remove(),
            // A store of an engine comes only from an engine.
            (Self::Api(_), Store::Engine(_)) => {
                Err(Failure::said(Status::Failed, "not a store of this server"))
            }
        }
    }

    /// Ends the work: what was written is durable after this.
    pub(crate) fn close(self) -> Result<(), Failure> {
        if let Self::Engine { stores, guard, .. } = self {
            let closed = stores.close().wait();
            drop(guard);
            closed.map_err(|error| {
                Failure::new(Status::Failed, anyhow::Error::new(error).context("the last writes may be lost"))
            })?;
        }
        Ok(())
    }
}

/// A store.
#[derive(Debug)]
pub(crate) enum Store {
    Engine(KvStore),
    Api(RemoteStore),
}

/// What is known of an entry without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryAbout {
    /// What a server says; each may be unknown there.
    pub(crate) generation: Option<u64>,
    pub(crate) metadata: Vec<u8>,
    pub(crate) time_to_live_sec: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// An entry whose value has not been read yet.
pub(crate) struct Found {
    pub(crate) about: EntryAbout,
    pub(crate) value: Box<dyn Read>,
}

impl Found {
    /// Reads all of a value that may have `limit` bytes.
    pub(crate) fn read(&mut self, limit: u64) -> Result<Vec<u8>, Failure> {
        let mut value = Vec::new();
        let read = (&mut self.value).take(limit.saturating_add(1)).read_to_end(&mut value);
        read.map_err(|error| Failure::said(Status::Unreachable, format!("{BROKEN_OFF}: {error}")))?;
        if value.len() as u64 > limit {
            let message =
                format!("the value is more than {limit} bytes, which is more than a store can have");
            return Err(Failure::said(Status::BadAnswer, message));
        }
        self.check_length(value.len() as u64)?;
        Ok(value)
    }

    /// Checks that all of the value has come, when it is known how much that is.
    pub(crate) fn check_length(&self, bytes: u64) -> Result<(), Failure> {
        match self.about.bytes {
            Some(whole) if whole != bytes => {
                let message = format!("the server has sent {bytes} bytes of a value that has {whole}");
                Err(Failure::said(Status::BadAnswer, message))
            }
            _ => Ok(()),
        }
    }
}

/// What is said of a value that does not come to its end.
pub(crate) const BROKEN_OFF: &str = "the value has broken off in the middle";

/// A value to be written.
pub(crate) enum Content {
    Bytes(Bytes),
    /// From somewhere else, and its length if that is known.
    Stream {
        from: Box<dyn Read>,
        bytes: Option<u64>,
    },
}

/// The failure that a value cannot be read from where it is.
pub(crate) fn unreadable(error: &io::Error) -> Failure {
    Failure::said(Status::BadData, format!("cannot read the value: {error}"))
}

impl Content {
    /// Reads a value that may be as long as it likes, and must not have more than `limit` bytes.
    pub(crate) fn read(self, limit: u64) -> Result<Bytes, Failure> {
        let from = match self {
            Self::Bytes(bytes) => return Ok(bytes),
            Self::Stream { bytes: Some(bytes), .. } if bytes > limit => {
                return Err(KvError::PayloadTooLarge { bytes, limit }.into());
            }
            Self::Stream { from, .. } => from,
        };
        let mut value = Vec::new();
        from.take(limit.saturating_add(1)).read_to_end(&mut value).map_err(|error| unreadable(&error))?;
        if value.len() as u64 > limit {
            let message = format!("the value is more than {limit} bytes, which is the limit");
            return Err(Failure::said(Status::TooLarge, message));
        }
        Ok(value.into())
    }
}

/// A write, before its value has been read.
pub(crate) struct Put {
    pub(crate) content: Content,
    pub(crate) mode: InsertMode,
    pub(crate) condition: Option<GenerationMatch>,
    pub(crate) metadata: Metadata,
    pub(crate) time_to_live_sec: Option<u64>,
    pub(crate) background_fetch: bool,
}

/// A page of the list of keys.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) keys: Vec<String>,
    pub(crate) next: Option<String>,
}

impl Store {
    pub(crate) fn about(&self) -> StoreAbout {
        match self {
            Self::Engine(store) => local::about(store.info()),
            Self::Api(store) => store.about().clone(),
        }
    }

    /// When it was made, as exactly as that is known: tells it from one of another database.
    pub(crate) fn created(&self) -> String {
        match self {
            Self::Engine(store) => store.info().created_at.as_micros().to_string(),
            Self::Api(store) => store.about().created_at.clone(),
        }
    }

    /// Whether there is an entry.
    pub(crate) fn has(&self, key: Key<'_>) -> Result<bool, Failure> {
        Ok(match self {
            Self::Engine(store) => local::get(store, key)?.is_some(),
            Self::Api(store) => store.head(key)?.is_some(),
        })
    }

    pub(crate) fn get(&self, key: Key<'_>) -> Result<Found, Failure> {
        let found = match self {
            Self::Engine(store) => local::get(store, key)?,
            Self::Api(store) => store.get(key)?,
        };
        found.ok_or_else(|| self.no_key(key))
    }

    pub(crate) fn head(&self, key: Key<'_>) -> Result<EntryAbout, Failure> {
        let about = match self {
            Self::Engine(store) => local::get(store, key)?.map(|found| found.about),
            Self::Api(store) => store.head(key)?,
        };
        about.ok_or_else(|| self.no_key(key))
    }

    /// The failure that a key is not there.
    pub(crate) fn no_key(&self, key: Key<'_>) -> Failure {
        let (key, about) = (Quoted(key.as_str()), self.about());
        Failure::said(Status::Missing, format!("there is no key {key} in store {}", Quoted(&about.name)))
    }

    /// Writes, and gives the new generation if it is told.
    pub(crate) fn put(&self, key: Key<'_>, put: Put) -> Result<Option<u64>, Failure> {
        match self {
            Self::Engine(store) => local::put(store, key, put).map(Some),
            Self::Api(store) => store.put(key, put),
        }
    }

    /// Deletes, and says whether there was something.
    pub(crate) fn delete(&self, key: Key<'_>, condition: Option<GenerationMatch>) -> Result<bool, Failure> {
        match self {
            Self::Engine(store) => Ok(store.delete(key, condition).wait()?),
            Self::Api(store) => store.delete(key, condition),
        }
    }

    /// Deletes many, which may be gone already, and says how many there were.
    pub(crate) fn delete_all(&self, keys: &[KeyBuf]) -> Result<u64, Failure> {
        match self {
            Self::Engine(store) => local::delete_all(store, keys),
            Self::Api(store) => store.delete_all(keys),
        }
    }

    fn page(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        match self {
            Self::Engine(store) => {
                let request = ListRequest { prefix, cursor, limit: Some(limit), ..ListRequest::default() };
                let page = store.list(request).wait()?;
                let next = page.next.as_ref().map(ToString::to_string);
                Ok(Page { keys: page.keys.iter().map(str::to_owned).collect(), next })
            }
            Self::Api(store) => store.page(prefix, cursor, limit),
        }
    }

    /// Everything under a prefix, in the order of the keys, from behind `after`.
    pub(crate) fn items(&self, prefix: &str, after: Option<Key<'_>>) -> Result<Items, Failure> {
        Items::new(self, prefix, after)
    }

    /// Most bytes of a value; what a server allows is not known before it is asked, so there it is what the interface
    /// can be made to allow.
    pub(crate) fn max_value_bytes(&self) -> u64 {
        match self {
            Self::Engine(store) => store.limits().max_value_bytes,
            Self::Api(_) => MAX_REMOTE_VALUE_BYTES,
        }
    }
}
