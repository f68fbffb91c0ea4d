//! HTTP/2 without TLS.

use bytes::Bytes;
use edgekv_server::Stats;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::fixture::Fixture;

async fn connect(fixture: &Fixture) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(fixture: &Fixture, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let uri = format!("http://{}{path}", fixture.address);
    Request::post(uri).body(Full::new(Bytes::from(body))).unwrap()
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
        assert_eq!(body.trailers().unwrap()["trailer"], "key");
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
        let is_gone = |stats: Stats| stats.instances == 0 && stats.responses == 0;
        while !is_gone(fixture.server.stats()) {
            tokio::task::yield_now().await;
        }
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
