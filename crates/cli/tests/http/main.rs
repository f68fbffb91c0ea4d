//! Programs that answer HTTP, as they are: built from the public packages, and served by the real `edgekv serve`.
//!
//! All of them keep one contract, and one script tests it; what a language or a way of building cannot express is left out
//! by the [capabilities](guests::Capability) of the guest. The store is `app-store`. The examples `shortener` and
//! `shortener-fastly`, whose store is `links`, have a contract of their own: `links.rs`.
//!
//! `EDGEKV_TEST_SERVER` names another command to test, to compare hosts: it is called with the arguments of `edgekv serve`,
//! prints `listening on http://ADDRESS` first, and ends with 0 after SIGTERM.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /kv/KEY` | 200 and the value, `metadata` if it has some, `generation`; 404 |
//! | `PUT /kv/KEY?mode=MODE&ttl=SECONDS` | 201; 412; 413; 400. Headers `metadata` and `if-generation-match`. With `stream` the value goes into the store as it comes, and the answer may come before it is there |
//! | `DELETE /kv/KEY` | 204; 404 |
//! | `GET /kv?prefix=P&limit=N&cursor=C` | `{"keys": […], "cursor": C or null}`; 400 |
//! | `GET /kv?keys=A,B` | `{"A": value or null, …}`, looked up at the same time |
//! | `GET /headers` | `{"seen": [[name, value], …], "removed": bool, "removed_again": bool}`; as headers those that begin with `x-` but `x-remove`, two cookies, and `x-replaced: new` |
//! | `POST /echo` | the body, each part when it has come |
//! | `GET /stream/N` | N chunks `chunk I\n`; with `?abandon` the message is cut off when the request's body has ended |
//! | `GET /status/N` | that status, and the text `status N`; 400 |
//! | `POST /trailers` | the body and its trailers, and a trailer `x-length` |
//! | `POST /gathered` | the body, sent whole, and a trailer `x-gathered` that the program does not announce |
//! | `POST /insist` | how much of the body came before an error or its end, and what the program is told when it goes on |
//! | `GET /held/KEY` | `[LENGTH, MIB]`: of a value that was read in two parts, and of the program's memory then |
//! | `GET /client` | `{"address", "request_id", "method", "url", "version"}` |
//! | `GET /service` | `{"hostname", "version", "vcpu_ms", "heap_mib"}` |
//! | `GET /log?TEXT` | 204; the text is in the log of the endpoint `app-log` |
//! | `GET /early?key=KEY` | 202, and writes the entry only then |
//! | `GET /hints` | twice 103 with a `link`, which the host may leave out, then 200 |
//! | `GET /error` | 500: the program fails in the way that its language has |
//! | `GET /panic` | 500: it ends in the middle |
//! | `GET /silent` | nothing at all, which is 200 without a body |
//! | `GET /twice` | the first of two answers |
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod beyond;
mod caller;
mod case;
mod client;
mod entries;
mod faults;
mod guests;
mod headers;
mod kept_links;
mod links;
mod lists;
mod outside;
#[allow(dead_code, reason = "the tests of the command need more of it")]
mod process;
mod protocols;
mod restarts;
mod server;
mod statuses;
mod streams;
mod trailers;

/// A test for each subject of the contract and each guest, so that failures are seen singly.
macro_rules! contract {
    ($($guest:ident = $declared:ident: $($subject:ident)+;)+) => {$(
        mod $guest {
            $(
                #[test]
                fn $subject() {
                    crate::case::check(&crate::guests::$declared, crate::$subject::CASES);
                }
            )+
        }
    )+};
}

contract! {
    fastly_main = FASTLY_MAIN: entries lists headers statuses streams caller faults protocols restarts;
    fastly_streams = FASTLY_STREAMS: entries lists headers statuses streams caller faults protocols restarts beyond trailers;
    sdk = SDK: entries lists headers statuses streams caller faults protocols restarts beyond trailers;
    sdk_component = SDK_COMPONENT: entries lists headers statuses streams caller faults protocols restarts beyond trailers;
    javascript = JAVASCRIPT: entries lists headers statuses streams caller faults protocols restarts beyond;
    shortener = SHORTENER: links;
    shortener_fastly = SHORTENER_FASTLY: links;
}
