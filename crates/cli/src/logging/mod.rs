//! Messages about what is going on: on stderr, because stdout is the guest's.

mod aside;
mod text;

use std::env;
use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::exit::{Failure, Status};
use crate::usage;

/// What is said when nobody asks for more or less: what is wrong, and what `serve` is there for.
const DEFAULT: &str = "warn,edgekv::request=info,edgekv::app=info";

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to say on stderr about the work: error, warn, info, debug or trace, or a list such as
    /// `warn,edgekv_store=debug`. Requests are `edgekv::request`, what served applications print is `edgekv::app`, both
    /// of level info: `warn` alone silences them
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT, env = "EDGEKV_LOG", global = true)]
    log: String,
    /// How to say it: as text for people, or as a JSON object on each line
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "EDGEKV_LOG_FORMAT", global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Who waits for whoever reads standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Whoever has a message to print: nothing is lost, and a message is there before what comes after it.
    Direct,
    /// Nobody. Messages for which there is no room any more are lost, and counted.
    Aside,
}

/// As long as it lives, messages are printed. What is still to be printed then is printed before it goes.
#[derive(Debug)]
#[must_use]
pub(crate) struct Logging {
    _aside: Option<aside::Guard>,
}

impl LogArgs {
    /// Starts to print messages.
    pub(crate) fn start(&self, writing: Writing) -> Result<Logging, Failure> {
        let refused = || {
            let error = anyhow!(
                "{} {:?} is not understood; use a level such as `debug`, or a list such as `warn,edgekv_store=debug`",
                usage::origin("--log"),
                self.log
            );
            Failure::new(Status::Usage, error)
        };
        if !self.log.split(',').all(is_directive) {
            return Err(refused());
        }
        let filter = EnvFilter::builder().parse(&self.log).map_err(|_| refused())?;
        let aside = match writing {
            Writing::Direct => {
                self.start_with(filter, io::stderr);
                None
            }
            Writing::Aside => {
                let (writer, guard) = aside::start(io::stderr(), self.log_format);
                self.start_with(filter, writer);
                Some(guard)
            }
        };
        Ok(Logging { _aside: aside })
    }

    fn start_with<W>(&self, filter: EnvFilter, writer: W)
    where
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        let has_colours =
            io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
        match self.log_format {
            LogFormat::Text => {
                subscriber.with_ansi(has_colours).event_format(text::Messages::default()).init();
            }
            LogFormat::Json => subscriber.json().flatten_event(true).init(),
        }
    }
}

/// A plain word has to be a level. The filter would take any other word for the name of a module, and a misspelt level
/// would silence everything.
fn is_directive(text: &str) -> bool {
    let text = text.trim();
    text.contains(['=', '[', ']', '{', '}']) || text.parse::<LevelFilter>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_word_is_a_level_or_a_mistake() {
        for text in
            ["debug", "WARN", "off", " info", "", "edgekv_store=debug", "[span]=info", "edgekv[a{b=c}]"]
        {
            assert!(is_directive(text), "{text:?}");
        }
        for text in ["debgu", "verbose", "edgekv_store", "7"] {
            assert!(!is_directive(text), "{text:?}");
        }
    }
}
