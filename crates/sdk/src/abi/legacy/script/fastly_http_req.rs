//! The functions of the import module of the same name.

use edgekv_sys::{BodyHandle, RequestHandle};

use super::*;

pub(crate) unsafe fn body_downstream_get(
    request_out: *mut RequestHandle,
    body_out: *mut BodyHandle,
) -> Status {
    let answer = scripted("body_downstream_get", "");
    assert!(!request_out.is_null() && !body_out.is_null(), "hosts exist that write to address 0");
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    unsafe {
        if let Some(handle) = answer.handle {
            request_out.write(RequestHandle(handle));
        }
        if let Some(bytes) = answer.body {
            body_out.write(BodyHandle(add_body(bytes)));
        }
    }
    answer.status
}

pub(crate) unsafe fn method_get(
    request: RequestHandle,
    buf: *mut u8,
    buf_len: usize,
    nwritten_out: *mut usize,
) -> Status {
    let answer = scripted("method_get", &format!(" {} room={buf_len}", request.0));
    // SAFETY: see `body_downstream_get`.
    unsafe { nwritten_out.write(fill(&answer, buf, buf_len)) };
    answer.status
}

pub(crate) unsafe fn uri_get(
    request: RequestHandle,
    buf: *mut u8,
    buf_len: usize,
    nwritten_out: *mut usize,
) -> Status {
    let answer = scripted("uri_get", &format!(" {} room={buf_len}", request.0));
    // SAFETY: see `body_downstream_get`.
    unsafe { nwritten_out.write(fill(&answer, buf, buf_len)) };
    answer.status
}

pub(crate) unsafe fn version_get(request: RequestHandle, version_out: *mut u32) -> Status {
    let answer = scripted("version_get", &format!(" {}", request.0));
    // SAFETY: see `body_downstream_get`.
    unsafe { version_out.write(answer.number.try_into().unwrap()) };
    answer.status
}

pub(crate) unsafe fn header_names_get(
    request: RequestHandle,
    buf: *mut u8,
    buf_len: usize,
    cursor: u32,
    ending_cursor_out: *mut i64,
    nwritten_out: *mut usize,
) -> Status {
    let answer = scripted("header_names_get", &format!(" {} cursor={cursor} room={buf_len}", request.0));
    // SAFETY: see `body_downstream_get`.
    unsafe {
        nwritten_out.write(fill(&answer, buf, buf_len));
        ending_cursor_out.write(answer.number.cast_signed());
    }
    answer.status
}

pub(crate) unsafe fn header_values_get(
    request: RequestHandle,
    name: *const u8,
    name_len: usize,
    buf: *mut u8,
    buf_len: usize,
    cursor: u32,
    ending_cursor_out: *mut i64,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `body_downstream_get`.
    let name = unsafe { text(name, name_len) };
    let line = format!(" {} {name} cursor={cursor} room={buf_len}", request.0);
    let answer = scripted("header_values_get", &line);
    // SAFETY: see `body_downstream_get`.
    unsafe {
        nwritten_out.write(fill(&answer, buf, buf_len));
        ending_cursor_out.write(answer.number.cast_signed());
    }
    answer.status
}
