//! Messages about what is going on: on stderr, because stdout is the guest's.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::Args;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use crate::exit::{Failure, Status};
use crate::usage;

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
        let has_colours =
            io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        tracing_subscriber::fmt()
            .with_ansi(has_colours)
            .event_format(Messages::default())
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .init();
        Ok(())
    }
}

/// A plain word has to be a level. The filter would take any other word for the name of a module, and a misspelt level
/// would silence everything.
fn is_directive(text: &str) -> bool {
    let text = text.trim();
    text.contains(['=', '[', ']', '{', '}']) || text.parse::<LevelFilter>().is_ok()
}

/// Warnings and errors look like all that the command says to its user; what is only said when asked for has time and
/// place.
#[derive(Debug, Default)]
struct Messages(Format);

impl<S, N> FormatEvent<S, N> for Messages
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match *event.metadata().level() {
            Level::ERROR => writer.write_str("edgekv: error: ")?,
            Level::WARN => writer.write_str("edgekv: warning: ")?,
            _ => return self.0.format_event(context, writer, event),
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
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
