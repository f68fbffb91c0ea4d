//! The threads that everything of a process runs on.

use std::io;

/// After so many turns a thread looks for connections, bytes and times that have come. Turns of applications that compute
/// are long: with eight of them on two threads, an answer took 700 ms with the usual 61 turns and turns of 10 ms, 130 ms with
/// 61 of 2 ms, 70 ms with 8 of 10 ms, and 15 ms with this (medians, without optimisation).
const EVENT_INTERVAL: u32 = 8;

/// Runs `serving`, and what it starts, on threads that it makes for that: one for each processor. They keep time even when
/// applications compute on all of them.
///
/// One process needs them once, however many listeners it serves:
///
/// ```
/// # use edgekv_server::{Api, run_blocking};
/// # use edgekv_store::{MemoryEngine, Stores};
/// # use std::future::ready;
/// use tokio::net::TcpListener;
///
/// let api = Api::builder(Stores::new(MemoryEngine::new())).build();
/// run_blocking(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     // Here would be the server of an application as well, by `tokio::join!`.
///     api.serve(listener, ready(())).await;
///     Ok::<_, std::io::Error>(())
/// })??;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The system refuses the threads, or to wait for the network.
pub fn run_blocking<F: Future>(serving: F) -> io::Result<F::Output> {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .thread_name("edgekv-serve")
        .build()?;
    Ok(threads.block_on(serving))
}
