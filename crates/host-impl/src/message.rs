//! Requests and responses as a guest holds them: all of a message but its body.

use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

use crate::body::Body;
use crate::downstream::Keepalive;
use crate::framing::{self, Content, Framing, may_have_body};
use crate::headers::Headers;

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    headers: Headers,
    origin: Origin,
}

/// Who made a request.
#[derive(Debug)]
enum Origin {
    Guest,
    /// The client. What it sent is kept from when the guest changes the headers.
    Client(Option<Box<Original>>),
}

/// What is asked about the headers of the client, whatever the guest does to them.
#[derive(Debug)]
pub(crate) struct Original {
    pub(crate) names: Vec<HeaderName>,
    pub(crate) key: Option<HeaderValue>,
}

/// The header with a key that lets its sender do more than others.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("fastly-key");

impl Original {
    fn of(headers: &Headers) -> Self {
        Self { names: headers.names().cloned().collect(), key: headers.first(&KEY_HEADER).cloned() }
    }
}

impl Request {
    /// A request that the guest makes: GET, `/`, HTTP/1.1.
    pub(crate) fn new() -> Self {
        Self {
            method: Method::GET,
            uri: Uri::default(),
            version: Version::HTTP_11,
            headers: Headers::default(),
            origin: Origin::Guest,
        }
    }

    /// The request of the client.
    pub(crate) fn from_client(head: http::request::Parts) -> Self {
        Self {
            method: head.method,
            uri: head.uri,
            version: head.version,
            headers: head.headers.into(),
            origin: Origin::Client(None),
        }
    }

    /// The request as it came, with its body.
    pub(crate) fn into_message(self, body: Body) -> http::Request<Body> {
        let mut message = http::Request::new(body);
        *message.method_mut() = self.method;
        *message.uri_mut() = self.uri;
        *message.version_mut() = self.version;
        *message.headers_mut() = self.headers.into_map();
        message
    }

    pub(crate) const fn is_from_client(&self) -> bool {
        matches!(self.origin, Origin::Client(_))
    }

    /// What the client sent, if the guest has changed the headers since.
    pub(crate) fn original(&self) -> Option<&Original> {
        match &self.origin {
            Origin::Client(original) => original.as_deref(),
            Origin::Guest => None,
        }
    }

    /// What the client sent, of a request that the guest gives up; `None` for one of the guest's.
    pub(crate) fn into_original(self) -> Option<Box<Original>> {
        match self.origin {
            Origin::Client(original) => {
                Some(original.unwrap_or_else(|| Box::new(Original::of(&self.headers))))
            }
            Origin::Guest => None,
        }
    }

    /// Bytes of host memory that it takes up.
    pub(crate) fn held_bytes(&self) -> usize {
        let uri: usize = uri_parts(&self.uri).map(<[u8]>::len).iter().sum();
        size_of::<Self>() + self.method.as_str().len() + uri + self.headers.held_bytes()
    }
}

/// The text of a URL, in pieces.
pub(crate) fn uri_parts(uri: &Uri) -> [&[u8]; 6] {
    let (scheme, colon) = uri.scheme_str().map_or(("", ""), |scheme| (scheme, "://"));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let (mark, query) = uri.query().map_or(("", ""), |query| ("?", query));
    [scheme, colon, authority, uri.path(), mark, query].map(str::as_bytes)
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    /// For the guest only: which version is spoken is a matter between server and client.
    pub(crate) version: Version,
    headers: Headers,
    pub(crate) framing: Framing,
    pub(crate) keepalive: Option<Keepalive>,
}

impl Response {
    /// 200, HTTP/1.1.
    pub(crate) fn new() -> Self {
        Self {
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers: Headers::default(),
            framing: Framing::Automatic,
            keepalive: None,
        }
    }

    /// Bytes of host memory that it takes up.
    pub(crate) const fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.headers.held_bytes()
    }

    /// The response as it leaves the host, with its body, and the names of the trailers that
    /// are known.
    ///
    /// Where a response has no body on the wire, it leaves with an empty one: there are servers that send what they are given.
    pub(crate) fn with_body(
        self,
        body: Body,
        trailers: Option<&HeaderValue>,
        answers_head: bool,
    ) -> http::Response<Body> {
        let mut headers = self.headers.into_map();
        let content = Content { length: body.known_length(), is_absent: answers_head, trailers };
        framing::settle(self.framing, self.status, &mut headers, content);
        // The version stays the usual one: servers speak their own, and may panic at others.
        let has_body = !answers_head && may_have_body(self.status);
        let mut response = http::Response::new(if has_body { body } else { Body::new() });
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        if let Some(keepalive) = self.keepalive {
            response.extensions_mut().insert(keepalive);
        }
        response
    }
}

/// What has headers.
pub(crate) trait Message {
    fn headers(&self) -> &Headers;
    /// The headers, to be changed.
    fn headers_mut(&mut self) -> &mut Headers;
}

impl Message for Request {
    fn headers(&self) -> &Headers {
        &self.headers
    }

    fn headers_mut(&mut self) -> &mut Headers {
        if let Origin::Client(original @ None) = &mut self.origin {
            *original = Some(Box::new(Original::of(&self.headers)));
        }
        &mut self.headers
    }
}

impl Message for Response {
    fn headers(&self) -> &Headers {
        &self.headers
    }

    fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }
}

/// Another request that the guest has asked for. There never is one: a client's request gets an instance of its own.
#[derive(Debug)]
pub(crate) struct RequestPromise;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_url_are_its_text() {
        let urls = [
            "/",
            "/a?b=c",
            "*",
            "http://h",
            "http://h:8080",
            "https://user@h/",
            "http://h/a/b?c?d",
            "http://h?q=1",
            "h:443",
            "example",
            "http://[::1]:80/x",
            "/?",
            "http://h/?",
        ];
        for url in urls {
            let uri: Uri = url.parse().unwrap();
            let text = String::from_utf8(uri_parts(&uri).concat()).unwrap();
            assert_eq!(text, uri.to_string(), "{url}");
        }
    }
}
