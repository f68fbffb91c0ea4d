//! `fastly_log`.

use edgekv_sys::FastlyStatus as Status;

use crate::abi::{async_io, body, log};
use crate::case::{Case, Failure, case, holds, open, same};
use crate::here::{body_of, is_untouched};
use crate::memory::{end, number, out, put};

const ENDPOINT: &str = "fastly_log, endpoint_get";
const WRITE: &str = "fastly_log, write";

fn endpoint(name: &[u8]) -> Result<u32, Failure> {
    let ((at, length), endpoint) = (put(name), out());
    same("status of endpoint_get", log::endpoint_get(&[at, length, endpoint]), Status::OK)?;
    Ok(number(endpoint))
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("log-001", ENDPOINT, "a name is an endpoint, with a handle that fits 31 bits", |_| {
            let endpoint = endpoint(b"conformance")?;
            holds("handle", endpoint < 1 << 31, "below 2^31", endpoint)
        }),
        open("log-002", ENDPOINT, "the same name gives the same handle, another one another", |_| {
            let first = endpoint(b"conformance")?;
            same("second", endpoint(b"conformance")?, first)?;
            let other = endpoint(b"Conformance")?;
            holds("handle of another name", other != first, "another one", other)
        }),
        open("log-003", ENDPOINT, "a name of no length, over 256 bytes or not UTF-8 is inval", |_| {
            for name in [&b""[..], &[b'n'; 257], b"\xff"] {
                let ((at, length), endpoint) = (put(name), out());
                let status = log::endpoint_get(&[at, length, endpoint]);
                same(format!("status of {} bytes", name.len()), status, Status::INVAL)?;
                is_untouched("handle", endpoint)?;
            }
            Ok(())
        }),
        open("log-004", ENDPOINT, "a name of 256 bytes is fine", |_| endpoint(&[b'n'; 256]).map(drop)),
        case("log-005", WRITE, "all of a message is taken, whatever its bytes are", |_| {
            let endpoint = endpoint(b"conformance")?;
            for message in [&b"a message"[..], b"\xff\0\n", b"", &[b'm'; 100_000]] {
                let ((at, length), written) = (put(message), out());
                let status = log::write(&[endpoint, at, length, written]);
                same(format!("status of {length} bytes"), status, Status::OK)?;
                same("nwritten", number(written), length)?;
            }
            Ok(())
        }),
        open("log-006", WRITE, "what is no endpoint is badf", |here| {
            let ((at, length), written) = (put(b"message"), out());
            for endpoint in [0, here.store, body_of(b"x")?, u32::MAX] {
                let status = log::write(&[endpoint, at, length, written]);
                same(format!("status of {endpoint:#x}"), status, Status::BADF)?;
            }
            is_untouched("nwritten", written)
        }),
        open("log-007", "Conventions, handles", "an endpoint is nothing else", |_| {
            let endpoint = endpoint(b"conformance")?;
            same("status of close", body::close(&[endpoint]), Status::BADF)?;
            same("status of is_ready", async_io::is_ready(&[endpoint, out()]), Status::BADF)
        }),
        case("log-008", "Conventions, pointers", "names and messages beyond memory are inval", |_| {
            let (endpoint, done) = (endpoint(b"conformance")?, out());
            for (at, length) in [(end(), 1), (u32::MAX, 2), (1, u32::MAX)] {
                let what = format!("status at {at:#x}");
                same(&what, log::write(&[endpoint, at, length, done]), Status::INVAL)?;
                same(&what, log::endpoint_get(&[at, length, done]), Status::INVAL)?;
            }
            is_untouched("out-variable", done)
        }),
    ]
}
