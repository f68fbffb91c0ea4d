//! The HTTP API beside a bare handler that answers the same bytes: what a request costs above what any server would need.
//! And a batch of many small items into a durable store, and out of it again.
//!
//! The API counts as `edgekv serve` has it count: its requests, and the operations on its stores. Once it asks for a token.
//!
//! Both run in this process, one after the other in turns, each on threads of its own, as `edgekv serve` makes them. The
//! load comes from `wrk` where it is installed, which needs less of the machine, and else from the generator of these benches.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::routing::get;
use bytes::Bytes;
use edgekv_benches::load::Load;
use edgekv_server::{Api, Metrics, Token, run_blocking};
use edgekv_store::{CacheLimits, Engine, Insert, Key, MemoryEngine, Observer, RedbEngine, StoreName, Stores};
use tokio::net::TcpListener;

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 40_000;
/// Seconds of a turn with `wrk`.
const SECONDS: u32 = 3;
const TURNS: usize = 5;
const VALUE_BYTES: usize = 1024;
/// Every request shows it; most servers do not look.
const TOKEN: &str = "correct-horse-battery-staple";
/// Items of the batch.
const ITEMS: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bare = start(|listener| async move {
        let value = Bytes::from(vec![b'v'; VALUE_BYTES]);
        let answer = move || {
            let value = value.clone();
            async move { ([(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], value) }
        };
        let _ = axum::serve(listener, Router::new().route("/", get(answer))).await;
    })?;
    let memory = api(MemoryEngine::new(), false, None)?;
    let cached = api(RedbEngine::open(folder.path().join("cached.redb"))?, true, None)?;
    let token = api(RedbEngine::open(folder.path().join("token.redb"))?, true, Some(TOKEN))?;
    let redb = api(RedbEngine::open(folder.path().join("plain.redb"))?, false, None)?;
    let path = "/stores/kv/bench/keys/k";
    let servers = [
        ("bare handler", bare, "/"),
        ("redb, cached", cached, path),
        ("with a token", token, path),
        ("redb", redb, path),
        ("memory", memory, path),
    ];

    let generator = if wrk_is_there() { "wrk" } else { "the generator" };
    println!("GET of {VALUE_BYTES} bytes, {CONNECTIONS} connections, {generator}, best of {TURNS} turns:");
    let mut best = [0.0_f64; 5];
    let mut least = [f64::INFINITY; 5];
    // The first turn warms up, and does not count.
    for turn in 0..=TURNS {
        for ((_, address, path), (best, least)) in servers.iter().zip(best.iter_mut().zip(&mut least)) {
            let (start, before) = (Instant::now(), processor_seconds());
            let rate = measure(*address, path)?;
            let requests = rate * start.elapsed().as_secs_f64();
            if turn > 0 {
                *best = best.max(rate);
                *least = least.min((processor_seconds() - before) * 1e6 / requests);
            }
        }
    }
    let [bare, ..] = best;
    for ((name, ..), (rate, time)) in servers.iter().zip(best.into_iter().zip(least)) {
        let share = 100.0 * rate / bare;
        println!("{name:<14} {rate:>10.0} requests/s {share:>6.1} %  {time:>6.1} µs of processors each");
    }
    batch(redb)
}

/// Writes many small items as one batch, and reads them back.
fn batch(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let body: String = (0..ITEMS)
        .map(|number| format!("{{\"key\":\"item-{number:08}\",\"value\":\"c21hbGwgdmFsdWU=\"}}\n"))
        .collect();
    let path = "/stores/kv/bench/batch";
    let length = body.len();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let import = transfer(address, &[head.as_bytes(), body.as_bytes()])?;
    if !String::from_utf8_lossy(&import.answer).contains("\"success\"") {
        return Err(String::from_utf8_lossy(&import.answer).into());
    }
    let export = transfer(
        address,
        &[format!("GET {path}?prefix=item- HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .as_bytes()],
    )?;
    // One that breaks off is no export.
    let body = dechunked(&export.answer).ok_or("the export breaks off")?;
    let items = body.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"key\"")).count();
    if items != usize::try_from(ITEMS)? {
        return Err(format!("the export has {items} items").into());
    }
    println!(
        "batch of {ITEMS} small items into redb: {:.0} items/s, and out of it: {:.0} items/s",
        import.rate, export.rate
    );
    Ok(())
}

/// A batch that went in or out.
struct Transfer {
    /// Items per second.
    rate: f64,
    answer: Vec<u8>,
}

/// Sends these bytes, and takes the answer.
fn transfer(address: SocketAddr, parts: &[&[u8]]) -> Result<Transfer, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    let start = Instant::now();
    for part in parts {
        stream.write_all(part)?;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let elapsed = start.elapsed();
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(String::from_utf8_lossy(&answer).into());
    }
    Ok(Transfer { rate: f64::from(ITEMS) / elapsed.as_secs_f64(), answer })
}

/// The body of a response that is sent in chunks; `None` when it has no end.
fn dechunked(answer: &[u8]) -> Option<Vec<u8>> {
    let line_end = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\r\n");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (mut rest, mut body) = (answer.get(head + 4..)?, Vec::new());
    loop {
        let end = line_end(rest)?;
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..)?.get(..length)?);
        rest = rest.get(end + 2 + length + 2..)?;
    }
}

/// An API with a value in it, which counts what `edgekv serve` has it count.
fn api(engine: impl Engine, is_cached: bool, token: Option<&str>) -> Result<SocketAddr, Box<dyn Error>> {
    let metrics = Arc::new(Metrics::new());
    let builder = Stores::builder(engine).observer(Arc::clone(&metrics) as Arc<dyn Observer>);
    let stores = if is_cached { builder.cache(CacheLimits::default()) } else { builder }.build()?;
    let store = stores.create(&StoreName::new("bench")?).wait()?;
    store.insert(Key::new("k")?, Insert::new(vec![b'v'; VALUE_BYTES])).wait()?;
    metrics.watch_stores(&stores);
    let mut api = Api::builder(stores).metrics(metrics);
    if let Some(token) = token {
        api = api.token(Token::new(token)?);
    }
    let api = api.build();
    start(|listener| async move { api.serve(listener, std::future::pending()).await })
}

/// Serves until the process ends.
fn start<F: Future<Output = ()>>(
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> Result<SocketAddr, Box<dyn Error>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        run_blocking(async {
            if let Ok(listener) = TcpListener::from_std(listener) {
                serve(listener).await;
            }
        })
    });
    Ok(address)
}

/// Requests per second.
fn measure(address: SocketAddr, path: &str) -> Result<f64, Box<dyn Error>> {
    if !wrk_is_there() {
        let headers = format!("fastly-key: {TOKEN}\r\n");
        let load =
            Load { address, path: path.to_owned(), headers, connections: CONNECTIONS, requests: REQUESTS };
        return Ok(load.run()?.rate());
    }
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s")])
        .args(["-H", &format!("fastly-key: {TOKEN}")])
        .arg(format!("http://{address}{path}"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(text.into());
    }
    let rate = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(rate.ok_or("wrk says no rate")?.trim().parse()?)
}

/// What this process has had of processors so far: unlike the rate, it says the same on a busy machine. Only with `wrk` is
/// it that of the servers alone. 0 where the system does not say.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may have anything in it: fields 3 and on, of which 14 and 15 are times of 10 ms.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<u32>().ok()).map(f64::from).sum::<f64>() / 100.0
}

fn wrk_is_there() -> bool {
    Command::new("wrk").arg("-v").output().is_ok()
}
