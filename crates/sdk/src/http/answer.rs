//! What a handler may return.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use super::send::{self, Sent};
use super::{HeaderValue, Response, StatusCode, header};
use crate::Body;

/// What a handler may return: something that can be sent to the client.
///
/// | type | what the client gets |
/// | --- | --- |
/// | [`Response`] with a body of anything that is `Into<Body>` | that response |
/// | `&str`, `String` | 200, and the text as `text/plain` |
/// | [`StatusCode`] with a text | that status, and the text as `text/plain` |
/// | [`StatusCode`] | that status, without a body |
/// | [`Body`] | 200, and the bytes |
/// | `()` | 200, without a body |
/// | `Result` of any of them | that, or 500 when it is an error |
/// | [`Sent`] | what [`respond`](super::respond) has sent |
///
/// ```
/// use edgekv::http::{Answer, Response, StatusCode};
///
/// fn greet(name: Option<&str>) -> impl Answer {
///     match name {
///         Some(name) => (StatusCode::OK, format!("hello, {name}")),
///         None => (StatusCode::BAD_REQUEST, "who are you?".to_owned()),
///     }
/// }
/// # greet(None);
/// ```
pub trait Answer {
    /// Sends this as the response, all of it. The program may go on to work afterwards.
    ///
    /// # Errors
    ///
    /// When a response was sent before, its status is below 200 (for hints there is
    /// [`early_hints`](super::early_hints)), or the host does not accept it.
    fn send(self) -> io::Result<Sent>;
}

impl<B: Into<Body>> Answer for Response<B> {
    fn send(self) -> io::Result<Sent> {
        send::whole(self.map(Into::into))
    }
}

impl Answer for Sent {
    fn send(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl<A: Answer, E: Into<Box<dyn Error>>> Answer for Result<A, E> {
    fn send(self) -> io::Result<Sent> {
        match self {
            Ok(answer) => answer.send(),
            Err(error) => {
                let error = chain(&*error.into());
                // Half a response cannot become another one.
                if send::begun() {
                    return Err(io::Error::other(error));
                }
                eprintln!("edgekv: the handler failed: {error}");
                internal_error().send()
            }
        }
    }
}

impl Answer for () {
    fn send(self) -> io::Result<Sent> {
        Response::new(Body::new()).send()
    }
}

impl Answer for Body {
    fn send(self) -> io::Result<Sent> {
        Response::new(self).send()
    }
}

impl Answer for &str {
    fn send(self) -> io::Result<Sent> {
        (StatusCode::OK, self).send()
    }
}

impl Answer for String {
    fn send(self) -> io::Result<Sent> {
        (StatusCode::OK, self).send()
    }
}

impl Answer for StatusCode {
    fn send(self) -> io::Result<Sent> {
        let mut response = Response::new(Body::new());
        *response.status_mut() = self;
        response.send()
    }
}

impl<T: Into<String>> Answer for (StatusCode, T) {
    fn send(self) -> io::Result<Sent> {
        let (status, text) = self;
        let mut response = Response::new(Body::from(text.into()));
        *response.status_mut() = status;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        response.send()
    }
}

/// What a client is told about an error of the program.
pub(super) fn internal_error() -> impl Answer {
    (StatusCode::INTERNAL_SERVER_ERROR, "internal server error\n")
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    line
}
