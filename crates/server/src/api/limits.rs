//! What a client of the API and its requests may use.

use std::time::Duration;

/// The limits of an [`Api`](crate::Api), each with a default. How large a value may be is a limit of the
/// [stores](edgekv_store::Limits).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiLimits {
    /// Most requests that are worked on at a time; one more is answered with 503 and `Retry-After`. Default: 1,024.
    ///
    /// One is worked on until its response is sent, so a slow client counts as well. Questions about health do not count.
    pub max_requests: usize,
    /// Most open connections; further clients wait until one is closed. Default: 4,096.
    pub max_connections: usize,
    /// Most bytes of the target of a request: path and query. More is answered with 414. Default: 16 KiB, in which the longest
    /// key, cursor and prefix have room, with every byte escaped.
    pub max_target_bytes: usize,
    /// Most bytes of the head of a request: request line and headers. More is answered with 431. Default: 32 KiB, least 8 KiB.
    ///
    /// More than 100 headers are answered with 431 on HTTP/1.1, whatever their length.
    pub max_head_bytes: usize,
    /// Most bytes that all uploads may hold in memory together, before they are written. One that needs more than is left is
    /// answered with 503 and `Retry-After`. Uploads below 64 KiB do not count. Default: 512 MiB.
    pub max_upload_bytes: usize,
    /// Most bytes that all responses may hold in memory together, until they are sent. One that needs more than is left is
    /// answered with 503 and `Retry-After`; an export waits. Responses below 64 KiB do not count. Default: 512 MiB.
    pub max_download_bytes: usize,
    /// Most time for a client to send the next 16 KiB of a body, or its rest; then the request is answered with 408.
    /// Default: 30 s.
    pub upload_time: Duration,
    /// Most time that a batch waits, in all, for a store that takes no more writes; then the rest of it is not written, and
    /// the answer is 429. Default: 30 s.
    pub room_time: Duration,
    /// Most time for a client to send the head of a request, and to stay idle between two. Default: 30 s.
    pub head_time: Duration,
    /// Most time for a client to take the next 16 KiB of what it is sent, or the rest; then its connection is cut off, or on
    /// HTTP/2 the stream. Default: 30 s.
    pub write_time: Duration,
    /// Most time that requests under way are given to end when the API stops. Default: 30 s.
    pub stop_time: Duration,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            max_requests: 1024,
            max_connections: 4096,
            max_target_bytes: 16 * 1024,
            max_head_bytes: 32 * 1024,
            max_upload_bytes: 512 * 1024 * 1024,
            max_download_bytes: 512 * 1024 * 1024,
            room_time: Duration::from_secs(30),
            upload_time: Duration::from_secs(30),
            head_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            stop_time: Duration::from_secs(30),
        }
    }
}
