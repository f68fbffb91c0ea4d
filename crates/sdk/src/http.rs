//! Answering HTTP requests.
//!
//! A host such as `edgekv serve` starts the program anew for every request. The program reads it, answers, and ends:
//!
//! ```no_run
//! use edgekv::Body;
//! use edgekv::http::{self, Request, Response, StatusCode};
//!
//! fn main() {
//!     http::serve(answer);
//! }
//!
//! fn answer(request: Request<Body>) -> Result<Response<Body>, http::Error> {
//!     if request.uri().path() != "/" {
//!         return Response::builder().status(StatusCode::NOT_FOUND).body("nothing is here\n".into());
//!     }
//!     let body = request.into_body();
//!     Response::builder().header("x-echo", "yes").body(body)
//! }
//! ```
//!
//! Requests and responses are those of the crate `http`, whose names are here again, with a [`Body`]. The body of the
//! request arrives while it is read. The body of a response that the host has already (that of the request, a value from
//! a store) is sent without passing through the program; [`respond`] sends one that is written bit by bit.
//!
//! What a handler may return is an [`Answer`]. When it is an `Err`, the client gets status 500 and no more than the words
//! "internal server error"; the error and its causes go to standard error, which hosts keep in their log.
//!
//! Lengths are the host's matter: it sets `content-length` or `transfer-encoding` as the body needs.

mod answer;
mod client;
mod receive;
mod send;

use std::process;

pub use ::http::{
    Error, Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    Version, header, method, request, response, status, uri,
};

pub use self::answer::Answer;
pub use self::client::{Client, client};
use self::receive::Refusal;
pub use self::send::{BodyWriter, Sent, early_hints, respond};
use crate::{Body, abi, future};

/// Answers the request that the program was started for.
///
/// A request that is not valid HTTP is answered with status 400 without asking the handler, and one that the host cannot
/// tell with 500. A program that was not started for a request, or whose answer cannot be sent, ends with exit status 1 and a message on standard error.
pub fn serve<A: Answer>(handler: impl FnOnce(Request<Body>) -> A) {
    if let Err(problem) = answer_with(handler) {
        eprintln!("edgekv: {problem}");
        process::exit(1);
    }
}

/// As [`serve`], for an asynchronous handler: it may await pending operations and bodies, see
/// [`future`].
///
/// ```no_run
/// use edgekv::{Body, KVStore, future};
/// use edgekv::http::{self, Request};
///
/// async fn answer(_: Request<Body>) -> Result<String, Box<dyn std::error::Error>> {
///     let store = KVStore::open("texts")?.ok_or("no store")?;
///     let lookup = |key| store.build_lookup().execute_async(key);
///     let (head, tail) = future::join(lookup("head")?, lookup("tail")?).await;
///     Ok(head?.take_body().into_string() + &tail?.take_body().into_string())
/// }
///
/// fn main() {
///     http::serve_async(answer);
/// }
/// ```
pub fn serve_async<A: Answer>(handler: impl AsyncFnOnce(Request<Body>) -> A) {
    serve(|request| future::block_on(handler(request)));
}

fn answer_with<A: Answer>(handler: impl FnOnce(Request<Body>) -> A) -> Result<(), String> {
    abi::init();
    let answered = match receive::receive() {
        Ok(request) => handler(request).send(),
        Err(Refusal::Invalid(reason)) => {
            eprintln!("edgekv: request is refused: {reason}");
            (StatusCode::BAD_REQUEST, "bad request\n").send()
        }
        Err(Refusal::Host(fault)) => {
            eprintln!("edgekv: the request cannot be read: {fault}");
            answer::internal_error().send()
        }
        Err(Refusal::Absent(fault)) => {
            return Err(format!(
                "no request to answer ({fault}): start this program with `edgekv serve` or another host that has one"
            ));
        }
    };
    let Err(problem) = answered else { return Ok(()) };
    if send::begun() {
        return Err(format!("the handler failed when it had answered already: {}", answer::chain(&problem)));
    }
    eprintln!("edgekv: the response cannot be sent: {}", answer::chain(&problem));
    answer::internal_error().send().map(drop).map_err(|problem| format!("no response at all: {problem}"))
}

#[cfg(test)]
mod tests;
