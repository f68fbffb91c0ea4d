//! A small HTTP client that hides nothing: parts of bodies go out and come in one by one, interim answers, trailers and
//! messages that are cut off are seen as they are.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Builder;
use hyper::http::response::Parts;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// What a host may need for one step, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many parts of a body may be under way between the test and the connection.
const PARTS: usize = 4;

type Body = Channel<Bytes, Aborted>;

/// The client ends a body in the middle.
#[derive(Debug, thiserror::Error)]
#[error("the test aborts this body")]
pub(crate) struct Aborted;

/// A client with one connection; it makes a new one when the server has closed that.
pub(crate) struct Client {
    runtime: Runtime,
    address: SocketAddr,
    version_2: bool,
    connection: Option<Connection>,
}

enum Connection {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Client {
    pub(crate) fn http1(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, address, version_2: false, connection: None }
    }

    /// HTTP/2 without TLS, from the first byte on.
    pub(crate) fn http2(address: SocketAddr) -> Self {
        Self { version_2: true, ..Self::http1(address) }
    }

    /// A request without a body, and its answer.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn put(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send("PUT", path, &[], body)
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    /// A whole request, and its whole answer.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect();
        let body = body.into();
        let mut exchange = self.open(method, path, headers, (!body.is_empty()).then_some(body.len()));
        // A server may answer, and hang up, before it has the whole body.
        exchange.write_if_possible(body);
        exchange.end();
        let head = exchange.head();
        let body = exchange.rest().unwrap();
        Answer { head, body: body.into() }
    }

    /// Begins a request; its body follows, of this length or else in chunks.
    pub(crate) fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        length: Option<usize>,
    ) -> Exchange<'_> {
        let (body, channel) = Channel::new(PARTS);
        let builder = self.request(method, path);
        let mut request = builder.body(channel).unwrap();
        request.headers_mut().extend(headers);
        if let Some(length) = length {
            request.headers_mut().insert("content-length", length.into());
        }
        let interim = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&interim);
        hyper::ext::on_informational(&mut request, move |response| {
            seen.lock().unwrap().push((response.status(), response.headers().clone()));
        });
        let answer = self.start(request);
        Exchange { client: self, body: Some(body), answer: Some(answer), incoming: None, interim }
    }

    fn request(&self, method: &str, path: &str) -> Builder {
        let request = Request::builder().method(method);
        if self.version_2 {
            return request.uri(format!("http://{}{path}", self.address));
        }
        request.uri(path).header("host", self.address.to_string())
    }

    fn start(&mut self, request: Request<Body>) -> JoinHandle<hyper::Result<Response<Incoming>>> {
        let (address, version_2) = (self.address, self.version_2);
        let connection = self.connection.take();
        let (connection, answer) = self.runtime.block_on(in_time(async move {
            let open = match connection {
                Some(connection) => connection.if_ready().await,
                None => None,
            };
            let mut connection = match open {
                Some(connection) => connection,
                None => Connection::open(address, version_2).await,
            };
            let answer = match &mut connection {
                Connection::Http1(sender) => tokio::spawn(sender.send_request(request)),
                Connection::Http2(sender) => tokio::spawn(sender.send_request(request)),
            };
            (connection, answer)
        }));
        self.connection = Some(connection);
        answer
    }
}

impl Connection {
    async fn open(address: SocketAddr, version_2: bool) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let io = TokioIo::new(stream);
        if version_2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            return Self::Http2(sender);
        }
        let (sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        Self::Http1(sender)
    }

    /// The connection, when it takes another request.
    async fn if_ready(mut self) -> Option<Self> {
        let ready = match &mut self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        };
        ready.is_ok().then_some(self)
    }
}

/// An answer that has come to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of a header, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status(), 200, "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// It has this status; the whole answer is shown when not.
    #[track_caller]
    pub(crate) fn has(self, status: u16) -> Self {
        assert_eq!(self.status(), status, "{self:?}");
        self
    }
}

/// A request and its answer while they are under way.
pub(crate) struct Exchange<'a> {
    client: &'a mut Client,
    body: Option<Sender<Bytes, Aborted>>,
    answer: Option<JoinHandle<hyper::Result<Response<Incoming>>>>,
    incoming: Option<Incoming>,
    interim: Arc<Mutex<Vec<(StatusCode, HeaderMap)>>>,
}

impl Exchange<'_> {
    /// Sends a part of the body.
    pub(crate) fn write(&mut self, part: impl Into<Bytes>) {
        assert!(self.write_if_possible(part.into()), "nobody reads the body any more");
    }

    fn write_if_possible(&mut self, part: Bytes) -> bool {
        let body = self.body.as_mut().unwrap();
        part.is_empty() || self.client.runtime.block_on(in_time(body.send_data(part))).is_ok()
    }

    /// Ends the body.
    pub(crate) fn end(&mut self) {
        self.body = None;
    }

    /// Ends the body with trailers.
    pub(crate) fn end_with(&mut self, trailers: HeaderMap) {
        let mut body = self.body.take().unwrap();
        self.client.runtime.block_on(in_time(body.send_trailers(trailers))).unwrap();
    }

    /// Ends the body in the middle.
    pub(crate) fn abort(mut self) {
        self.body.take().unwrap().abort(Aborted);
        if let Some(answer) = self.answer.take() {
            // It fails; what matters is that the connection has seen the abort.
            let _ = self.client.runtime.block_on(in_time(answer));
        }
        self.client.connection = None;
    }

    /// The head of the answer.
    pub(crate) fn head(&mut self) -> Parts {
        let answer = self.answer.take().unwrap();
        let (head, body) = self.client.runtime.block_on(in_time(answer)).unwrap().unwrap().into_parts();
        self.incoming = Some(body);
        head
    }

    /// The next part of the answer's body, or its trailers; nothing at the end.
    pub(crate) fn next(&mut self) -> Option<Result<Part, hyper::Error>> {
        let incoming = self.incoming.as_mut().unwrap();
        let frame = self.client.runtime.block_on(in_time(incoming.frame()))?;
        Some(frame.map(|frame| match frame.into_data() {
            Ok(data) => Part::Data(data),
            Err(frame) => Part::Trailers(frame.into_trailers().unwrap()),
        }))
    }

    /// Waits until this many bytes more have come.
    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            match self.next() {
                Some(Ok(Part::Data(data))) => bytes.extend_from_slice(&data),
                other => panic!("after {} of {length} bytes: {other:?}", bytes.len()),
            }
        }
        bytes
    }

    /// All data that are still to come.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>, hyper::Error> {
        let mut bytes = Vec::new();
        while let Some(part) = self.next() {
            if let Part::Data(data) = part? {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(bytes)
    }

    /// The interim answers that have come.
    pub(crate) fn interim(&self) -> Vec<(StatusCode, HeaderMap)> {
        self.interim.lock().unwrap().clone()
    }
}

/// What a body is made of.
#[derive(Debug)]
pub(crate) enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

/// What comes of this, which must come some day.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}
