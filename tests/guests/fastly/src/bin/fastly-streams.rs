//! The whole HTTP contract, with an ordinary `main`: it sends responses itself, and goes on afterwards.

use std::io::{Read, Write};

use fastly::experimental::{BodyExt, StreamingBodyExt};
use fastly::http::StatusCode;
use fastly::{Error, Request, Response};
use guests_fastly::{kv, routes};

fn main() -> Result<(), Error> {
    fastly::init();
    let request = Request::from_client();
    let path = request.get_path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').splitn(2, '/').collect();
    match parts[..] {
        ["echo"] => echo(request),
        ["stream", count] => stream(request, count),
        ["trailers"] => trailers(request),
        ["early"] => early(&request),
        ["hints"] => hints(),
        ["silent"] => Ok(()),
        ["twice"] => twice(),
        _ => {
            match routes::answer(request) {
                Ok(response) => response.send_to_client(),
                Err(error) => Response::from_status(StatusCode::INTERNAL_SERVER_ERROR)
                    .with_body(error.to_string())
                    .send_to_client(),
            }
            Ok(())
        }
    }
}

/// Sends each part of the body as soon as it has come.
fn echo(mut request: Request) -> Result<(), Error> {
    let mut source = request.take_body();
    let mut sink = Response::new().stream_to_client();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = source.read(&mut buffer)?;
        if length == 0 {
            return Ok(sink.finish()?);
        }
        sink.write_all(&buffer[..length])?;
        sink.flush()?;
    }
}

fn stream(mut request: Request, count: &str) -> Result<(), Error> {
    let Ok(count) = count.parse::<u64>() else {
        Response::from_status(StatusCode::BAD_REQUEST).with_body("not a number").send_to_client();
        return Ok(());
    };
    let mut sink = Response::new().stream_to_client();
    for number in 0..count {
        writeln!(sink, "chunk {number}")?;
        sink.flush()?;
    }
    if request.get_query_str() == Some("abandon") {
        // The client has seen the chunks when it ends its body.
        request.take_body_bytes();
        return Ok(sink.abandon()?);
    }
    Ok(sink.finish()?)
}

/// Sends the body back, with the trailers that came after it and one more.
fn trailers(mut request: Request) -> Result<(), Error> {
    let mut body = request.take_body();
    let mut content = Vec::new();
    body.read_to_end(&mut content)?;
    let mut sink = Response::new().with_header("trailer", "x-length").stream_to_client();
    sink.write_all(&content)?;
    for (name, value) in &body.get_trailers()? {
        sink.append_trailer(name, value);
    }
    sink.append_trailer("x-length", content.len().to_string());
    Ok(sink.finish()?)
}

/// Answers, and writes an entry only then.
fn early(request: &Request) -> Result<(), Error> {
    let store = kv::open()?;
    Response::from_status(StatusCode::ACCEPTED).with_body("later").send_to_client();
    let key = request.get_query_parameter("key").unwrap_or("early");
    Ok(store.insert(key, "written after the answer")?)
}

fn hints() -> Result<(), Error> {
    for link in ["</a.css>; rel=preload", "</b.js>; rel=preload"] {
        Response::from_status(103).with_header("link", link).send_to_client();
    }
    Response::from_body("after the hints").send_to_client();
    Ok(())
}

/// The crate panics when a second response is sent; the client has the first one by then.
fn twice() -> Result<(), Error> {
    Response::from_body("the first").send_to_client();
    Response::from_body("the second").send_to_client();
    Ok(())
}
