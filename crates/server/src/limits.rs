//! What a client and a request may use.

use std::time::Duration;

/// The limits of a [`Server`](crate::Server), each with a default that suits an application on the open network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Most requests that are worked on at a time; one more is answered with 503 and `Retry-After`. Default: 256.
    ///
    /// One is worked on until its instance has ended and its response is sent, so a slow client counts as well.
    ///
    /// As each has an instance, the pool of the [`Runtime`](edgekv_runtime::Runtime) has to have as many.
    pub max_requests: usize,
    /// Most open connections; further clients wait until one is closed. Default: 4,096.
    pub max_connections: usize,
    /// Most time for a request, from its head to the end of its instance. An application that needs longer is stopped:
    /// its client gets 504, or the response that it had begun is cut off. Default: 60 s.
    pub request_time: Duration,
    /// Most bytes of the head of a request: request line and headers. More is answered with 431. Default: 64 KiB, least 8 KiB.
    ///
    /// More than 100 headers are answered with 431 on HTTP/1.1, whatever their length.
    pub max_head_bytes: usize,
    /// Most bytes of the body of a request. A larger `Content-Length` is answered with 413; a body that turns out to be
    /// larger breaks off (the application reads `httpincomplete`). Default: 128 MiB.
    pub max_body_bytes: u64,
    /// Most time for a client to send the head of a request, and to stay idle between two. Default: 30 s.
    ///
    /// A connection is idle when no request of it is under way; what else is said on it, such as a ping of HTTP/2, does not count.
    pub head_time: Duration,
    /// Most time for which a client may take nothing of what it is sent; then its connection is cut off, or on HTTP/2 the stream
    /// (which has to take 16 KiB in this time). Default: 30 s.
    pub write_time: Duration,
}

/// Least size of the buffer that the head of a request has to fit.
pub(crate) const MIN_HEAD_BYTES: usize = 8 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_requests: 256,
            max_connections: 4096,
            request_time: Duration::from_secs(60),
            max_head_bytes: 64 * 1024,
            max_body_bytes: 128 * 1024 * 1024,
            head_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
        }
    }
}
