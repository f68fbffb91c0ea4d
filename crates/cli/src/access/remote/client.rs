//! Requests to a server, and what its answers mean.

use std::error::Error as _;
use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, request};
use ureq::{Agent, AsSendBody, Body};

use crate::exit::{Failure, Status};
use crate::quoted::Quoted;
use crate::token::Secret;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest silence of a server: before an answer, and in the middle of one.
const SILENCE: Duration = Duration::from_secs(120);

/// Most bytes of a document: a page of 1,000 keys, each as long as may be and every byte escaped, is below.
const MAX_DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Most bytes of an error that are looked at.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// Most characters of an error that are repeated.
const MAX_DETAIL_CHARS: usize = 500;

/// The URL of a server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url(String);

impl Url {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent can be read on the way.
    fn is_plain(&self) -> bool {
        Uri::from_str(&self.0).is_ok_and(|uri| uri.scheme_str() == Some("http"))
    }

    /// Whether it is this machine, which no proxy stands in front of.
    fn is_loopback(&self) -> bool {
        let uri = Uri::from_str(&self.0).ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "use the URL of a server, such as http://127.0.0.1:7677".to_owned();
        let uri = Uri::from_str(text).map_err(|_| wrong())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        if uri.query().is_some()
            || text.contains('#')
            || uri.authority().is_some_and(|it| it.as_str().contains('@'))
        {
            return Err(format!("a name, a query or a fragment is not possible here; {}", wrong()));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// Talks to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: Url,
    /// What shows the token.
    token: Option<HeaderValue>,
}

impl Client {
    pub(crate) fn new(url: Url, token: Option<&Secret>) -> Result<Self, Failure> {
        if token.is_some() && url.is_plain() && !url.is_loopback() {
            tracing::warn!(
                "the token goes to {url} as it is, for everybody on the way to read; use https://"
            );
        }
        let token = token.map(|token| HeaderValue::from_str(token.text()).context("the token is no header"));
        let mut token = token.transpose()?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would carry the token elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("edgekv/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .timeout_recv_response(Some(SILENCE))
            .max_idle_connections_per_host(16);
        if url.is_loopback() {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent(), url, token })
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Begins a request; `path` begins with a slash and is encoded.
    pub(crate) fn request(&self, method: Method, path: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.header("fastly-key", token.clone()),
            None => request,
        }
    }

    /// Sends a request. The answer may be an error.
    pub(crate) fn send(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, Failure> {
        let request = request
            .body(body)
            .map_err(|error| Failure::said(Status::Usage, format!("the request cannot be sent: {error}")))?;
        self.agent.run(request).map_err(|error| self.unreachable(&error))
    }

    /// Sends a request, and takes any answer that is no success for a failure.
    pub(crate) fn call(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, Failure> {
        let response = self.send(request, body)?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response)) }
    }

    /// The document in an answer.
    pub(crate) fn document<T: DeserializeOwned>(&self, mut response: Response<Body>) -> Result<T, Failure> {
        let text = response.body_mut().with_config().limit(MAX_DOCUMENT_BYTES).read_to_vec();
        let text = text.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&text).map_err(|error| {
            let message = format!(
                "{} has answered with a document that is not as expected: {error}; is it a KV store's API?",
                self.url
            );
            Failure::said(Status::BadAnswer, message)
        })
    }

