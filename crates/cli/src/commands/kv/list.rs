//! `edgekv kv list`: keys.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;

use super::StoreArgs;
use crate::access::{Absent, OnInterrupt, Pages, Store};
use crate::exit::{self, Failure};
use crate::quoted::Line;
use crate::report;

/// Most keys of a page.
const PAGE: u32 = 1000;

#[derive(Debug, Args)]
#[command(after_help = exit::DATA_HELP)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// Only keys that begin so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,
    /// Most keys to list
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// List all of them, however many there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl ListArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.store.access.open(Absent::Refuse, OnInterrupt::Close)?;
        let listed = access.store(&self.store.name).and_then(|store| self.list(&store));
        access.close()?;
        let has_more = listed?;
        if has_more && !self.store.report.json {
            eprintln!("edgekv: there are more keys; --all lists all of them, --limit N more");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints each page as it comes, and says whether there are more keys than were asked for.
    fn list(&self, store: &Store) -> Result<bool, Failure> {
        let mut out = Printer::new(self.store.report.json);
        let mut left = if self.all { u64::MAX } else { self.limit };
        let mut pages = Pages::new(store, &self.prefix);
        let mut has_more = false;
        while left > 0 {
            let limit = u32::try_from(left).map_or(PAGE, |left| left.min(PAGE));
            let Some(page) = pages.next(limit)? else { break };
            for key in page.keys.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
                out.key(key).map_err(|error| report::cannot_print(&error))?;
            }
            left = left.saturating_sub(page.keys.len() as u64);
            has_more = page.next.is_some();
            out.flush().map_err(|error| report::cannot_print(&error))?;
        }
        out.end(has_more).map_err(|error| report::cannot_print(&error))?;
        Ok(has_more)
    }
}

/// Prints keys one by one, so that a list of any length needs no memory.
struct Printer {
    out: BufWriter<io::Stdout>,
    is_json: bool,
    is_terminal: bool,
    is_first: bool,
}

impl Printer {
    fn new(is_json: bool) -> Self {
        let out = io::stdout();
        Self { is_terminal: out.is_terminal(), out: BufWriter::new(out), is_json, is_first: true }
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        if self.is_json {
            self.out.write_all(if is_first { b"{\"keys\":[" } else { b"," })?;
            return Ok(serde_json::to_writer(&mut self.out, key)?);
        }
        if self.is_terminal {
            // What would move the cursor is escaped. Elsewhere the bytes are what is wanted.
            return writeln!(self.out, "{}", Line(key));
        }
        self.out.write_all(key.as_bytes())?;
        self.out.write_all(b"\n")
    }

    fn end(&mut self, has_more: bool) -> io::Result<()> {
        if self.is_json {
            let begin = if self.is_first { "{\"keys\":[" } else { "" };
            writeln!(self.out, "{begin}],\"more\":{has_more}}}")?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
