//! The part of the HTTP contract that is one request and one response, as `#[fastly::main]` has it.

use fastly::{Error, Request, Response};

#[fastly::main]
fn main(request: Request) -> Result<Response, Error> {
    guests_fastly::routes::answer(request)
}
