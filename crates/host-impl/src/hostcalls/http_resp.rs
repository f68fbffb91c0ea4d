//! `fastly_http_resp`.

use http::StatusCode;
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_resp::FastlyHttpResp;
use crate::abi::types::{BodyHandle, PendingRequestHandle, ResponseHandle};
use crate::body::Body;
use crate::ctx::KvCtx;
use crate::downstream::Keepalive;
use crate::framing::may_have_body;
use crate::handles::Object;
use crate::hostcalls::http_req::{NO_PENDING_REQUEST, framing_mode, is_streaming, version, version_number};
use crate::memory::{OutBuffer, check_out};
use crate::message::Response;
use crate::status::Error;
use crate::streaming::StreamingBody;

impl FastlyHttpResp for KvCtx {
    fn new(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response_out: GuestPtr<ResponseHandle>,
    ) -> Result<(), Error> {
        check_out(memory, response_out)?;
        let handle = self.handles_mut().insert(Object::Response(Box::new(Response::new())))?;
        memory.write(response_out, handle.into())?;
        Ok(())
    }

    fn close(&mut self, _memory: &mut GuestMemory<'_>, response: ResponseHandle) -> Result<(), Error> {
        self.handles_mut().take::<Box<Response>>(response.into()).map(drop)
    }

    fn status_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        status_out: GuestPtr<u16>,
    ) -> Result<(), Error> {
        check_out(memory, status_out)?;
        let status = self.response(response)?.status.as_u16();
        memory.write(status_out, status)?;
        Ok(())
    }

    fn status_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        status: u32,
    ) -> Result<(), Error> {
        let code = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        self.response(response)?.status = code.ok_or(Error::StatusCode(status))?;
        Ok(())
    }

    fn version_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        version_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, version_out)?;
        let number = version_number(self.response(response)?.version);
        memory.write(version_out, number)?;
        Ok(())
    }

    fn version_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        number: u32,
    ) -> Result<(), Error> {
        self.response(response)?.version = version(number)?;
        Ok(())
    }

    fn header_names_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_names::<Box<Response>>(memory, message.into(), out, cursor, cursor_out)
    }

    fn header_value_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_value::<Box<Response>>(memory, message.into(), name, out)
    }

    fn header_values_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_values::<Box<Response>>(memory, message.into(), name, out, cursor, cursor_out)
    }

    fn header_values_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
        values: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.set_header_values::<Box<Response>>(memory, message.into(), name, values)
    }

    fn header_insert(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.insert_header::<Box<Response>>(memory, message.into(), name, value)
    }

    fn header_append(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.append_header::<Box<Response>>(memory, message.into(), name, value)
    }

    fn header_remove(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: ResponseHandle,
        name: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.remove_header::<Box<Response>>(memory, message.into(), name)
    }

    fn framing_headers_mode_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        mode: u32,
    ) -> Result<(), Error> {
        self.response(response)?.framing = framing_mode(mode)?;
        Ok(())
    }

    fn http_keepalive_mode_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        mode: u32,
    ) -> Result<(), Error> {
        self.response(response)?.keepalive = match mode {
            0 => None,
            1 => Some(Keepalive::Close),
            number => return Err(Error::UnknownNumber { what: "keepalive mode", number, last: 1 }),
        };
        Ok(())
    }

    fn get_addr_dest_ip(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        // A response that does not come from a backend has no address to store.
        _octets_out: GuestPtr<u8>,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.response(response)?;
        Err(Error::NotKnown("address of the backend"))
    }

    fn get_addr_dest_port(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        _port_out: GuestPtr<u16>,
    ) -> Result<(), Error> {
        self.response(response)?;
        Err(Error::NotKnown("port of the backend"))
    }

    fn send_downstream(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        body: BodyHandle,
        streaming: u32,
    ) -> Result<(), Error> {
        let (response, body) = (response.into(), body.into());
        let is_streaming = is_streaming(streaming)?;
        // All that can be wrong is looked for before anything is taken: a refusal consumes nothing.
        let (exchange, handles) = self.exchange()?;
        let status = handles.get::<Box<Response>>(response)?.status;
        handles.get::<Body>(body)?;
        if status.is_informational() && status != EARLY_HINTS {
            return Err(Error::InterimStatus(status.as_u16()));
        }
        if exchange.is_answered() {
            return Err(Error::AlreadyAnswered);
        }
        if status == EARLY_HINTS {
            // A hint that nobody gets does no harm, and there is no server yet that sends one. It has no body, so a
            // guest that keeps one has it for later.
            handles.take::<Box<Response>>(response)?;
            if !is_streaming {
                handles.take::<Body>(body)?;
            }
            return Ok(());
        }
        let response = *handles.take::<Box<Response>>(response)?;
        let (trailers, sent) = if is_streaming {
            let (mut writer, receiver) = StreamingBody::new();
            if exchange.is_head() || !may_have_body(status) {
                // Who answers takes no body then, and what was written goes nowhere either.
                writer.discard();
            }
            let mut sent = std::mem::take(handles.get::<Body>(body)?);
            let trailers = std::mem::take(sent.trailers_mut());
            let announcement = trailers.announcement();
            // They come last, so they wait where the end is told.
            writer.trailers_mut().append_all(trailers)?;
            sent.append(Body::from_stream(receiver))?;
            handles.replace(body, Object::StreamingBody(writer));
            (announcement, sent)
        } else {
            let sent = handles.take::<Body>(body)?;
            (sent.trailers().announcement(), sent)
        };
        let response = response.with_body(sent, trailers.as_ref(), exchange.is_head());
        exchange.answer(response);
        Ok(())
    }

    fn send_downstream_pending(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: PendingRequestHandle,
    ) -> Result<(), Error> {
        Err(Error::Handle { handle: pending.into(), wanted: NO_PENDING_REQUEST })
    }
}

/// 103, the one status below 200 that guests may send.
const EARLY_HINTS: StatusCode = StatusCode::EARLY_HINTS;

impl KvCtx {
    fn response(&mut self, response: ResponseHandle) -> Result<&mut Response, Error> {
        self.handles_mut().get::<Box<Response>>(response.into()).map(AsMut::as_mut)
    }
}
