//! How a request comes into a component, and its answer out: `wasi:http/incoming-handler` between the ends of an exchange.

use std::convert::Infallible;
use std::fmt::{self, Write as _};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use edgekv_host::{Body, BodyError, Responder};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{Error, WasiHttpView};

use super::host::Host;
use crate::program::NotStarted;
use crate::run::Unanswered;

/// What a guest gives to answer by.
type Response = Result<http::Response<HyperOutgoingBody>, ErrorCode>;

/// Has a component answer a request, and says how its run has ended, and what there was instead of an answer.
pub(super) async fn answer(
    proxy: &ProxyPre<Host>,
    store: &mut Store<Host>,
    request: http::Request<Body>,
    responder: Responder,
) -> (Result<wasmtime::Result<()>, NotStarted>, Option<Unanswered>) {
    let instance = match proxy.instantiate_async(&mut *store).await {
        Ok(instance) => instance,
        Err(error) => return (Err(NotStarted(error)), None),
    };
    let (discard, discarded) = oneshot::channel();
    let unanswered = Arc::new(Mutex::new(Some(Unanswered::Nothing)));
    let outlet = Outlet { responder, discard };
    let put_answer = {
        let unanswered = Arc::clone(&unanswered);
        move |response: Response| {
            let left = outlet.send(response);
            *unanswered.lock().unwrap_or_else(PoisonError::into_inner) = left;
        }
    };
    let scheme = scheme(request.uri());
    let mut http = store.data_mut().http();
    let arguments = http
        .new_incoming_request(scheme, request.map(|body| body.map_err(|error| of_request(&error))))
        .and_then(|request| Ok((request, http.new_response_outparam_from_callback(put_answer)?)));
    let (request, out) = match arguments {
        Ok(arguments) => arguments,
        Err(error) => return (Err(NotStarted(error)), None),
    };
    let handler = instance.wasi_http_incoming_handler();
    let mut call = pin!(handler.call_handle(&mut *store, request, out));
    let mut discarding = pin!(take_all(discarded));
    let result = std::future::poll_fn(|cx| {
        // What is written to a body that nobody gets must be taken, or its writer would wait for ever.
        let ended = call.as_mut().poll(cx);
        if ended.is_pending() {
            let Poll::Pending = discarding.as_mut().poll(cx);
        }
        ended
    })
    .await;
    let unanswered = unanswered.lock().unwrap_or_else(PoisonError::into_inner).take();
    (Ok(result), unanswered)
}

fn scheme(uri: &uri::Uri) -> Scheme {
    match uri.scheme_str() {
        Some("https") => Scheme::Https,
        Some("http") | None => Scheme::Http,
        Some(other) => Scheme::Other(other.to_owned()),
    }
}

/// What a guest is told of the body of its request that broke off.
fn of_request(error: &BodyError) -> Error {
    tracing::debug!("{error}");
    Error::ConnectionTerminated
}

/// Where a guest's answer goes.
struct Outlet {
    responder: Responder,
    /// For a body that nobody gets.
    discard: oneshot::Sender<HyperOutgoingBody>,
}

impl Outlet {
    /// Sends an answer, or says what is left where it is none.
    fn send(self, response: Response) -> Option<Unanswered> {
        let response = match response {
            Ok(response) => response,
            Err(error) => return Some(in_words(&error)),
        };
        let (head, body) = response.into_parts();
        if head.status.is_informational() {
            let _ = self.discard.send(body);
            return Some(Unanswered::Interim(head.status.as_u16()));
        }
        let left = claimed_length(&head.headers);
        let body = if body.is_end_stream() {
            Body::new()
        } else if self.responder.takes_body(head.status) && left != Some(0) {
            Body::from_stream(Sent { body: Some(body), left, discard: Some(self.discard) })
        } else {
            // Where the instance has ended, nobody writes any more.
            let _ = self.discard.send(body);
            Body::new()
        };
        self.responder.send(http::Response::from_parts(head, body));
        None
    }
}

/// The length that a guest says its body has, if that is one number.
fn claimed_length(headers: &HeaderMap) -> Option<u64> {
    let mut claims = headers.get_all(CONTENT_LENGTH).iter();
    let claim = claims.next().filter(|_| claims.next().is_none())?;
    let is_number = claim.as_bytes().iter().all(u8::is_ascii_digit);
    claim.to_str().ok().filter(|_| is_number)?.parse().ok()
}

