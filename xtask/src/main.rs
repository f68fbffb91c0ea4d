//! The developer's one door: setup, codegen, guests, clients, demo, test, bench.
//!
//! `cargo xtask` lists the commands; every one works on a fresh machine, shows the commands it runs, and can be
//! repeated.

mod bench;
mod clients;
mod codegen;
mod demo;
mod dependencies;
mod guest_tests;
mod guests;
mod npm;
mod process;
mod test;
mod toolchain;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use self::toolchain::Target;

/// The developer's one door.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check for what compiles guests and runs clients, and install it when that is possible
    Setup,
    /// Write the guest bindings of crates/sys from witx/
    Codegen {
        /// Write nothing; fail when a file is stale
        #[arg(long)]
        check: bool,
    },
    /// Build guest programs, as core modules and as components, and layers into target/guests
    Guests {
        /// Guests to build; all when none is named
        names: Vec<String>,
    },
    /// Install the official clients of the API, from npm and PyPI, into target/clients
    Clients,
    /// Run hello-kv on a durable store; run it twice to see that data survive
    Demo {
        /// Forget the data of earlier runs first
        #[arg(long)]
        fresh: bool,
    },
    /// Check everything: format, generated code, dependencies, guests, lints, docs, tests
    Test {
        /// Only these steps
        #[arg(long, value_name = "STEP")]
        only: Vec<test::Step>,
    },
    /// Measure: the engines, single host calls, what a guest sees of them, and what HTTP clients see of applications and of the
    /// API
    Bench {
        /// Only these benchmarks; all of `engine`, `hostcalls`, `guest`, `serve` and `api` when none is named. `api` makes its
        /// load by `wrk` where that is installed
        names: Vec<String>,
        /// The program `viceroy`, for `serve` to measure beside edgekv (`cargo install viceroy` makes it)
        #[arg(long, value_name = "PATH")]
        peer: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = workspace::root();
    std::env::set_current_dir(&root).with_context(|| format!("cannot go to {}", root.display()))?;
    match task {
        Task::Setup => {
            for (what, target) in [
                ("guests", Target::Program),
                ("guests that are components", Target::Component),
                ("layers", Target::Layer),
            ] {
                println!("{what} are compiled by {}", toolchain::ensure(target)?);
            }
            println!("guests in JavaScript are built with {}", toolchain::node::ensure()?);
            println!("a client of the API is run by {}", toolchain::python::ensure()?);
            Ok(())
        }
        Task::Codegen { check } => codegen::run(check),
        Task::Guests { names } => guests::build(&names),
        Task::Clients => clients::install(),
        Task::Demo { fresh } => demo::run(fresh),
        Task::Test { only } => test::run(&only),
        Task::Bench { names, peer } => bench::run(&names, peer.as_deref()),
    }
}
