//! `edgekv store`: the stores of a database or of a server.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use edgekv_store::{Key, StoreName};
use serde_json::json;

use crate::access::{Absent, Access, AccessArgs, OnInterrupt, Pages, Store};
use crate::exit::{self, Failure, Status};
use crate::quoted::{Line, Quoted};
use crate::report::{self, ReportArgs};
use crate::stores::parse_store;
use crate::transfer::Count;

/// Keys that are deleted at once.
const PAGE: u32 = 1000;

/// What there is to do with stores.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Make a store
    Create(CreateArgs),
    /// List the stores, a name on each line
    List(ListArgs),
    /// Say what is known of a store
    Describe(DescribeArgs),
    /// Delete a store that is empty, or with its items
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct CreateArgs {
    /// The name, at most 255 characters
    #[arg(value_parser = parse_store)]
    name: StoreName,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct DescribeArgs {
    /// The name of the store
    #[arg(value_name = "STORE", value_parser = parse_store)]
    name: StoreName,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct DeleteArgs {
    /// The name of the store
    #[arg(value_name = "STORE", value_parser = parse_store)]
    name: StoreName,
    /// Delete all its items first
    #[arg(long, requires = "yes")]
    all: bool,
    /// That this is meant; needed with --all
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl StoreCommand {
    pub(crate) const fn report(&self) -> ReportArgs {
        match self {
            Self::Create(args) => args.report,
            Self::List(args) => args.report,
            Self::Describe(args) => args.report,
            Self::Delete(args) => args.report,
        }
    }

    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        match self {
            Self::Create(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Describe(args) => args.run(),
            Self::Delete(args) => args.run(),
        }
    }
}

impl CreateArgs {
    fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.access.open(Absent::Make, OnInterrupt::Close)?;
        let about = access.create(&self.name)?.about();
        access.close()?;
        if self.report.json {
            report::line(json!(about))?;
        } else {
            report::line(format_args!("created store {} ({})", Quoted(&about.name), Line(&about.id)))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ListArgs {
    fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let stores = access.stores()?;
        access.close()?;
        if self.report.json {
            report::line(json!({ "stores": stores }))?;
        } else {
            let is_terminal = io::stdout().is_terminal();
            for store in stores {
                if is_terminal { report::line(Line(&store.name))? } else { report::line(&store.name)? }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl DescribeArgs {
    fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let about = access.store(&self.name)?.about();
        access.close()?;
        if self.report.json {
            report::line(json!(about))?;
        } else {
            report::line(format_args!(
                "name:    {}\nid:      {}\ncreated: {}\nupdated: {}",
                Line(&about.name),
                Line(&about.id),
                Line(&about.created_at),
                Line(&about.updated_at)
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl DeleteArgs {
    fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let done = self.delete(&access);
        access.close()?;
        let items = done?;
        if self.report.json {
            report::line(json!({ "name": self.name.as_str(), "deleted": true, "items": items }))?;
        } else {
            let name = Quoted(self.name.as_str());
            match items {
                0 => report::line(format_args!("deleted store {name}"))?,
                items => report::line(format_args!("deleted store {name} and {}", Count(items)))?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn delete(&self, access: &Access) -> Result<u64, Failure> {
        let store = access.store(&self.name)?;
        let items = if self.all { delete_prefix(&store, "")? } else { 0 };
        access.delete(&store).map_err(|failure| {
            if failure.status != Status::Conflict {
                return failure;
            }
            let name = Quoted(self.name.as_str());
            let message = if self.all {
                format!("store {name} is not empty: somebody writes to it; try again")
            } else {
                format!("store {name} is not empty; --all --yes deletes its items first")
            };
            Failure::said(Status::Conflict, message)
        })?;
        Ok(items)
    }
}

/// Deletes what is under a prefix, and says how many items that were.
pub(super) fn delete_prefix(store: &Store, prefix: &str) -> Result<u64, Failure> {
    let mut deleted = 0;
    // What is gone does not matter to a cursor.
    let mut pages = Pages::new(store, prefix);
    while let Some(page) = pages.next(PAGE)? {
        let keys: Vec<_> = page.keys.iter().filter_map(|key| Key::new(key).ok().map(Key::to_buf)).collect();
        deleted += store.delete_all(&keys)?;
    }
    Ok(deleted)
}
