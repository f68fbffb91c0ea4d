//! Counts the checks of a guest program and reports the first that fails.
//!
//! A guest that checks its host says `ok N checks` and exits with 0, or names the place, the claim and what it saw
//! instead, and exits with 1.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::panic::Location;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long something may take that happens by itself; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The checks of one guest program.
#[derive(Debug, Default)]
pub struct Checks {
    // A cell, so that a check may use a helper that makes checks itself.
    passed: Cell<u32>,
}

impl Checks {
    /// Runs `program` and reports; the value to return from `main`.
    pub fn run(program: impl FnOnce(&Self) -> Result<(), Box<dyn Error>>) -> ExitCode {
        let checks = Self::default();
        match program(&checks) {
            Ok(()) => {
                println!("ok {} checks", checks.passed.get());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("after {} good checks: {error}", checks.passed.get());
                ExitCode::FAILURE
            }
        }
    }

    /// Checks that `claim` holds.
    #[track_caller]
    pub fn that(&self, claim: &str, holds: bool) {
        if !holds {
            self.fail(claim, "it does not hold");
        }
        self.pass();
    }

    /// Checks that `claim` gives what is `expected`.
    #[track_caller]
    pub fn same<A: Debug + PartialEq<B>, B: Debug>(&self, claim: &str, got: A, expected: B) {
        if got != expected {
            self.fail(claim, &format!("got {got:?}, expected {expected:?}"));
        }
        self.pass();
    }

    /// Checks that `claim` is a success, and returns its value.
    #[track_caller]
    pub fn good<T, E: Debug>(&self, claim: &str, result: Result<T, E>) -> T {
        match result {
            Ok(value) => {
                self.pass();
                value
            }
            Err(error) => self.fail(claim, &format!("it failed with {error:?}")),
        }
    }

    /// Checks that `claim` fails, with an error that `is_expected`.
    #[track_caller]
    pub fn bad<T, E: Debug>(&self, claim: &str, result: Result<T, E>, is_expected: impl FnOnce(&E) -> bool) {
        match result {
            Ok(_) => self.fail(claim, "it succeeded"),
            Err(error) if is_expected(&error) => self.pass(),
            Err(error) => self.fail(claim, &format!("it failed with {error:?}")),
        }
    }

    /// Checks that `claim` comes true by itself within 20 seconds.
    #[track_caller]
    pub fn in_time(&self, claim: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            if start.elapsed() > PATIENCE {
                self.fail(claim, &format!("it does not hold after {PATIENCE:?}"));
            }
        }
        self.pass();
    }

    fn pass(&self) {
        self.passed.set(self.passed.get() + 1);
    }

    #[track_caller]
    fn fail(&self, claim: &str, seen: &str) -> ! {
        eprintln!("after {} good checks, at {}: {claim}: {seen}", self.passed.get(), Location::caller());
        std::process::exit(1);
    }
}
