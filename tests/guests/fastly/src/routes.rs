//! The routes that answer with one whole response, as `#[fastly::main]` does.

use std::io::Write;

use fastly::compute_runtime;
use fastly::http::{HeaderValue, StatusCode};
use fastly::log::Endpoint;
use fastly::{Error, Request, Response};
use serde::Serialize;

use crate::kv;

/// Answers what needs no streaming.
///
/// # Errors
///
/// What has no status of its own; the client sees it as 500.
///
/// # Panics
///
/// When asked to, by `/panic`.
pub fn answer(mut request: Request) -> Result<Response, Error> {
    let path = request.get_path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').splitn(2, '/').collect();
    match parts[..] {
        ["kv"] => kv::list(&request),
        ["kv", key] => kv::entry(request, key),
        ["headers"] => headers(&request),
        ["echo"] => Ok(Response::from_body(request.take_body())),
        ["status", status] => Ok(status_of(status)),
        ["client"] => client(&request),
        ["service"] => service(),
        ["log"] => log(&request),
        ["error"] => Err(Error::msg("this program failed")),
        ["panic"] => panic!("this program was asked to panic"),
        _ => Ok(Response::from_status(StatusCode::NOT_FOUND).with_body("no such route")),
    }
}

/// Writes the query to the endpoint `app-log`.
fn log(request: &Request) -> Result<Response, Error> {
    let mut endpoint = Endpoint::try_from_name("app-log")?;
    endpoint.write_all(request.get_query_str().unwrap_or_default().as_bytes())?;
    Ok(Response::from_status(StatusCode::NO_CONTENT))
}

/// What the program sees of the headers, and some of its own.
fn headers(request: &Request) -> Result<Response, Error> {
    let names: Vec<_> = request.get_header_names_str().into_iter().map(str::to_owned).collect();
    let mut seen = Vec::new();
    let mut response = Response::new();
    for name in &names {
        for value in request.get_header_all(name.as_str()) {
            seen.push((name.clone(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
            if name.starts_with("x-") {
                response.append_header(name.as_str(), value.clone());
            }
        }
    }
    let removed = response.remove_header("x-remove").is_some();
    let removed_again = response.remove_header("x-remove").is_some();
    for cookie in ["a=1", "b=2"] {
        response.append_header("set-cookie", cookie);
    }
    response.append_header("x-replaced", HeaderValue::from_static("old"));
    response.set_header("x-replaced", HeaderValue::from_static("new"));
    Ok(response.with_body_json(&Headers { seen, removed, removed_again })?)
}

#[derive(Debug, Serialize)]
struct Headers {
    seen: Vec<(String, String)>,
    removed: bool,
    removed_again: bool,
}

fn status_of(text: &str) -> Response {
    match text.parse().map(StatusCode::from_u16) {
        Ok(Ok(status)) => Response::from_status(status).with_body(format!("status {text}")),
        _ => Response::from_status(StatusCode::BAD_REQUEST).with_body("no such status"),
    }
}

#[derive(Debug, Serialize)]
struct Client {
    address: Option<String>,
    request_id: Option<String>,
    method: String,
    url: String,
    version: String,
}

fn client(request: &Request) -> Result<Response, Error> {
    let client = Client {
        address: request.get_client_ip_addr().map(|address| address.to_string()),
        request_id: request.get_client_request_id().map(str::to_owned),
        method: request.get_method_str().to_owned(),
        url: request.get_url_str().to_owned(),
        version: format!("{:?}", request.get_version()),
    };
    Ok(Response::new().with_body_json(&client)?)
}

#[derive(Debug, Serialize)]
struct Service {
    hostname: String,
    version: u64,
    vcpu_ms: u64,
    heap_mib: u32,
}

fn service() -> Result<Response, Error> {
    // The crate's status is no error type.
    let failure = |status| Error::msg(format!("{status:?}"));
    let service = Service {
        hostname: compute_runtime::hostname().to_owned(),
        version: compute_runtime::service_version(),
        vcpu_ms: compute_runtime::elapsed_vcpu_ms().map_err(failure)?,
        heap_mib: compute_runtime::heap_memory_snapshot_mib().map_err(failure)?,
    };
    Ok(Response::new().with_body_json(&service)?)
}
