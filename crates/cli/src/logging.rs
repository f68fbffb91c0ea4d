//! Messages about what is going on: on stderr, because stdout is the guest's.

use std::io;

use anyhow::Context;
use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::exit::{Failure, Status};

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to say on stderr about the work: error, warn, info, debug or trace, or a list such as
    /// `warn,edgekv_store=debug`
    #[arg(long, value_name = "LEVEL", default_value = "warn", env = "EDGEKV_LOG", global = true)]
    log: String,
}

impl LogArgs {
    /// Starts to print messages.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::builder()
            .parse(&self.log)
            .with_context(|| format!("--log {:?} is not understood; use a level such as `debug`", self.log))
            .map_err(|error| Failure::new(Status::Usage, error))?;
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
        Ok(())
    }
}
