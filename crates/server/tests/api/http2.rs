//! HTTP/2 without TLS.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, PATIENCE};

async fn connect(fixture: &Fixture) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (sender, connection) =
        http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(fixture: &Fixture, method: &str, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    let uri = format!("http://{}{path}", fixture.address);
    Request::builder().method(method).uri(uri).body(Full::new(body)).unwrap()
}

/// The body, which is as long as the head says.
async fn whole(answer: Response<Incoming>) -> Bytes {
    assert_eq!(answer.status(), 200);
    let length = answer.headers()["content-length"].to_str().unwrap().parse();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(length, Ok(body.len()));
    body
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn a_value_goes_in_and_comes_out_on_one_connection() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let path = "/stores/kv/store/keys/k";
        let value: Bytes = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        let written = sender.send_request(request(&fixture, "PUT", path, value.clone())).await.unwrap();
        assert_eq!(written.status(), 200);
        let reads = (0..10).map(|_| sender.send_request(request(&fixture, "GET", path, Bytes::new())));
        // A stream that is not read holds the others up, so all are read at once.
        let reads: Vec<_> =
            reads.map(|read| tokio::spawn(async { whole(read.await.unwrap()).await })).collect();
        for read in reads {
            assert!(read.await.unwrap() == value);
        }
    });
}

#[test]
fn a_head_has_no_body_whatever_its_status() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let path = "/stores/kv/store/keys/k";
        let _ = sender.send_request(request(&fixture, "PUT", path, Bytes::from("value"))).await.unwrap();
        for (path, status) in [(path, 200), ("/stores/kv/store/keys/none", 404), ("/nothing", 404)] {
            let head = sender.send_request(request(&fixture, "HEAD", path, Bytes::new())).await.unwrap();
            assert_eq!(head.status(), status, "{path}");
            assert!(head.into_body().collect().await.unwrap().to_bytes().is_empty(), "{path}");
        }
    });
}

#[test]
fn what_has_no_body_says_no_length_but_that_of_the_value() {
    let fixture = Fixture::new();
    block_on(async {
        let mut sender = connect(&fixture).await;
        let path = "/stores/kv/store/keys/k";
        let written =
            sender.send_request(request(&fixture, "PUT", path, Bytes::from("value"))).await.unwrap();
        let tag = format!("\"{}\"", written.headers()["generation"].to_str().unwrap());
        for method in ["GET", "HEAD"] {
            let mut ask = request(&fixture, method, path, Bytes::new());
            ask.headers_mut().insert("if-none-match", tag.parse().unwrap());
            let answer = sender.send_request(ask).await.unwrap();
            assert_eq!(answer.status(), 304);
            let length = answer.headers().get("content-length");
            assert!(length.is_none(), "{method}: {length:?}");
        }
        let deleted = sender.send_request(request(&fixture, "DELETE", path, Bytes::new())).await.unwrap();
        assert_eq!((deleted.status().as_u16(), deleted.headers().get("content-length")), (204, None));
    });
}

#[test]
fn a_stream_that_comes_too_slowly_is_408() {
    let fixture = Fixture::limited(|limits| limits.upload_time = Duration::from_millis(200));
    block_on(async {
        let stream = TcpStream::connect(fixture.address).await.unwrap();
        let (mut sender, connection) =
            http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let some = futures_util::stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from("half")))]);
        let body = StreamBody::new(some.chain(futures_util::stream::pending()));
        let uri = format!("http://{}/stores/kv/store/keys/k", fixture.address);
        let answer = sender.send_request(Request::put(uri).body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 408);
    });
    assert_eq!(fixture.send(crate::client::get("/stores/kv/store/keys/k")).status, 404);
}

#[test]
fn a_stream_that_is_not_taken_is_cut_off() {
    let fixture = Fixture::limited(|limits| limits.write_time = Duration::from_millis(300));
    block_on(async {
        let mut sender = connect(&fixture).await;
        let path = "/stores/kv/store/keys/k";
        let value = Bytes::from(vec![1; 20 * 1024 * 1024]);
        let _ = sender.send_request(request(&fixture, "PUT", path, value)).await.unwrap();
        for path in [path, "/stores/kv/store/batch"] {
            let answer = sender.send_request(request(&fixture, "GET", path, Bytes::new())).await.unwrap();
            assert_eq!(answer.status(), 200);
            let wait = async {
                while fixture.api.stats().responses > 0 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, wait).await.unwrap();
            drop(answer);
            // The connection is for others as before.
            let head = sender.send_request(request(&fixture, "HEAD", path, Bytes::new())).await.unwrap();
            assert_eq!(head.status(), 200);
        }
    });
}
