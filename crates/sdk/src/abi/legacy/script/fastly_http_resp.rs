//! The functions of the import module of the same name. A call that no answer is for, works as it should.

use edgekv_sys::{BodyHandle, ResponseHandle};

use super::*;

/// What every response is.
const RESPONSE: ResponseHandle = ResponseHandle(7);

pub(crate) unsafe fn new(handle_out: *mut ResponseHandle) -> Status {
    if let Some(answer) = asked("response new", "") {
        return answer.status;
    }
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    unsafe { handle_out.write(RESPONSE) };
    Status::OK
}

pub(crate) unsafe fn close(response: ResponseHandle) -> Status {
    asked("response close", &format!(" {}", response.0)).map_or(Status::OK, |answer| answer.status)
}

pub(crate) unsafe fn status_set(response: ResponseHandle, status: u32) -> Status {
    asked("status_set", &format!(" {} {status}", response.0)).map_or(Status::OK, |answer| answer.status)
}

pub(crate) unsafe fn header_append(
    response: ResponseHandle,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
) -> Status {
    // SAFETY: see `new`.
    let (name, value) = unsafe { (text(name, name_len), text(value, value_len)) };
    asked("header_append", &format!(" {} {name}: {value}", response.0))
        .map_or(Status::OK, |answer| answer.status)
}

pub(crate) unsafe fn send_downstream(response: ResponseHandle, body: BodyHandle, streaming: u32) -> Status {
    let bytes = HOST.with_borrow_mut(|host| match streaming {
        0 => host.bodies.remove(&body.0),
        _ => host.bodies.get(&body.0).cloned(),
    });
    let sent = String::from_utf8_lossy(&bytes.unwrap()).into_owned();
    asked("send_downstream", &format!(" {} streaming={streaming} {sent}", response.0))
        .map_or(Status::OK, |answer| answer.status)
}
