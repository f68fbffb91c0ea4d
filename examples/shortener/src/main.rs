//! A URL shortener: POST an address to `/` for a short name, GET `/NAME` to be sent there, GET `/` for a list with hits.
//!
//! The key of a link is its name, the value its address, and the metadata say how often it was followed.

use std::error::Error;
use std::io::Read as _;
use std::time::Duration;

use edgekv::http::{self, Method, Request, Response, StatusCode, Uri, header};
use edgekv::kv_store::{Change, InsertMode, KVStore, KVStoreError, LookupResponse};
use edgekv::{Body, future};
use sha2::{Digest as _, Sha256};

/// A link that nobody follows for so long is forgotten.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest address, in bytes.
const MAX_ADDRESS: usize = 2000;
/// How many links are looked up at the same time.
const PAGE: u32 = 100;

type Answer = Result<Response<Body>, Box<dyn Error>>;

fn main() {
    http::serve_async(answer);
}

async fn answer(request: Request<Body>) -> Answer {
    let store = KVStore::open("links")?.ok_or("the host has no store `links`")?;
    let name = request.uri().path().trim_start_matches('/').to_owned();
    match (request.method(), name.as_str()) {
        (&Method::POST, "") => shorten(&store, request.into_body()),
        (&Method::GET, "") => list(&store).await,
        (&Method::GET, name) => follow(&store, name),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, "POST an address to /, or GET a name\n"),
    }
}

fn shorten(store: &KVStore, body: Body) -> Answer {
    let mut bytes = Vec::new();
    body.take(MAX_ADDRESS as u64 + 1).read_to_end(&mut bytes)?;
    let Some(address) = web_address(&bytes) else {
        return text(StatusCode::BAD_REQUEST, "that is no address of the web, or a very long one\n");
    };
    for attempt in 0..100 {
        let name = short_name(address, attempt);
        // `Add`: of two that come at the same time, one gets the name.
        let link = store.build_insert().mode(InsertMode::Add).metadata("0").time_to_live(LIFETIME);
        match link.execute(&name, address) {
            Ok(()) => return text(StatusCode::CREATED, format!("/{name}\n")),
            Err(KVStoreError::ItemPreconditionFailed) => match store.lookup(&name).map(address_of) {
                // An address keeps the name that it has; another one with the same name needs a new one.
                Ok(taken) if taken == address.as_bytes() => {
                    return text(StatusCode::OK, format!("/{name}\n"));
                }
                Ok(_) | Err(KVStoreError::ItemNotFound) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Err("a hundred names in a row are taken".into())
}

fn follow(store: &KVStore, name: &str) -> Answer {
    let mut address = None;
    // Written only if nobody else has counted meanwhile; else `update` begins again with what they have written.
    let counted = store.update(name, |link| {
        address = link.map(|link| link.value().to_vec());
        match link {
            None => Change::keep(),
            Some(link) => {
                let hits = hits(link.metadata().map(AsRef::as_ref)) + 1;
                Change::write(link.value()).metadata(hits.to_string()).time_to_live(LIFETIME)
            }
        }
    });
    match (counted, address) {
        (Ok(_), Some(address)) => Ok(Response::builder()
            .status(StatusCode::FOUND)
            .header(header::LOCATION, address)
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::new())?),
        (Ok(_), None) | (Err(KVStoreError::ItemBadRequest), _) => {
            text(StatusCode::NOT_FOUND, "no such link\n")
        }
        (Err(error), _) => Err(error.into()),
    }
}

async fn list(store: &KVStore) -> Answer {
    let mut lines = String::new();
    for page in store.build_list().limit(PAGE).iter() {
        let names = page?.into_keys();
        // All lookups of a page are under way before the first is waited for.
        let links = names.iter().map(|name| store.build_lookup().execute_async(name));
        let links = future::join_all(links.collect::<Result<Vec<_>, _>>()?).await;
        for (name, link) in names.iter().zip(links) {
            match link {
                Ok(mut link) => {
                    let hits = hits(link.metadata().as_deref());
                    lines += &format!("/{name} {hits} {}\n", link.take_body().try_into_string()?);
                }
                // Expired since the list was made.
                Err(KVStoreError::ItemNotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    text(StatusCode::OK, lines)
}

fn address_of(mut link: LookupResponse) -> Vec<u8> {
    link.take_body_bytes()
}

fn hits(metadata: Option<&[u8]>) -> u64 {
    metadata.and_then(|text| str::from_utf8(text).ok()?.parse().ok()).unwrap_or(0)
}

/// An address that can be a header as it is. What browsers repair (blanks, letters beyond ASCII) or drop (line breaks) is
/// refused, so that everybody is sent where the link says.
fn web_address(bytes: &[u8]) -> Option<&str> {
    let address = str::from_utf8(bytes).ok()?.trim();
    let uri: Uri = address.parse().ok()?;
    let of_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    (of_web && is_plain && bytes.len() <= MAX_ADDRESS).then_some(address)
}

/// Six characters that an address is always given first, and others for each further attempt: of a hash that is the same
/// in every release, because the names are stored.
fn short_name(address: &str, attempt: u8) -> String {
    let letters = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hash = Sha256::new();
    hash.update([attempt]);
    hash.update(address);
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| char::from(letters[usize::from(*byte) % letters.len()]))
        .collect()
}

fn text(status: StatusCode, text: impl Into<Body>) -> Answer {
    Ok(Response::builder().status(status).header(header::CONTENT_TYPE, "text/plain").body(text.into())?)
}

#[cfg(test)]
mod tests;
