//! `edgekv kv`: the items of a store.

mod delete;
mod export;
mod get;
mod import;
mod list;
mod put;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use edgekv_store::{Key, KeyBuf, StoreName};

use crate::access::AccessArgs;
use crate::exit::Failure;
use crate::report::ReportArgs;
use crate::stores::parse_store;

/// What there is to do with items.
#[derive(Debug, Subcommand)]
pub(crate) enum KvCommand {
    /// Write an item
    Put(put::PutArgs),
    /// Print the value of an item as it is, or what else is known of it
    Get(get::GetArgs),
    /// Delete an item, or all under a prefix
    Delete(delete::DeleteArgs),
    /// List keys, one on each line, in the order of their bytes
    List(list::ListArgs),
    /// Write the items of a file or folder; interrupted, the same command goes on where it was
    Import(import::ImportArgs),
    /// Read all items into a file or folder; interrupted, the same command goes on where it was
    Export(export::ExportArgs),
}

/// What all of them want to know.
#[derive(Debug, Args)]
struct StoreArgs {
    /// The name of the store
    #[arg(value_name = "STORE", value_parser = parse_store)]
    name: StoreName,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl KvCommand {
    pub(crate) const fn report(&self) -> ReportArgs {
        match self {
            Self::Put(args) => args.store.report,
            Self::Get(args) => args.store.report,
            Self::Delete(args) => args.store.report,
            Self::List(args) => args.store.report,
            Self::Import(args) => args.store.report,
            Self::Export(args) => args.store.report,
        }
    }

    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        match self {
            Self::Put(args) => args.run(),
            Self::Get(args) => args.run(),
            Self::Delete(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Export(args) => args.run(),
        }
    }
}

/// A key, as an argument.
fn parse_key(text: &str) -> Result<KeyBuf, String> {
    Key::new(text).map(Key::to_buf).map_err(|error| error.to_string())
}

/// A generation, as an argument: 0 is "no entry".
fn parse_generation(text: &str) -> Result<u64, String> {
    let number: u64 =
        text.parse().map_err(|_| "use a generation, such as 1750707676353461, or 0".to_owned())?;
    let end = edgekv_store::limits::GENERATION_END;
    if number < end { Ok(number) } else { Err(format!("generations are below {end}")) }
}

/// Metadata as members of a JSON object: as text, or in base64 when they are none.
fn metadata_members(metadata: &[u8], into: &mut serde_json::Map<String, serde_json::Value>) {
    use base64::Engine as _;
    match std::str::from_utf8(metadata) {
        Ok(text) => into.insert("metadata".into(), text.into()),
        Err(_) => {
            let text = base64::engine::general_purpose::STANDARD.encode(metadata);
            into.insert("metadata_base64".into(), text.into())
        }
    };
}
