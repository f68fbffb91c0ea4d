//! A URL shortener: POST an address to `/` for a short name, GET `/NAME` to be sent there, GET `/` for a list with hits.
//!
//! The key of a link is its name, the value its address, and the metadata say how often it was followed.

use std::io::Read as _;
use std::time::Duration;

use fastly::http::{HeaderValue, Method, StatusCode, header};
use fastly::kv_store::{InsertMode, KVStore, KVStoreError, LookupResponse};
use fastly::{Body, Error, Request, Response};
use http::Uri;
use sha2::{Digest as _, Sha256};

/// A link that nobody follows for so long is forgotten.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest address, in bytes.
const MAX_ADDRESS: usize = 2000;
/// How many links are looked up at the same time.
const PAGE: u32 = 100;

#[fastly::main]
fn main(mut request: Request) -> Result<Response, Error> {
    let store = KVStore::open("links")?.ok_or_else(|| Error::msg("the host has no store `links`"))?;
    let name = request.get_path().trim_start_matches('/').to_owned();
    match (request.get_method(), name.as_str()) {
        (&Method::POST, "") => shorten(&store, request.take_body()),
        (&Method::GET, "") => list(&store),
        (&Method::GET, name) => follow(&store, name),
        _ => Ok(text(StatusCode::METHOD_NOT_ALLOWED, "POST an address to /, or GET a name\n")),
    }
}

fn shorten(store: &KVStore, body: Body) -> Result<Response, Error> {
    let mut bytes = Vec::new();
    body.take(MAX_ADDRESS as u64 + 1).read_to_end(&mut bytes)?;
    let Some(address) = web_address(&bytes) else {
        return Ok(text(StatusCode::BAD_REQUEST, "that is no address of the web, or a very long one\n"));
    };
    for attempt in 0..100 {
        let name = short_name(address, attempt);
        // `Add`: of two that come at the same time, one gets the name.
        let link = store.build_insert().mode(InsertMode::Add).metadata("0").time_to_live(LIFETIME);
        match link.execute(&name, address) {
            Ok(()) => return Ok(text(StatusCode::CREATED, &format!("/{name}\n"))),
            Err(KVStoreError::ItemPreconditionFailed) => match store.lookup(&name).map(address_of) {
                // An address keeps the name that it has; another one with the same name needs a new one.
                Ok(taken) if taken == address.as_bytes() => {
                    return Ok(text(StatusCode::OK, &format!("/{name}\n")));
                }
                Ok(_) | Err(KVStoreError::ItemNotFound) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::msg("a hundred names in a row are taken"))
}

fn follow(store: &KVStore, name: &str) -> Result<Response, Error> {
    // Again when somebody else has counted between our lookup and our write.
    for _ in 0..100 {
        let mut link = match store.lookup(name) {
            Ok(link) => link,
            Err(KVStoreError::ItemNotFound | KVStoreError::ItemBadRequest) => {
                return Ok(text(StatusCode::NOT_FOUND, "no such link\n"));
            }
            Err(error) => return Err(error.into()),
        };
        let address = link.take_body_bytes();
        let hits = hits(link.metadata().as_deref()) + 1;
        let counted = store
            .build_insert()
            .if_generation_match(link.current_generation())
            .metadata(&hits.to_string())
            .time_to_live(LIFETIME)
            .execute(name, address.as_slice());
        match counted {
            Ok(()) => {
                // Checked, because `with_header` panics over what is no header.
                return Ok(Response::from_status(StatusCode::FOUND)
                    .with_header(header::LOCATION, HeaderValue::from_bytes(&address)?)
                    .with_header(header::CACHE_CONTROL, "no-store"));
            }
            Err(KVStoreError::ItemPreconditionFailed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::msg("others follow this link all the time"))
}

fn list(store: &KVStore) -> Result<Response, Error> {
    let mut lines = String::new();
    for page in store.build_list().limit(PAGE).iter() {
        let names = page?.into_keys();
        // All lookups of a page are under way before the first is waited for.
        let links = names.iter().map(|name| store.build_lookup().execute_async(name));
        for (name, link) in names.iter().zip(links.collect::<Result<Vec<_>, _>>()?) {
            match store.pending_lookup_wait(link) {
                Ok(mut link) => {
                    let hits = hits(link.metadata().as_deref());
                    lines += &format!("/{name} {hits} {}\n", link.take_body().into_string());
                }
                // Expired since the list was made.
                Err(KVStoreError::ItemNotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(text(StatusCode::OK, &lines))
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

fn text(status: StatusCode, text: &str) -> Response {
    Response::from_status(status).with_body_text_plain(text)
}
