//! A load generator for HTTP/1.1: connections that stay open, and on each one request after the other.
//!
//! On one thread, and without more work for a response than to find its end: server and generator share a machine, so what
//! the generator needs is missing from what is measured.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What is asked, and how often.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The path of every request.
    pub path: String,
    /// Further lines of the head, each with its `\r\n`.
    pub headers: String,
    /// Connections, and so requests at a time.
    pub connections: usize,
    /// Requests on all connections together.
    pub requests: usize,
}

/// What it came to.
#[derive(Debug, Clone)]
pub struct Report {
    elapsed: Duration,
    /// Of each request, sorted.
    latencies: Vec<Duration>,
}

impl Report {
    /// Requests per second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the requests did not exceed.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

impl Load {
    /// Sends all requests.
    ///
    /// # Errors
    ///
    /// A connection failed, or a response was not 200.
    pub fn run(&self) -> io::Result<Report> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let left = Rc::new(Cell::new(self.requests));
        let start = Instant::now();
        let latencies = LocalSet::new().block_on(&runtime, async {
            let connections: Vec<_> = (0..self.connections)
                .map(|_| tokio::task::spawn_local(connection(self.address, self.request(), Rc::clone(&left))))
                .collect();
            let mut latencies = Vec::with_capacity(self.requests);
            for connection in connections {
                latencies.extend(connection.await.map_err(io::Error::other)??);
            }
            Ok::<_, io::Error>(latencies)
        });
        let (mut latencies, elapsed) = (latencies?, start.elapsed());
        latencies.sort_unstable();
        Ok(Report { elapsed, latencies })
    }

    fn request(&self) -> String {
        format!("GET {} HTTP/1.1\r\nhost: localhost\r\n{}\r\n", self.path, self.headers)
    }
}

async fn connection(
    address: SocketAddr,
    request: String,
    left: Rc<Cell<usize>>,
) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut response = Vec::with_capacity(16 * 1024);
    while left.get() > 0 {
        left.set(left.get() - 1);
        let start = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        response.clear();
        while !is_complete(&response)? {
            if stream.read_buf(&mut response).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}

/// Whether these bytes are a whole response.
fn is_complete(response: &[u8]) -> io::Result<bool> {
    let Some(head) = response.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(false) };
    let (head, body) = response.split_at(head + 4);
    let head = str::from_utf8(head).map_err(io::Error::other)?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(head.lines().next().unwrap_or_default()));
    }
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    match header("content-length") {
        Some((_, length)) => {
            let length: usize = length.trim().parse().map_err(io::Error::other)?;
            Ok(body.len() >= length)
        }
        None => Ok(body.ends_with(b"0\r\n\r\n")),
    }
}
