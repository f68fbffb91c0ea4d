//! HTTP/2 without TLS.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::fixture::Fixture;

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
