//! The whole HTTP contract on our crate; it is told where it is tested, in `crates/cli/tests/http/main.rs`.

mod entries;
mod streams;

use std::error::Error;
use std::io::Read as _;
use std::process;

use edgekv::http::{self, HeaderValue, Request, Response, Sent, StatusCode};
use edgekv::log::Endpoint;
use edgekv::{Body, runtime};
use http::Answer as _;
use serde::Serialize;

/// Anything that has no status of its own: the client sees 500, and the log has the reason.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() {
    http::serve_async(answer);
}

async fn answer(request: Request<Body>) -> Outcome<Sent> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').splitn(2, '/').collect();
    let sent = match parts[..] {
        ["kv"] => entries::list(&request).await?.send(),
        ["kv", key] => entries::entry(request, key)?.send(),
        ["headers"] => headers(&request)?.send(),
        ["echo"] => streams::echo(request).await,
        ["stream", count] => streams::count(count, request.uri().query() == Some("abandon")),
        ["trailers"] => streams::trailers(request),
        ["gathered"] => streams::gathered(request),
        ["insist"] => streams::insist(request).await,
        ["held", key] => held(key)?.send(),
        ["status", status] => status_of(status).send(),
        ["client"] => client(&request)?.send(),
        ["service"] => service()?.send(),
        ["log"] => {
            Endpoint::open("app-log")?.send(request.uri().query().unwrap_or_default())?;
            StatusCode::NO_CONTENT.send()
        }
        ["early"] => return early(&request),
        ["hints"] => streams::hints(),
        ["error"] => return Err("this program failed".into()),
        ["panic"] => panic!("this program was asked to panic"),
        // A program that does not want to answer has to end by itself.
        ["silent"] => process::exit(0),
        ["twice"] => {
            "the first".send()?;
            "the second".send()
        }
        _ => (StatusCode::NOT_FOUND, "no such route").send(),
    };
    Ok(sent?)
}

/// What the program sees of the headers, and some of its own.
fn headers(request: &Request<Body>) -> Outcome<Response<Body>> {
    let mut seen = Vec::new();
    let mut response = Response::new(Body::new());
    let own = response.headers_mut();
    for (name, value) in request.headers() {
        seen.push((name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        if name.as_str().starts_with("x-") {
            own.append(name, value.clone());
        }
    }
    let removed = own.remove("x-remove").is_some();
    let removed_again = own.remove("x-remove").is_some();
    for cookie in ["a=1", "b=2"] {
        own.append("set-cookie", HeaderValue::from_static(cookie));
    }
    own.append("x-replaced", HeaderValue::from_static("old"));
    own.insert("x-replaced", HeaderValue::from_static("new"));
    #[derive(Serialize)]
    struct Headers<S> {
        seen: S,
        removed: bool,
        removed_again: bool,
    }
    with_json(response, &Headers { seen, removed, removed_again })
}

fn status_of(text: &str) -> (StatusCode, String) {
    match text.parse().map(StatusCode::from_u16) {
        Ok(Ok(status)) => (status, format!("status {text}")),
        _ => (StatusCode::BAD_REQUEST, "no such status".to_owned()),
    }
}

fn client(request: &Request<Body>) -> Outcome<Response<Body>> {
    #[derive(Serialize)]
    struct Client {
        address: Option<String>,
        request_id: Option<String>,
        method: String,
        url: String,
        version: String,
    }
    let client = http::client()?;
    json(&Client {
        address: client.ip()?.map(|address| address.to_string()),
        request_id: client.request_id().ok(),
        method: request.method().to_string(),
        url: request.uri().to_string(),
        version: format!("{:?}", request.version()),
    })
}

fn service() -> Outcome<Response<Body>> {
    #[derive(Serialize)]
    struct Service {
        hostname: String,
        version: u64,
        vcpu_ms: u128,
        heap_mib: u32,
    }
    json(&Service {
        hostname: std::env::var("FASTLY_HOSTNAME")?,
        version: std::env::var("FASTLY_SERVICE_VERSION")?.parse()?,
        vcpu_ms: runtime::vcpu_time()?.as_millis(),
        heap_mib: runtime::memory_mib()?,
    })
}

/// Reads a value when some of it has been read ahead, and says how long that is, and how much memory the program has then.
fn held(key: &str) -> Outcome<Response<Body>> {
    let mut value = entries::open()?.lookup(key)?.take_body();
    let mut first = [0];
    value.read_exact(&mut first)?;
    let bytes = 1 + value.try_into_bytes()?.len();
    json(&(bytes, runtime::memory_mib()?))
}

/// Answers, and writes an entry only then.
fn early(request: &Request<Body>) -> Outcome<Sent> {
    let store = entries::open()?;
    let sent = (StatusCode::ACCEPTED, "later").send()?;
    let key = entries::parameter(request, "key").unwrap_or_else(|| "early".to_owned());
    store.insert(&key, "written after the answer")?;
    Ok(sent)
}

fn json(value: &impl Serialize) -> Outcome<Response<Body>> {
    with_json(Response::new(Body::new()), value)
}

fn with_json(mut response: Response<Body>, value: &impl Serialize) -> Outcome<Response<Body>> {
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    *response.body_mut() = serde_json::to_vec(value)?.into();
    Ok(response)
}