    /// What an answer that is no success means.
    pub(crate) fn refused(&self, response: Response<Body>) -> Failure {
        let status = response.status();
        let detail = detail(response);
        let said = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let url = &self.url;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let what = match &self.token {
                    // What is forbidden need not be so for want of a token: the server has said why.
                    _ if status == StatusCode::FORBIDDEN && !said.is_empty() => "refuses this",
                    None => "wants a token",
                    Some(_) => "does not accept the token",
                };
                let advice = match &self.token {
                    None => "a token is given by --token-file FILE or EDGEKV_API_TOKEN",
                    Some(_) => "check --token, --token-file, EDGEKV_API_TOKEN and FASTLY_API_TOKEN",
                };
                Failure::said(Status::Denied, format!("{url} {what} ({}){said}; {advice}", status.as_u16()))
            }
            _ => {
                let kind = match status {
                    StatusCode::BAD_REQUEST => Status::BadData,
                    StatusCode::NOT_FOUND => Status::Missing,
                    StatusCode::CONFLICT => Status::Conflict,
                    StatusCode::PRECONDITION_FAILED => Status::Precondition,
                    StatusCode::PAYLOAD_TOO_LARGE => Status::TooLarge,
                    StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::REQUEST_TIMEOUT
                    | StatusCode::GATEWAY_TIMEOUT => Status::Busy,
                    _ => Status::BadAnswer,
                };
                let word = match kind {
                    Status::Precondition => {
                        "precondition failed: the entry is not in the state that was asked for".to_owned()
                    }
                    Status::BadAnswer => {
                        format!("{url} answers {status}, which is not expected; is it a KV store's API?")
                    }
                    _ => format!("{url} answers {status}"),
                };
                Failure::said(kind, format!("{word}{said}"))
            }
        }
    }

    /// What it means that there is no answer, or only part of one.
    pub(crate) fn unreachable(&self, error: &ureq::Error) -> Failure {
        let url = &self.url;
        let refused =
            matches!(error, ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused);
        let message = if refused {
            format!("no server answers at {url}; start one: edgekv serve --api ADDRESS:PORT")
        } else {
            let causes = error.source().map_or_else(String::new, |source| format!(": {source}"));
            let text = error.to_string();
            // Some repeat their cause, some do not.
            let causes = if text.contains(causes.trim_start_matches(": ")) { "" } else { causes.as_str() };
            format!("cannot talk to {url}: {text}{causes}; check the URL and the server")
        };
        Failure::said(Status::Unreachable, message)
    }
}

/// What the body of an error says, in one of the three ways that there are.
fn detail(response: Response<Body>) -> String {
    #[derive(Deserialize)]
    struct Problem {
        title: Option<String>,
        detail: Option<String>,
        msg: Option<String>,
        #[serde(default)]
        errors: Vec<serde_json::Value>,
    }
    let mut text = Vec::new();
    // An error that cannot be read has no detail.
    let _ = response.into_body().into_reader().take(MAX_ERROR_BYTES).read_to_end(&mut text);
    let Ok(problem) = serde_json::from_slice::<Problem>(&text) else { return String::new() };
    let inner = problem.errors.first().and_then(|error| {
        let member = error.get("detail").or(error.get("title")).or(error.get("reason"));
        member.and_then(serde_json::Value::as_str).map(str::to_owned)
    });
    let said = problem.detail.filter(|detail| !detail.is_empty()).or(inner).or(problem.title).or(problem.msg);
    printable(&said.unwrap_or_default())
}

/// Foreign text, so that it moves no cursor and fills no screen.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars().take(MAX_DETAIL_CHARS) {
        if char.is_control() { out.extend(char.escape_default()) } else { out.push(char) }
    }
    out
}

/// A part of a path.
pub(crate) fn segment(text: &str) -> impl fmt::Display + '_ {
    /// All but what RFC 3986 calls unreserved.
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, KEPT)
}

/// An answer that contradicts itself.
pub(crate) fn contradiction(what: &str, text: &str) -> Failure {
    Failure::said(
        Status::BadAnswer,
        format!("the server's answer is not understood: {what} {}", Quoted(text)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_servers_are_told_from_others() {
        for (text, url) in [
            ("http://127.0.0.1:7677", "http://127.0.0.1:7677"),
            ("https://api.example.com/", "https://api.example.com"),
            ("http://[::1]:1/below/", "http://[::1]:1/below"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().as_str(), url);
        }
        for text in
            ["", "127.0.0.1:7677", "ftp://a", "http://", "/a", "http://a?b", "http://a#b", "http://me:pw@a"]
        {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        for (text, is_loopback) in [
            ("http://127.0.0.1:7677", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://10.0.0.1:1", false),
            ("https://api.example.com", false),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    #[test]
    fn keys_are_one_segment_of_a_path() {
        assert_eq!(segment("a/b c%2F+é..~").to_string(), "a%2Fb%20c%252F%2B%C3%A9..~");
    }
}
