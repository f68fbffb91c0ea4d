//! The end of an API whose clients do not end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use edgekv_server::{Api, ApiLimits, run_blocking};
use edgekv_store::{MemoryEngine, StoreName, Stores};
use http::Request;
use http_body_util::StreamBody;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::PATIENCE;

#[test]
fn requests_that_do_not_end_in_time_are_cut_off() {
    let stores = Stores::new(MemoryEngine::new());
    let _ = stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
    let mut limits = ApiLimits::default();
    limits.stop_time = Duration::from_millis(200);
    let api = Api::builder(stores).limits(limits).build();
    // All in one runtime, which goes on when the API has ended.
    run_blocking(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn({
            let api = api.clone();
            async move { api.serve(listener, async { stopped.await.unwrap_or_default() }).await }
        });

        let mut first = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT /stores/kv/store/keys/k HTTP/1.1\r\nhost: {address}\r\ncontent-length: 9\r\n\r\nhalf"
        );
        first.write_all(head.as_bytes()).await.unwrap();
        let second = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) =
            http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(second)).await.unwrap();
        let connection = tokio::spawn(connection);
        let body = StreamBody::new(futures_util::stream::pending::<
            Result<http_body::Frame<Bytes>, std::io::Error>,
        >());
        let request = Request::put(format!("http://{address}/stores/kv/store/keys/k")).body(body).unwrap();
        let answer = tokio::spawn(sender.send_request(request));
        let start = Instant::now();
        while api.stats().responses < 2 {
            assert!(start.elapsed() < PATIENCE);
            tokio::task::yield_now().await;
        }

        let _ = stop.send(());
        tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap();
        assert_eq!(api.stats().connections, 0);
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, first.read_to_end(&mut rest)).await.unwrap();
        assert!(read.is_err() || rest.is_empty(), "{rest:?}");
        assert!(tokio::time::timeout(PATIENCE, answer).await.unwrap().unwrap().is_err());
        let _ = tokio::time::timeout(PATIENCE, connection).await.unwrap();
        while api.stats().responses > 0 {
            assert!(start.elapsed() < PATIENCE, "a stream goes on without its connection");
            tokio::task::yield_now().await;
        }
    })
    .unwrap();
}
