//! The functions of the import module of the same name.

use edgekv_sys::RequestHandle;

use super::*;

/// How many bytes of an address there is room for.
const ADDRESS_ROOM: usize = 16;

unsafe fn scripted_text(
    call: &'static str,
    request: RequestHandle,
    buf: *mut u8,
    room: usize,
    nwritten_out: *mut usize,
) -> Status {
    let answer = scripted(call, &format!(" {} room={room}", request.0));
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    unsafe { nwritten_out.write(fill(&answer, buf, room)) };
    answer.status
}

pub(crate) unsafe fn downstream_client_request_id(
    request: RequestHandle,
    buf: *mut u8,
    buf_len: usize,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `scripted_text`.
    unsafe { scripted_text("request_id", request, buf, buf_len, nwritten_out) }
}

pub(crate) unsafe fn downstream_client_ip_addr(
    request: RequestHandle,
    addr_octets_out: *mut u8,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `scripted_text`.
    unsafe { scripted_text("client_ip", request, addr_octets_out, ADDRESS_ROOM, nwritten_out) }
}

pub(crate) unsafe fn downstream_server_ip_addr(
    request: RequestHandle,
    addr_octets_out: *mut u8,
    nwritten_out: *mut usize,
) -> Status {
    // SAFETY: see `scripted_text`.
    unsafe { scripted_text("server_ip", request, addr_octets_out, ADDRESS_ROOM, nwritten_out) }
}
