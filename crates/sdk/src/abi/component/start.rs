//! How a program is started for a request: the host calls `wasi:http/incoming-handler`, and that calls the program's `main`.
//!
//! So a program is the same text for both kinds of host: its `main` calls [`serve`](crate::http::serve), which finds the request
//! here. The export is in this crate, as rustc exports from a program what the libraries in it export.
#![allow(unsafe_code, reason = "the export is one, and `main` has no name but that of its symbol")]

use std::process;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use super::http;

unsafe extern "C" {
    /// The program's `main` as the C library of WASI calls it; it takes no arguments, and gives the exit status.
    fn __main_void() -> i32;
}

#[derive(Debug)]
struct Program;

impl Guest for Program {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        http::arrived(request, answer);
        // SAFETY: the C library calls it the same way, once; here it does not, as an instance that was started for a request is
        // not run as a command.
        let status = unsafe { __main_void() };
        if status != 0 {
            process::exit(status);
        }
    }
}

wasip2::http::proxy::export!(Program);
