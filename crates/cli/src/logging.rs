//! Messages about what is going on: on stderr, because stdout is the guest's.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use crate::exit::{Failure, Status};
use crate::usage;

/// What is said when nobody asks for more or less: what is wrong, and what `serve` is there for.
const DEFAULT: &str = "warn,edgekv::request=info,edgekv::app=info";

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to say on stderr about the work: error, warn, info, debug or trace, or a list such as
    /// `warn,edgekv_store=debug`. Requests are `edgekv::request`, what served applications print is `edgekv::app`
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT, env = "EDGEKV_LOG", global = true)]
    log: String,
    /// How to say it: as text for people, or as a JSON object on each line
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "EDGEKV_LOG_FORMAT", global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
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
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        match self.log_format {
            LogFormat::Text => {
                subscriber.with_ansi(has_colours).event_format(Messages::default()).init();
            }
            LogFormat::Json => subscriber.json().flatten_event(true).init(),
        }
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
        if event.metadata().target() == REQUESTS {
            SystemTime.format_time(&mut writer)?;
            let mut request = Request::default();
            event.record(&mut request);
            return writeln!(writer, " {request}");
        }
        match *event.metadata().level() {
            Level::ERROR => writer.write_str("edgekv: error: ")?,
            Level::WARN => writer.write_str("edgekv: warning: ")?,
            _ => return self.0.format_event(context, writer, event),
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Where `edgekv-server` tells of requests.
const REQUESTS: &str = "edgekv::request";

/// What is told of a request, in the order in which people look for it.
#[derive(Debug, Default)]
struct Request {
    id: String,
    client: String,
    method: String,
    path: String,
    status: Option<u64>,
    bytes: u64,
    complete: bool,
    milliseconds: f64,
}

impl Visit for Request {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = match field.name() {
            "id" => &mut self.id,
            "client" => &mut self.client,
            "method" => &mut self.method,
            "path" => &mut self.path,
            _ => return,
        };
        *text = format!("{value:?}");
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            "bytes" => self.bytes = value,
            _ => {}
        }
    }

    fn record_f64(&mut self, _field: &Field, value: f64) {
        self.milliseconds = value;
    }

    fn record_bool(&mut self, _field: &Field, value: bool) {
        self.complete = value;
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, client, method, path, bytes, milliseconds, .. } = self;
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        write!(f, "{client} {method} {path} {status} {bytes} B {milliseconds:.1} ms {id}")?;
        if self.complete { Ok(()) } else { f.write_str(" (cut off)") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line_that_says_what_became_of_it() {
        let mut request = Request {
            id: "0f".into(),
            client: "::1".into(),
            method: "GET".into(),
            path: "/a?b".into(),
            status: Some(200),
            bytes: 12,
            complete: true,
            milliseconds: 1.25,
        };
        assert_eq!(request.to_string(), "::1 GET /a?b 200 12 B 1.2 ms 0f");
        request.status = None;
        request.complete = false;
        assert_eq!(request.to_string(), "::1 GET /a?b - 12 B 1.2 ms 0f (cut off)");
    }

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
