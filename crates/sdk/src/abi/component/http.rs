//! The request that the program was started for, and its response, by `wasi:http`.

mod arriving;
mod leaving;

use std::cell::{Cell, RefCell};

use wasip2::http::types::{
    Fields, HeaderError, IncomingRequest, Method, OutgoingResponse, ResponseOutparam, Scheme,
};

pub(super) use self::arriving::Arriving;
pub(super) use self::leaving::Leaving;
use super::super::Address;
use super::body::{Kind, PIECE_BYTES};
use super::{HostBody, Result, Value};
use crate::FastlyStatus;
use crate::error::{Call, Fault};

thread_local! {
    static REQUEST: RefCell<Option<IncomingRequest>> = const { RefCell::new(None) };
    static ANSWER: RefCell<Option<ResponseOutparam>> = const { RefCell::new(None) };
    /// Whether the program was started for a request.
    static STARTED: Cell<bool> = const { Cell::new(false) };
    /// Whether that asks for a head alone.
    static IS_HEAD: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the request until the program asks for it, and where its response goes.
pub(super) fn arrived(request: IncomingRequest, answer: ResponseOutparam) {
    IS_HEAD.set(matches!(request.method(), Method::Head));
    REQUEST.set(Some(request));
    ANSWER.set(Some(answer));
    STARTED.set(true);
}

/// Says which ABI the program was built for: a component says so by what it imports.
pub(crate) fn init() {}

fn failed(status: FastlyStatus) -> Fault {
    Fault::Status { call: Call::Http, status }
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Absolute, if the client has said whom it asks.
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

/// The request of the client, and its body.
pub(crate) fn downstream() -> Result<(Head, HostBody)> {
    let request = REQUEST.take().ok_or(Fault::Empty { missing: "no request" })?;
    let authority = request.authority();
    let path = request.path_with_query().unwrap_or_else(|| "/".to_owned());
    let uri = match &authority {
        Some(authority) => format!("{}://{authority}{path}", scheme(request.scheme())),
        None => path,
    };
    let mut headers = request.headers().entries();
    // The standard takes it out of the headers, where HTTP has it.
    if let Some(authority) = authority
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        headers.insert(0, ("host".to_owned(), authority.into_bytes()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, value)| str::from_utf8(value).ok()?.parse().ok());
    let no_body = |()| Fault::Empty { missing: "no body" };
    let body = Arriving::new(request.consume().map_err(no_body)?, length).map_err(no_body)?;
    let head = Head { method: method(request.method()), uri, headers };
    Ok((head, HostBody(Kind::Arriving(body))))
}

fn scheme(scheme: Option<Scheme>) -> String {
    match scheme {
        Some(Scheme::Https) => "https".to_owned(),
        Some(Scheme::Other(other)) => other,
        Some(Scheme::Http) | None => "http".to_owned(),
    }
}

fn method(method: Method) -> String {
    let known = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => return other,
    };
    known.to_owned()
}

/// A request at the host, to be asked about its client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostRequest(());

impl HostRequest {
    /// The request of the client, for programs that have its body already.
    pub(crate) fn of_client() -> Result<Self> {
        if STARTED.get() { Ok(Self(())) } else { Err(Fault::Empty { missing: "no request" }) }
    }

    /// The identity that the host gave the request: the standard has none.
    pub(crate) fn id(self) -> Result<Vec<u8>> {
        Err(failed(FastlyStatus::UNSUPPORTED))
    }

    /// An address: the standard has none, so the host does not know it.
    #[allow(clippy::unnecessary_wraps, reason = "other hosts may fail")]
    pub(crate) fn address(self, _: Address, _: &mut [u8; 16]) -> Result<usize> {
        Ok(0)
    }
}

/// A response that has not been sent.
#[derive(Debug)]
pub(crate) struct HostResponse {
    status: u16,
    headers: Fields,
}

impl HostResponse {
    /// Makes a response: status 200, no headers.
    #[allow(clippy::unnecessary_wraps, reason = "other hosts may refuse")]
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { status: 200, headers: Fields::new() })
    }

    /// Sets the status.
    #[allow(clippy::unnecessary_wraps, reason = "other hosts may refuse")]
    pub(crate) fn set_status(&mut self, status: u16) -> Result<()> {
        self.status = status;
        Ok(())
    }

    /// Adds a header. Those that say how long the body is are made from the body.
    pub(crate) fn append_header(&mut self, name: &str, value: &[u8]) -> Result<()> {
        if name.eq_ignore_ascii_case("content-length") {
            return Ok(());
        }
        match self.headers.append(name, value) {
            // Headers of the connection are the host's matter.
            Ok(()) | Err(HeaderError::Forbidden) => Ok(()),
            Err(_) => Err(failed(FastlyStatus::ERROR)),
        }
    }

    /// Sends the response with all of its body.
    pub(crate) fn send(self, body: Value) -> Result<()> {
        if self.status < 200 {
            // What comes before a response: the standard has no way for it.
            return Ok(());
        }
        match body {
            Value::Guest(bytes) => {
                let mut sent = self.begin(u64::try_from(bytes.len()).ok(), &[])?;
                // A client that has gone away is no failure of the program, which has answered.
                if sent.write(&bytes).is_ok() {
                    let _ = sent.finish();
                }
            }
            Value::Host(mut body) => {
                let length = body.known_length()?;
                let first = body.take(PIECE_BYTES)?;
                // Of longer bodies they are known too late.
                let whole = length == u64::try_from(first.len()).ok();
                let trailers = if whole { body.trailer_names().unwrap_or_default() } else { Vec::new() };
                let mut sent = self.begin(length, &trailers)?;
                // Of a body that breaks off as much is sent as came, and the client is told that it is not all.
                if sent.write(&first).is_ok() && sent.append(body).is_ok() {
                    let _ = sent.finish();
                }
            }
        }
        Ok(())
    }

    /// Sends the response and what is in its body, which is sent on as it is written from now on.
    pub(crate) fn stream(self, body: Value) -> Result<HostBody> {
        let mut sent = self.begin(None, &[])?;
        match body {
            Value::Guest(bytes) => sent.write(&bytes)?,
            Value::Host(body) => sent.append(body)?,
        }
        Ok(HostBody(Kind::Leaving(sent)))
    }

    /// Sends the head of the response, for a body of this length with trailers of these names.
    fn begin(self, length: Option<u64>, trailers: &[Vec<u8>]) -> Result<Leaving> {
        let no_response = |()| failed(FastlyStatus::INVAL);
        let has_body = !matches!(self.status, 204 | 304);
        // What was made for HEAD without a body says nothing of the length that GET would have.
        let claim = |length: &u64| has_body && (*length > 0 || !IS_HEAD.get());
        let header = if !trailers.is_empty() {
            // HTTP/1.1 has trailers only behind chunks, and only those that were announced.
            let are_told = self.headers.has("trailer");
            (has_body && !IS_HEAD.get() && !are_told).then(|| ("trailer", trailers.join(&b", "[..])))
        } else {
            length.filter(claim).map(|length| ("content-length", length.to_string().into_bytes()))
        };
        if let Some((name, value)) = header {
            self.headers.append(name, &value).map_err(|_| failed(FastlyStatus::ERROR))?;
        }
        let answer = ANSWER.take().ok_or(Fault::Empty { missing: "no request to answer" })?;
        let response = OutgoingResponse::new(self.headers);
        response.set_status_code(self.status).map_err(no_response)?;
        let body = response.body().map_err(no_response)?;
        let leaving = Leaving::new(body).map_err(no_response)?;
        ResponseOutparam::set(answer, Ok(response));
        Ok(leaving)
    }
}
