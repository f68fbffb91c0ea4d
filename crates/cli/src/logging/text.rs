//! Messages as text for people.
//!
//! | of | line |
//! | --- | --- |
//! | a request | `TIME CLIENT METHOD PATH STATUS BYTES B MILLISECONDS ms ID` |
//! | an application | `TIME app: MESSAGE  ID`; `app: warning:` and `app: error:` when it is one, `app: [ENDPOINT]` when it was sent to one |
//! | edgekv itself | `edgekv: warning: MESSAGE`, `edgekv: error: MESSAGE`, and with time and place what is only said when asked for |

use std::fmt::{self, Write as _};

use edgekv_host::Escaped;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use crate::quoted::UrlText;

/// Where `edgekv-server` tells of requests.
const REQUESTS: &str = "edgekv::request";

/// What applications print, and what becomes of them.
const APPLICATIONS: &str = "edgekv::app";

/// The format of an event.
#[derive(Debug, Default)]
pub(super) struct Messages(Format);

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
        let level = *event.metadata().level();
        match event.metadata().target() {
            REQUESTS => {
                let mut request = Request::default();
                event.record(&mut request);
                SystemTime.format_time(&mut writer)?;
                return writeln!(writer, " {request}");
            }
            APPLICATIONS => {
                let mut message = Message { level, ..Message::default() };
                event.record(&mut message);
                SystemTime.format_time(&mut writer)?;
                return writeln!(writer, " {message}");
            }
            _ => {}
        }
        match level {
            Level::ERROR => writer.write_str("edgekv: error: ")?,
            Level::WARN => writer.write_str("edgekv: warning: ")?,
            _ => return self.0.format_event(context, writer, event),
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

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
        let Self { id, client, bytes, milliseconds, .. } = self;
        let (method, path) = (UrlText(&self.method), UrlText(&self.path));
        write!(f, "{client} {method} {path} ")?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_char('-')?,
        }
        write!(f, " {bytes} B {milliseconds:.1} ms {id}")?;
        if self.complete { Ok(()) } else { f.write_str(" (cut off)") }
    }
}

/// What an application says, or what is said of one.
#[derive(Debug)]
struct Message {
    level: Level,
    text: String,
    endpoint: Option<String>,
    id: Option<String>,
}

impl Default for Message {
    fn default() -> Self {
        Self { level: Level::INFO, text: String::new(), endpoint: None, id: None }
    }
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.text = format!("{value:?}"),
            "endpoint" => self.endpoint = Some(format!("{value:?}")),
            "id" => self.id = Some(format!("{value:?}")),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Without quotation marks.
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level {
            Level::ERROR => "app: error: ",
            Level::WARN => "app: warning: ",
            Level::INFO => "app: ",
            _ => "app: debug: ",
        })?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, "[{}] ", Escaped(endpoint))?;
        }
        let mut lines = self.text.split('\n');
        write!(f, "{}", Escaped(lines.next().unwrap_or_default()))?;
        if let Some(id) = &self.id {
            write!(f, "  {id}")?;
        }
        // Only a first line begins at the margin: an application cannot print what looks like another message.
        for line in lines {
            let margin = if line.starts_with("  ") { "" } else { "  " };
            write!(f, "\n{margin}{}", Escaped(line))?;
        }
        Ok(())
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
        request.path = "/\u{9b}31m\u{202e}é\u{1b}\n%41".into();
        assert_eq!(
            request.to_string(),
            "::1 GET /%C2%9B31m%E2%80%AE%C3%A9%1B%0A%41 - 12 B 1.2 ms 0f (cut off)"
        );
    }

    #[test]
    fn what_an_application_says_is_a_line_of_its_own() {
        let mut message = Message { text: "it \"ran\" \\ é".into(), ..Message::default() };
        assert_eq!(message.to_string(), "app: it \"ran\" \\ é");
        message.id = Some("0f".into());
        assert_eq!(message.to_string(), "app: it \"ran\" \\ é  0f");
        message.endpoint = Some("my\nlog".into());
        assert_eq!(message.to_string(), "app: [my\\nlog] it \"ran\" \\ é  0f");
        message.level = Level::ERROR;
        message.endpoint = None;
        message.text = "trapped\n  in main\nedgekv: all is well\r\u{1b}[2J".into();
        assert_eq!(
            message.to_string(),
            "app: error: trapped  0f\n  in main\n  edgekv: all is well\\r\\u{1b}[2J"
        );
    }
}
