//! The request of a client that an instance answers, and its answer.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_channel::oneshot;
use http::StatusCode;

use crate::body::Body;
use crate::ctx::KvCtx;
use crate::framing::{self, Content, Framing};
use crate::handles::{HandleTable, Object};
use crate::headers::Headers;
use crate::message::{Message, Original, Request};
use crate::status::Error;

/// The request of a client, for the one instance that answers it.
///
/// Goes into a context with [`KvCtxBuilder::build_for`](crate::KvCtxBuilder::build_for); what the instance sends comes out of
/// the [`Answer`].
///
/// ```
/// use edgekv_host::{Body, Client, Downstream, KvCtx};
/// use edgekv_store::{MemoryEngine, Stores};
///
/// let request = http::Request::get("http://example.com/path").body(Body::new())?;
/// let client = Client::default().address([127, 0, 0, 1].into()).request_id([7; 16]);
/// let (downstream, answer) = Downstream::new(request, client);
/// let ctx = KvCtx::builder(Stores::new(MemoryEngine::new())).build_for(downstream);
/// // An instance would run with the context here. This one ends without an answer.
/// drop(ctx);
/// assert!(pollster::block_on(answer).is_none());
/// # Ok::<(), http::Error>(())
/// ```
pub struct Downstream {
    request: http::Request<Body>,
    client: Client,
    answer: oneshot::Sender<http::Response<Body>>,
}

impl Downstream {
    /// A request, and where its answer will be.
    ///
    /// Guests count on an absolute URL: scheme, authority, path and query. Where a request on the wire has only a path,
    /// the server puts the rest before it.
    pub fn new(request: http::Request<Body>, client: Client) -> (Self, Answer) {
        let (sender, receiver) = oneshot::channel();
        (Self { request, client, answer: sender }, Answer { receiver })
    }
}

impl fmt::Debug for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downstream")
            .field("method", self.request.method())
            .field("uri", self.request.uri())
            .finish_non_exhaustive()
    }
}

/// What is known of a client beside its request. By default, nothing.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Client {
    address: Option<IpAddr>,
    server_address: Option<IpAddr>,
    request_id: Option<[u8; 16]>,
    original_header_names: Option<Vec<Bytes>>,
}

impl Client {
    /// The address of the client.
    pub const fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The address that the client has connected to.
    pub const fn server_address(mut self, address: IpAddr) -> Self {
        self.server_address = Some(address);
        self
    }

    /// What the request is known by in logs. Guests are told it as 32 lower-case hexadecimal digits.
    pub const fn request_id(mut self, id: [u8; 16]) -> Self {
        self.request_id = Some(id);
        self
    }

    /// The names of the headers as the client has spelt them. Without them guests are told those of the request, in lower
    /// case and each once.
    pub fn original_header_names<N: Into<Bytes>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.original_header_names = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

/// The answer of an instance to a [`Downstream`]: a future.
///
/// It is there as soon as the instance sends it; its body may still be written then. `None` when the instance has ended, or
/// its context was dropped, without one.
///
/// Headers about framing are in it only where the guest has chosen them and they hold, or where a server cannot know them: the length
/// of what a HEAD asks about, and the trailers that are known. A server adds `Content-Length` from the length that the body knows, or
/// sends in chunks. Where there is no body on the wire, after HEAD and with status 204, 205 and 304, the body is empty. Its version says nothing. See [`Keepalive`] for
/// what a guest may wish for the connection.
///
/// Dropping it says that the client is gone: what the instance sends is dropped, and what it goes on to write to a
/// streaming body is refused with `error`.
#[derive(Debug)]
#[must_use = "the answer is what the client waits for"]
pub struct Answer {
    receiver: oneshot::Receiver<http::Response<Body>>,
}

impl Future for Answer {
    type Output = Option<http::Response<Body>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(cx).map(Result::ok)
    }
}

/// Where the answer to a request goes, of an instance that has no functions of the legacy ABI for that: a component, which is given
/// its request by [`KvCtx::take_downstream`].
///
/// Dropping it says that there will be no answer.
#[derive(Debug)]
pub struct Responder {
    is_head: bool,
    answer: oneshot::Sender<http::Response<Body>>,
}

impl Responder {
    /// Whether the body of a response with this status goes to the client. Where it does not, it should still be taken from
    /// whoever writes it, who need not know.
    #[must_use]
    pub fn takes_body(&self, status: StatusCode) -> bool {
        !self.is_head && framing::may_have_body(status)
    }

    /// Answers the client. Headers about framing are kept as far as they hold, see [`Answer`]. A client that is gone is no error.
    pub fn send(self, response: http::Response<Body>) {
        let (mut head, body) = response.into_parts();
        let has_body = self.takes_body(head.status);
        let trailers = body.trailers().announcement();
        let content =
            Content { length: body.known_length(), is_absent: self.is_head, trailers: trailers.as_ref() };
        framing::settle(Framing::Manual, head.status, &mut head.headers, content);
        // The version stays the usual one: servers speak their own, and may panic at others.
        head.version = http::Version::HTTP_11;
        let body = if has_body { body } else { Body::new() };
        if self.answer.send(http::Response::from_parts(head, body)).is_err() {
            tracing::debug!("the client was gone before the response was sent");
        }
    }
}

/// What a guest wishes for the connection of its client; in the
/// [extensions](http::Response::extensions) of an answer. Where there is none, the server does as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keepalive {
    /// The connection is to be closed after the response.
    Close,
}

