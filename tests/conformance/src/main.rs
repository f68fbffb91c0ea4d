//! Checks whether a host keeps the contract of the legacy KV ABI, as docs/abi.md has it, and reports as TAP, version 14.
//!
//! The program is one core module that needs no more than what it checks: `fastly_abi`, `fastly_kv_store`, `fastly_object_store`,
//! `fastly_http_body`, `fastly_async_io`, `fastly_log`, two functions of `fastly_compute_runtime`, and WASI preview 1 for printing
//! and a clock. The host has the stores of `fastly.toml`, which is beside the sources.
//!
//! Each case has an id for ever and names its rule. A rule that no public source fixes is marked `(open)`: a host that fails it has
//! chosen otherwise. The exit status is 1 if a case has failed.
//!
//! Arguments are beginnings of ids: only those cases run then. `--skip=BEGIN` leaves out those that begin so, and `--list` only
//! prints the ids, in the order in which they run. A trap ends the program, and with it the report: the case behind the last line
//! is to blame, and the others run without it. Cases that are known to trap on some hosts are the last ones.

mod abi;
mod case;
mod cases;
mod here;
mod memory;
mod seeded;
mod tap;

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::here::Here;

/// Which cases the arguments choose.
#[derive(Debug, Default)]
struct Choice {
    /// Beginnings of ids; none means all.
    wanted: Vec<String>,
    /// Beginnings of ids that are left out.
    skipped: Vec<String>,
    /// Only their ids are wanted.
    list: bool,
}

impl Choice {
    fn of(arguments: impl Iterator<Item = String>) -> Self {
        let mut choice = Self::default();
        for argument in arguments {
            match argument.strip_prefix("--skip=") {
                Some(begin) => choice.skipped.push(begin.to_owned()),
                None if argument == "--list" => choice.list = true,
                None => choice.wanted.push(argument),
            }
        }
        choice
    }

    fn has(&self, id: &str) -> bool {
        let begins = |begins: &[String]| begins.iter().any(|begin| id.starts_with(begin));
        (self.wanted.is_empty() || begins(&self.wanted)) && !begins(&self.skipped)
    }
}

fn main() -> io::Result<ExitCode> {
    if !cfg!(target_family = "wasm") {
        eprintln!(
            "this program checks the host that it runs on: build it with `cargo xtask guests conformance`"
        );
        return Ok(ExitCode::from(2));
    }
    let choice = Choice::of(env::args().skip(1));
    let mut cases = cases::all();
    cases.retain(|case| choice.has(&case.id));
    let mut out = io::stdout();
    if choice.list {
        for case in &cases {
            writeln!(out, "{}", case.id)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    tap::begin(&mut out, cases.len())?;
    let mut here = match Here::new() {
        Ok(here) => here,
        Err(failure) => {
            println!("Bail out! {}: expected {}, got {}", failure.what, failure.expected, failure.got);
            return Ok(ExitCode::FAILURE);
        }
    };
    let (mut failed, mut of_them_open) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        here.begin(&case.id);
        let outcome = (case.run)(&mut here);
        let skipped = here.end();
        if outcome.is_err() {
            failed += 1;
            of_them_open += usize::from(case.open);
        }
        tap::point(&mut out, number + 1, case, &outcome, skipped)?;
    }
    here.clean_up();
    tap::end(&mut out, cases.len(), failed, of_them_open)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
