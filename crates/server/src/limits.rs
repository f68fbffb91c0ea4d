//! What a client and a request may use.

use std::time::Duration;

/// The limits of a [`Server`](crate::Server), each with a default that suits an application on the open network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Most requests that are worked on at a time; one more is answered with 503 and `Retry-After`. Default: 256.
    ///
    /// As each has an instance, the pool of the [`Runtime`](edgekv_runtime::Runtime) has to have as many.
    pub max_requests: usize,
    /// Most open connections; further clients wait until one is closed. Default: 4,096.
    pub max_connections: usize,
    /// Most time for a request, from its head to the end of its instance. An application that needs longer is stopped:
    /// its client gets 504, or the response that it had begun is cut off. Default: 60 s.
    pub request_time: Duration,
    /// Most bytes of the head of a request: request line and headers. More is answered with 431. Default: 64 KiB, least 8 KiB.
    pub max_head_bytes: usize,
    /// Most bytes of the body of a request. A larger `Content-Length` is answered with 413; a body that turns out to be
    /// larger breaks off (the application reads `httpincomplete`). Default: 128 MiB.
    pub max_body_bytes: u64,
    /// Most time for a client to send the head of a request, and to stay idle between two. Default: 30 s.
    pub head_time: Duration,
    /// Most time for which a client may take nothing of what it is sent. Default: 30 s.
    pub write_time: Duration,
}

/// Most headers of a request in HTTP/1.1; more are answered with 431.
pub(crate) const MAX_HEADERS: usize = 256;

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