/// A request and its answer, as the context of the instance keeps them.
#[derive(Debug)]
pub(crate) struct Exchange {
    request: Part<Box<Request>>,
    body: Part<Body>,
    client: Client,
    /// What the client sent, of a request that the guest has given up.
    original: Option<Box<Original>>,
    is_head: bool,
    answer: Option<oneshot::Sender<http::Response<Body>>>,
}

/// A part of the request. It becomes an object when the guest asks for it, and keeps its handle from then on.
#[derive(Debug)]
struct Part<T> {
    /// Until the guest has asked for it.
    waiting: Option<T>,
    handle: u32,
}

impl<T> Part<T> {
    const fn new(part: T) -> Self {
        Self { waiting: Some(part), handle: 0 }
    }

    fn give(&mut self, handles: &mut HandleTable, object: fn(T) -> Object) -> Result<u32, Error> {
        if self.waiting.is_some() {
            handles.check_room()?;
        }
        if let Some(part) = self.waiting.take() {
            self.handle = handles.insert(object(part))?;
        }
        Ok(self.handle)
    }
}

impl From<Downstream> for Exchange {
    fn from(downstream: Downstream) -> Self {
        let (head, body) = downstream.request.into_parts();
        let is_head = head.method == http::Method::HEAD;
        Self {
            request: Part::new(Box::new(Request::from_client(head))),
            body: Part::new(body),
            client: downstream.client,
            original: None,
            is_head,
            answer: Some(downstream.answer),
        }
    }
}

/// What the client sent.
pub(crate) enum OriginalHeaders<'a> {
    /// Put aside before the guest changed something.
    Kept(&'a Original),
    /// As they still are.
    Unchanged(&'a Headers),
}

impl Exchange {
    pub(crate) fn give_request(&mut self, handles: &mut HandleTable) -> Result<u32, Error> {
        self.request.give(handles, Object::Request)
    }

    pub(crate) fn give_body(&mut self, handles: &mut HandleTable) -> Result<u32, Error> {
        self.body.give(handles, Object::Body)
    }

    pub(crate) const fn client_address(&self) -> Option<IpAddr> {
        self.client.address
    }

    pub(crate) const fn server_address(&self) -> Option<IpAddr> {
        self.client.server_address
    }

    pub(crate) const fn request_id(&self) -> Option<[u8; 16]> {
        self.client.request_id
    }

    /// Whether the answer has no body, whatever its headers say.
    pub(crate) const fn is_head(&self) -> bool {
        self.is_head
    }

    pub(crate) const fn is_answered(&self) -> bool {
        self.answer.is_none()
    }

    /// Remembers what the client sent of a request that the guest gives up.
    pub(crate) fn keep_original(&mut self, original: Box<Original>) {
        self.original = Some(original);
    }

    /// The headers of the client, as they were.
    pub(crate) fn original<'a>(&'a self, handles: &'a mut HandleTable) -> Result<OriginalHeaders<'a>, Error> {
        if let Some(original) = &self.original {
            return Ok(OriginalHeaders::Kept(original));
        }
        let request = match &self.request.waiting {
            Some(request) => request,
            None => handles.get::<Box<Request>>(self.request.handle)?,
        };
        Ok(request
            .original()
            .map_or_else(|| OriginalHeaders::Unchanged(request.headers()), OriginalHeaders::Kept))
    }

    /// The names as the client spelt them, if the server knows.
    pub(crate) fn spelt_names(&self) -> Option<&[Bytes]> {
        self.client.original_header_names.as_deref()
    }

    /// Answers the client. One that is gone is no error: the guest has done its part.
    pub(crate) fn answer(&mut self, response: http::Response<Body>) {
        if let Some(answer) = self.answer.take()
            && answer.send(response).is_err()
        {
            tracing::debug!("the client was gone before the response was sent");
        }
    }
}

impl KvCtx {
    /// Takes the request of the client out, and where its answer goes: for an instance that is given both by other means than the
    /// legacy ABI, which has neither any more. `None` when there is no client, or the instance has asked for its request.
    pub fn take_downstream(&mut self) -> Option<(http::Request<Body>, Responder)> {
        let Exchange { request, body, is_head, answer, .. } = self.exchange.take()?;
        let (request, body, answer) = (request.waiting?, body.waiting?, answer?);
        Some((request.into_message(body), Responder { is_head, answer }))
    }

    /// Whether the instance has sent a response.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_answered)
    }

    /// Whether the instance asked for the request of a client, or wanted to answer one, and there is none: it is a program for
    /// HTTP that runs without.
    #[must_use]
    pub const fn wanted_request(&self) -> bool {
        self.wanted_request
    }

    /// The request of the client, and what else there is to change with it.
    pub(crate) fn exchange(&mut self) -> Result<(&mut Exchange, &mut HandleTable), Error> {
        match &mut self.exchange {
            Some(exchange) => Ok((exchange, &mut self.handles)),
            None => {
                self.wanted_request = true;
                Err(Error::NoClient)
            }
        }
    }

    /// Takes a request out. What the client sent of its own stays known.
    pub(crate) fn take_request(&mut self, handle: u32) -> Result<(), Error> {
        let request = self.handles_mut().take::<Box<Request>>(handle)?;
        if let (Some(original), Some(exchange)) = (request.into_original(), &mut self.exchange) {
            exchange.keep_original(original);
        }
        Ok(())
    }
}
