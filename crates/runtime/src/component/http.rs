//! How a request comes into a component, and its answer out: `wasi:http/incoming-handler` between the ends of an exchange.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
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
    let is_cut = Arc::new(AtomicBool::new(false));
    let (discard, discarded) = oneshot::channel();
    let unanswered = Arc::new(Mutex::new(Some(Unanswered::Nothing)));
    let outlet = Outlet { responder, is_cut: Arc::clone(&is_cut), discard };
    let put_answer = {
        let unanswered = Arc::clone(&unanswered);
        move |response: Response| {
            let left = outlet.send(response);
            *unanswered.lock().unwrap_or_else(PoisonError::into_inner) = left;
        }
    };
    store.data_mut().table.is_cut = Some(is_cut);
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
    is_cut: Arc<AtomicBool>,
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
            Body::from_stream(Sent {
                body: Some(body),
                left,
                is_cut: self.is_cut,
                discard: Some(self.discard),
            })
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

fn in_words(error: &ErrorCode) -> Unanswered {
    let words = format!("{error:?}");
    let words = words.strip_prefix("ErrorCode::").unwrap_or(&words).to_owned();
    match error {
        ErrorCode::InternalError(_) | ErrorCode::ConfigurationError => Unanswered::Failure(words),
        _ => Unanswered::Upstream(words),
    }
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
    is_cut: Arc<AtomicBool>,
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
                // An error is a body that was dropped, or is shorter than it was said to be.
                let is_cut = end.is_some() || self.left.is_some() || self.is_cut.load(Ordering::Acquire);
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
