//! The functions of the import module of the same name.

use edgekv_sys::{BodyHandle, BodyWriteEnd};

use super::*;

pub(crate) unsafe fn new(handle_out: *mut BodyHandle) -> Status {
    if let Some(answer) = asked("new", "") {
        return answer.status;
    }
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    unsafe { handle_out.write(BodyHandle(add_body(Vec::new()))) };
    Status::OK
}

pub(crate) unsafe fn append(dst: BodyHandle, src: BodyHandle) -> Status {
    asked("append", "");
    let more = HOST.with_borrow_mut(|host| host.bodies.remove(&src.0)).unwrap();
    with_body(dst.0, |bytes| {
        bytes.extend(more);
        Status::OK
    })
}

pub(crate) unsafe fn read(body: BodyHandle, buf: *mut u8, buf_len: usize, nread_out: *mut usize) -> Status {
    if let Some(answer) = asked("read", &format!(" room={buf_len}")) {
        // SAFETY: see `new`.
        unsafe { nread_out.write(fill(&answer, buf, buf_len)) };
        return answer.status;
    }
    with_body(body.0, |bytes| {
        let rest = bytes.split_off(bytes.len().min(buf_len));
        // SAFETY: see `new`.
        unsafe { nread_out.write(fill(&answer("read").bytes(&*bytes), buf, buf_len)) };
        *bytes = rest;
        Status::OK
    })
}

pub(crate) unsafe fn write(
    body: BodyHandle,
    buf: *const u8,
    buf_len: usize,
    end: u32,
    nwritten_out: *mut usize,
) -> Status {
    let answer = asked("write", &format!(" {buf_len} end={end}"));
    let (status, written) =
        answer.map_or((Status::OK, buf_len), |answer| (answer.status, answer.claimed.unwrap_or(buf_len)));
    // SAFETY: see `new`.
    let given = unsafe { std::slice::from_raw_parts(buf, written.min(buf_len)) };
    // SAFETY: see `new`.
    unsafe { nwritten_out.write(written) };
    with_body(body.0, |bytes| {
        let at = if end == BodyWriteEnd::FRONT.0 { 0 } else { bytes.len() };
        bytes.splice(at..at, given.iter().copied());
        status
    })
}

pub(crate) unsafe fn close(body: BodyHandle) -> Status {
    let answer = asked("close", "");
    let known = HOST.with_borrow_mut(|host| host.bodies.remove(&body.0)).map_or(Status::BADF, |_| Status::OK);
    answer.map_or(known, |answer| answer.status)
}

pub(crate) unsafe fn abandon(body: BodyHandle) -> Status {
    asked("abandon", "");
    HOST.with_borrow_mut(|host| host.bodies.remove(&body.0)).map_or(Status::BADF, |_| Status::OK)
}

pub(crate) unsafe fn known_length(body: BodyHandle, length_out: *mut u64) -> Status {
    let answer = asked("known_length", "");
    with_body(body.0, |bytes| {
        // SAFETY: see `new`.
        unsafe { length_out.write(answer.as_ref().map_or(bytes.len() as u64, |answer| answer.number)) };
        answer.map_or(Status::OK, |answer| answer.status)
    })
}

pub(crate) unsafe fn trailer_append(
    _: BodyHandle,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
) -> Status {
    // SAFETY: see `new`.
    let line = unsafe { format!(" {}: {}", text(name, name_len), text(value, value_len)) };
    scripted("trailer_append", &line).status
}

pub(crate) unsafe fn trailer_names_get(
    _: BodyHandle,
    buf: *mut u8,
    buf_len: usize,
    cursor: u32,
    ending_cursor_out: *mut i64,
    nwritten_out: *mut usize,
) -> Status {
    let answer = scripted("trailer_names_get", &format!(" cursor={cursor} room={buf_len}"));
    // SAFETY: see `new`.
    unsafe {
        nwritten_out.write(fill(&answer, buf, buf_len));
        ending_cursor_out.write(answer.number.cast_signed());
    }
    answer.status
}

pub(crate) unsafe fn trailer_values_get(
    body: BodyHandle,
    _: *const u8,
    _: usize,
    buf: *mut u8,
    buf_len: usize,
    cursor: u32,
    ending_cursor_out: *mut i64,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `new`; both functions answer in the same form.
    unsafe { trailer_names_get(body, buf, buf_len, cursor, ending_cursor_out, nwritten_out) }
}