/// An error in the words of the standard, as `internal-error: it broke`.
fn in_words(error: &ErrorCode) -> Unanswered {
    let words = match error {
        ErrorCode::InternalError(Some(text)) => {
            let mut cut = Cut(String::from("internal-error: "));
            let _ = cut.write_str(text);
            cut.0
        }
        other => {
            let mut cut = Cut(String::new());
            // All of a text that the guest has put in need not be written.
            let _ = write!(cut, "{other:?}");
            let debug = cut.0.strip_prefix("ErrorCode::").unwrap_or(&cut.0);
            let name = debug.find(|character: char| !character.is_alphanumeric()).unwrap_or(debug.len());
            let (name, rest) = debug.split_at(name);
            kebab(name) + rest.strip_suffix("(None)").unwrap_or(rest)
        }
    };
    match error {
        ErrorCode::InternalError(_) | ErrorCode::ConfigurationError => Unanswered::Failure(words),
        _ => Unanswered::Upstream(words),
    }
}

/// A text of which no more is kept than is ever shown.
struct Cut(String);

impl Cut {
    const MAX_BYTES: usize = 4_096;
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = Self::MAX_BYTES.saturating_sub(self.0.len());
        let end = text.floor_char_boundary(room);
        self.0.push_str(text.get(..end).unwrap_or_default());
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// `InternalError` as `internal-error`.
fn kebab(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

/// Takes all of the body that comes, if one does, and never ends.
async fn take_all(body: oneshot::Receiver<HyperOutgoingBody>) -> Infallible {
    if let Ok(mut body) = body.await {
        while let Some(Ok(_)) = body.frame().await {}
    }
    std::future::pending().await
}

/// The body of a response, as it is written.
struct Sent {
    /// `None` when it is over.
    body: Option<HyperOutgoingBody>,
    /// Bytes that are still to come, if the guest has said how many there will be.
    left: Option<u64>,
    /// For the rest of a body of which all is there that there will be: whoever writes it still has to say so, and need not hear that
    /// nobody listens.
    discard: Option<oneshot::Sender<HyperOutgoingBody>>,
}

/// Why a body of a response breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the guest did not finish the body")]
struct Unfinished;

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Unfinished;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            end => {
                // An error is a body that was dropped, or left behind, or is shorter than it was said to be.
                let is_cut = end.is_some() || self.left.is_some();
                self.body = None;
                return Poll::Ready(is_cut.then_some(Err(Unfinished)));
            }
        };
        Poll::Ready(Some(Ok(match (frame.into_data(), self.left) {
            (Ok(mut data), Some(left)) => {
                data.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                self.left = Some(left - data.len() as u64);
                Frame::data(data)
            }
            (Ok(data), None) => Frame::data(data),
            (Err(trailers), _) => {
                self.body = None;
                trailers
            }
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none() || self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.left == Some(0)
            && let (Some(body), Some(discard)) = (self.body.take(), self.discard.take())
        {
            let _ = discard.send(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi_http::p2::bindings::http::types::DnsErrorPayload;

    use super::*;

    #[test]
    fn errors_have_the_names_of_the_standard_and_no_more_text_than_is_shown() {
        let words = |error| match in_words(&error) {
            Unanswered::Failure(words) | Unanswered::Upstream(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words(ErrorCode::ConnectionRefused), "connection-refused");
        assert_eq!(words(ErrorCode::InternalError(None)), "internal-error");
        assert_eq!(words(ErrorCode::InternalError(Some("it broke".into()))), "internal-error: it broke");
        assert_eq!(words(ErrorCode::HttpRequestBodySize(Some(7))), "http-request-body-size(Some(7))");
        let long = "é\u{1b}".repeat(1_000_000);
        assert!(words(ErrorCode::InternalError(Some(long.clone()))).len() <= 4_096);
        let dns = DnsErrorPayload { rcode: Some(long), info_code: None };
        let dns = words(ErrorCode::DnsError(dns));
        assert!(dns.starts_with("dns-error(") && dns.len() < 4_200, "{}", dns.len());
    }
}
