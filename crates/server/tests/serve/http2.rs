//! HTTP/2 without TLS.

use std::time::Duration;

use bytes::Bytes;
use edgekv_server::Stats;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, PATIENCE};
use crate::log;

async fn connect(fixture: &Fixture) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        // A client that reads nothing takes no more than that.
        .initial_stream_window_size(65_535)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn request(fixture: &Fixture, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let uri = format!("http://{}{path}", fixture.address);
    Request::post(uri).body(Full::new(Bytes::from(body))).unwrap()
}

/// Waits, and lets the connection go on meanwhile.
async fn until(fixture: &Fixture, is_so: impl Fn(Stats) -> bool) {
    let wait = async {
        while !is_so(fixture.server.stats()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn requests_on_one_connection_are_answered_at_once() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let answers = (0..20).map(|_| sender.send_request(request(&fixture, "/e", "some text")));
        let answers: Vec<_> = answers.collect();
        for answer in answers {
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "some text");
        }
    });
    assert_eq!(fixture.server.stats().requests, 20);
}

#[test]
fn trailers_follow_the_body() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let answer = sender.send_request(request(&fixture, "/c", "")).await.unwrap();
        let body = answer.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["x-end"], "key");
        assert_eq!(body.to_bytes(), "hello\n");
    });
}

#[test]
fn a_stream_that_the_client_resets_ends_its_instance_and_no_other() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let mut endless = sender.send_request(request(&fixture, "/S", "")).await.unwrap();
        endless.body_mut().frame().await.unwrap().unwrap();
        drop(endless);
        until(&fixture, |stats| (stats.instances, stats.contexts, stats.responses) == (0, 0, 0)).await;
        let answer = sender.send_request(request(&fixture, "/h", "")).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello\n");
    });
}

#[test]
fn an_answer_that_is_cut_off_is_an_error() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let answer = sender.send_request(request(&fixture, "/a", "")).await.unwrap();
        assert!(answer.into_body().collect().await.is_err());
    });
    fixture.check();
}

#[test]
fn a_stream_that_takes_nothing_is_cut_off_and_no_other() {
    // One whose application has ended, and one whose application goes on.
    for what in ["D", "B"] {
        let fixture = Fixture::with(|limits| {
            limits.write_time = Duration::from_millis(300);
            limits.max_requests = 1;
        });
        let path = log::path(what);
        block_on(async {
            let mut sender = connect(&fixture).await;
            let stalled = sender.send_request(request(&fixture, &path, "")).await.unwrap();
            let refused = sender.send_request(request(&fixture, "/h", "")).await.unwrap();
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "it keeps its slot");
            until(&fixture, |stats| (stats.instances, stats.contexts, stats.responses) == (0, 0, 0)).await;
            assert!(stalled.into_body().collect().await.is_err());
            let answer = sender.send_request(request(&fixture, "/h", "")).await.unwrap();
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello\n");
        });
        let record = log::request(&path).fields;
        assert_eq!(record["complete"], "false");
        assert!(record["bytes"].parse::<u32>().unwrap() < 1 << 20, "{record:?}");
    }
}

#[test]
fn a_stream_that_waits_for_its_application_is_not_cut_off() {
    let fixture = Fixture::with(|limits| {
        limits.write_time = Duration::from_millis(100);
        limits.request_time = Duration::from_millis(1_000);
    });
    let path = log::path("d");
    block_on(async {
        let mut sender = connect(&fixture).await;
        let mut answer = sender.send_request(request(&fixture, &path, "")).await.unwrap();
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "hello\n");
        assert!(answer.frame().await.unwrap().is_err());
    });
    let lines = log::instance(&path);
    assert!(lines[0].message().contains("was stopped after 1s"), "{lines:?}");
}

#[test]
fn a_head_that_is_too_long_is_431() {
    let fixture = Fixture::with(|limits| limits.max_head_bytes = 8 * 1024);
    block_on(async {
        let mut sender = connect(&fixture).await;
        let mut long = request(&fixture, "/h", "");
        long.headers_mut().insert("x", "x".repeat(10_000).parse().unwrap());
        assert_eq!(
            sender.send_request(long).await.unwrap().status(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        );
    });
    assert_eq!(fixture.server.stats().requests, 0);
    fixture.check();
}

#[test]
fn a_body_that_says_it_is_too_long_is_413() {
    let fixture = Fixture::with(|limits| limits.max_body_bytes = 3);
    block_on(async {
        let mut sender = connect(&fixture).await;
        for (body, status) in [("1234", StatusCode::PAYLOAD_TOO_LARGE), ("123", StatusCode::OK)] {
            let answer = sender.send_request(request(&fixture, "/r", body)).await.unwrap();
            assert_eq!(answer.status(), status);
        }
    });
}

#[test]
fn a_response_to_head_and_one_with_204_have_no_body() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        for (method, path, status, length) in [
            (Method::HEAD, "/h", StatusCode::OK, Some("6")),
            (Method::HEAD, "/c", StatusCode::OK, None),
            (Method::GET, "/4", StatusCode::NO_CONTENT, None),
        ] {
            let mut request = request(&fixture, path, "");
            *request.method_mut() = method;
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            let said =
                answer.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
            assert_eq!(said.as_deref(), length, "{path}");
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "", "{path}");
        }
    });
    fixture.wait_until_nothing_is_left();
}

#[test]
fn a_wish_to_close_the_connection_has_no_effect() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        for path in ["/o", "/h"] {
            let answer = sender.send_request(request(&fixture, path, "")).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
        }
    });
}
