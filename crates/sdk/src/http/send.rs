//! Responses, from the types of the crate `http` to the host's calls.

use std::cell::Cell;
use std::io::{self, Write};

use super::{HeaderMap, Response, StatusCode};
use crate::Body;
use crate::abi::HostResponse;

thread_local! {
    /// Whether the host has taken a response: there can be only one.
    static BEGUN: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn begun() -> bool {
    BEGUN.get()
}

/// Makes this thread one that has answered nothing.
#[cfg(test)]
pub(super) fn forget() {
    BEGUN.set(false);
}

/// The proof that a response has been sent, for handlers that send it themselves.
#[derive(Debug)]
pub struct Sent(());

/// Sends a response with all of its body.
pub(super) fn whole(response: Response<Body>) -> io::Result<Sent> {
    check_final(response.status())?;
    let at_host = prepare(response.status(), response.headers())?;
    at_host.send(response.into_body().into_value()?)?;
    BEGUN.set(true);
    Ok(Sent(()))
}

/// Sends the head of a response and what its body has already. The rest is sent as it is written.
///
/// ```no_run
/// use std::io::Write as _;
/// use edgekv::Body;
/// use edgekv::http::{self, Request, Response, Sent};
///
/// fn count(_: Request<Body>) -> std::io::Result<Sent> {
///     let mut body = http::respond(Response::new("from one to three:\n"))?;
///     for number in 1..=3 {
///         writeln!(body, "{number}")?;
///         body.flush()?; // sent now, not when there is more
///     }
///     body.finish()
/// }
/// ```
///
/// # Errors
///
/// When a response was sent before, its status is below 200 (for hints there is [`early_hints`]), or the host does not
/// accept it.
pub fn respond(head: Response<impl Into<Body>>) -> io::Result<BodyWriter> {
    check_final(head.status())?;
    let at_host = prepare(head.status(), head.headers())?;
    let body = at_host.stream(head.into_body().into().into_value()?)?;
    BEGUN.set(true);
    Ok(BodyWriter { body: body.into() })
}

/// Tells the client what the response will need, mostly headers `link`, while the response is still being made (status
/// 103). May be sent any number of times before the response.
///
/// That is no more than an offer: a host may accept hints and drop them, and `edgekv serve` does. So a response has to
/// have the headers again.
///
/// ```no_run
/// use edgekv::http::{HeaderMap, HeaderValue, early_hints, header};
///
/// let mut hints = HeaderMap::new();
/// hints.insert(header::LINK, HeaderValue::from_static("</style.css>; rel=preload; as=style"));
/// early_hints(&hints)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// When a response was sent before, or the host does not accept this one.
pub fn early_hints(headers: &HeaderMap) -> io::Result<()> {
    let hints = prepare(StatusCode::EARLY_HINTS, headers)?;
    Ok(hints.send(Body::new().into_value()?)?)
}

/// A status below 200 only announces a response: a host that takes it waits for another one, or refuses it too late.
fn check_final(status: StatusCode) -> io::Result<()> {
    if status.is_informational() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "status {} is not that of a response, but of what comes before one; `early_hints` sends hints",
                status.as_u16()
            ),
        ));
    }
    Ok(())
}

fn prepare(status: StatusCode, headers: &HeaderMap) -> io::Result<HostResponse> {
    if begun() {
        return Err(io::Error::other("a response has been sent already, and there can be only one"));
    }
    let mut response = HostResponse::new()?;
    if status != StatusCode::OK {
        response.set_status(status.as_u16())?;
    }
    for (name, value) in headers {
        response.append_header(name.as_str(), value.as_bytes())?;
    }
    Ok(response)
}

/// The body of a response that is sent as it is written, made by [`respond`].
///
/// Writes are gathered and sent some 8 KiB at a time, or by `flush`. When the client takes them more slowly than they are
/// written, a write waits. Dropped before [`finish`](Self::finish), for example by a `?`, the body is cut off: the client
/// can tell that it is not complete.
#[derive(Debug)]
#[must_use = "a body that is dropped before `finish` is cut off"]
pub struct BodyWriter {
    /// A body to which only its end is known.
    body: Body,
}

impl BodyWriter {
    /// Sends the bytes and trailers of another body. Those that the host has do not pass through the program.
    ///
    /// # Errors
    ///
    /// When the client is gone, or the host cannot send more.
    pub fn append(&mut self, body: Body) -> io::Result<()> {
        self.body.try_append(body)
    }

    /// Adds a trailer, which is sent at the end.
    ///
    /// # Errors
    ///
    /// When the name or the value is not valid in HTTP, or the host has no trailers.
    pub fn append_trailer(&mut self, name: &str, value: impl AsRef<[u8]>) -> io::Result<()> {
        self.body.append_trailer(name, value)
    }

    /// Sends what was gathered, and waits until the host takes more without waiting. Meanwhile the program's other
    /// futures go on.
    ///
    /// # Errors
    ///
    /// When the client is gone.
    pub async fn ready(&mut self) -> io::Result<()> {
        Ok(self.body.room().await?)
    }

    /// Ends the response: it is complete.
    ///
    /// # Errors
    ///
    /// When the client is gone, or the host cannot send more; the body is cut off then.
    pub fn finish(mut self) -> io::Result<Sent> {
        if let Some(host) = self.body.sent()? {
            host.close()?;
        }
        Ok(Sent(()))
    }
}

impl Write for BodyWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.body.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.body.flush()
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.body.abandon();
    }
}
