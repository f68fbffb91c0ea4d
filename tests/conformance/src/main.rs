//! Checks whether a host keeps the contract of the legacy KV ABI, as docs/abi.md has it, and reports as TAP, version 14.
//!
//! The program is one core module that needs no more than what it checks: `fastly_abi`, `fastly_kv_store`, `fastly_object_store`,
//! `fastly_http_body`, `fastly_async_io`, `fastly_log`, and WASI preview 1 for printing and a clock. The host has the stores of
//! `fastly.toml`, which is beside the sources.
//!
//! Each case has an id for ever and names its rule. A rule that no public source fixes is marked `(open)`: a host that fails it has
//! chosen otherwise. The exit status is 1 if a case has failed. Arguments are beginnings of ids: only those cases run then.

mod abi;
mod case;
mod cases;
mod here;
mod memory;
mod seeded;
mod tap;

use std::env;
use std::io;
use std::process::ExitCode;

use crate::here::Here;

fn main() -> io::Result<ExitCode> {
    if !cfg!(target_family = "wasm") {
        eprintln!(
            "this program checks the host that it runs on: build it with `cargo xtask guests conformance`"
        );
        return Ok(ExitCode::from(2));
    }
    let wanted: Vec<_> = env::args().skip(1).collect();
    let mut cases = cases::all();
    cases.retain(|case| wanted.is_empty() || wanted.iter().any(|begin| case.id.starts_with(begin)));
    let mut out = io::stdout();
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
        if outcome.is_err() {
            failed += 1;
            of_them_open += usize::from(case.open);
        }
        tap::point(&mut out, number + 1, case, &outcome)?;
    }
    here.clean_up();
    tap::end(&mut out, cases.len(), failed, of_them_open)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
