//! The functions of the import module of the same name.

use edgekv_sys::EndpointHandle;

use super::*;

pub(crate) unsafe fn endpoint_get(
    name: *const u8,
    name_len: usize,
    endpoint_out: *mut EndpointHandle,
) -> Status {
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    let answer = scripted("endpoint_get", &format!(" {}", unsafe { text(name, name_len) }));
    if let Some(handle) = answer.handle {
        // SAFETY: see above.
        unsafe { endpoint_out.write(EndpointHandle(handle)) };
    }
    answer.status
}

pub(crate) unsafe fn write(
    endpoint: EndpointHandle,
    message: *const u8,
    message_len: usize,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `endpoint_get`.
    let line = format!(" {} {}", endpoint.0, unsafe { text(message, message_len) });
    let answer = asked("log", &line);
    let (status, written) = answer
        .map_or((Status::OK, message_len), |answer| (answer.status, answer.claimed.unwrap_or(message_len)));
    // SAFETY: see `endpoint_get`.
    unsafe { nwritten_out.write(written) };
    status
}
