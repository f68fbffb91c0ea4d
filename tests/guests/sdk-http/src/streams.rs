//! Responses that are sent as they are made.

use std::io::{self, Read, Write};

use edgekv::Body;
use edgekv::http::{
    Answer, HeaderMap, HeaderValue, Request, Response, Sent, StatusCode, early_hints, respond,
};

/// Sends each part of the body as soon as it has come.
pub async fn echo(request: Request<Body>) -> io::Result<Sent> {
    let mut source = request.into_body();
    let mut sink = respond(Response::new(()))?;
    while let Some(part) = source.next_chunk().await? {
        sink.ready().await?;
        sink.write_all(&part)?;
        sink.flush()?;
    }
    sink.finish()
}

pub fn count(count: &str, abandon: bool) -> io::Result<Sent> {
    let Ok(count) = count.parse::<u64>() else {
        return (StatusCode::BAD_REQUEST, "not a number").send();
    };
    let mut sink = respond(Response::new(()))?;
    for number in 0..count {
        writeln!(sink, "chunk {number}")?;
        sink.flush()?;
    }
    if abandon {
        return Err(io::Error::other("the body was to be cut off"));
    }
    sink.finish()
}

/// Sends the body back, with the trailers that came after it and one more.
pub fn trailers(request: Request<Body>) -> io::Result<Sent> {
    let mut body = request.into_body();
    let mut content = Vec::new();
    body.read_to_end(&mut content)?;
    let mut response = Response::new(());
    response.headers_mut().insert("trailer", HeaderValue::from_static("x-length"));
    let mut sink = respond(response)?;
    sink.write_all(&content)?;
    for name in body.trailer_names()? {
        for value in body.trailer_values(&name)? {
            sink.append_trailer(&name, value)?;
        }
    }
    sink.append_trailer("x-length", content.len().to_string())?;
    sink.finish()
}

/// Sends the body back when all of it is there, with a trailer of which nothing says that it will come.
pub fn gathered(request: Request<Body>) -> io::Result<Sent> {
    let mut body = Body::from(request.into_body().try_into_bytes()?);
    body.append_trailer("x-gathered", "yes")?;
    body.send()
}

/// Reads the body until that fails, and says whether it is still known then that it is not whole.
pub async fn insist(request: Request<Body>) -> io::Result<Sent> {
    let mut body = request.into_body();
    let mut read = 0;
    while let Ok(Some(part)) = body.next_chunk().await {
        read += part.len();
    }
    let next = body.next_chunk().await.is_err();
    let trailers = body.trailer_names().is_err();
    let length = body.known_length();
    let rest = body.try_into_bytes().is_err();
    format!("{read} bytes, then errors: {next}, {trailers}, {rest}; length {length:?}").send()
}

pub fn hints() -> io::Result<Sent> {
    for link in ["</a.css>; rel=preload", "</b.js>; rel=preload"] {
        let mut hints = HeaderMap::new();
        hints.insert("link", HeaderValue::from_static(link));
        early_hints(&hints)?;
    }
    "after the hints".send()
}
