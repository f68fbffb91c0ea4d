//! `edgekv kv delete`: one item, or many.

use std::process::ExitCode;

use clap::Args;
use edgekv_store::{GenerationMatch, KeyBuf};
use serde_json::json;

use super::{StoreArgs, parse_generation, parse_key};
use crate::access::{Absent, OnInterrupt, Store};
use crate::commands::store::delete_prefix;
use crate::exit::{self, Failure};
use crate::report;
use crate::transfer::Count;

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// The key
    #[arg(value_parser = parse_key, required_unless_present_any = ["prefix", "all"], conflicts_with_all = ["prefix", "all"])]
    key: Option<KeyBuf>,
    /// Delete all items whose keys begin so
    #[arg(long, value_name = "TEXT", requires = "yes", conflicts_with = "all")]
    prefix: Option<String>,
    /// Delete all items
    #[arg(long, requires = "yes")]
    all: bool,
    /// That this is meant; needed with --prefix and --all
    #[arg(long)]
    yes: bool,
    /// Delete only if the item has this generation
    #[arg(long, value_name = "N", value_parser = parse_generation, conflicts_with_all = ["prefix", "all"])]
    if_generation_match: Option<u64>,
    /// Succeed also when there is no such item
    #[arg(long)]
    force: bool,
}

impl DeleteArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.store.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let deleted = access.store(&self.store.name).and_then(|store| self.delete(&store));
        access.close()?;
        let deleted = deleted?;
        let name = self.store.name.as_str();
        match (&self.key, self.store.report.json) {
            (Some(key), true) => {
                report::line(json!({ "store": name, "key": key.as_str(), "deleted": deleted > 0 }))?;
            }
            (Some(_), false) => {}
            (None, true) => report::line(json!({ "store": name, "deleted": deleted }))?,
            (None, false) => report::line(format_args!("deleted {}", Count(deleted)))?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn delete(&self, store: &Store) -> Result<u64, Failure> {
        let Some(key) = &self.key else {
            return delete_prefix(store, self.prefix.as_deref().unwrap_or_default());
        };
        let condition = self.if_generation_match.map(GenerationMatch::from_number);
        let was_there = store.delete(key.as_key(), condition)?;
        if !was_there && !self.force {
            return Err(store.no_key(key.as_key()));
        }
        Ok(u64::from(was_there))
    }
}
