//! The HTTP API beside a bare handler that answers the same bytes: what a request costs above what any server would need.
//! Pages of keys through it, from a small store and from a large one. And many small items into a durable store: as one
//! batch, and out of it again; and by `edgekv kv import`, the program that `EDGEKV_BIN` names, which `cargo xtask bench api`
//! sets.
//!
//! The API counts as `edgekv serve` has it count: its requests, and the operations on its stores. Once it asks for a token.
//!
//! API and bare handler run in this process, one after the other in turns, each on threads of its own, as `edgekv serve` makes
//! them. The load comes from `wrk` where it is installed, which needs less of the machine, and else from the generator of
//! these benches.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, thread};

use axum::Router;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::routing::get;
use bytes::Bytes;
use edgekv_benches::fill;
use edgekv_benches::load::Load;
use edgekv_server::{Api, Metrics, Token, run_blocking};
use edgekv_store::{CacheLimits, Engine, Insert, Key, MemoryEngine, Observer, RedbEngine, StoreName, Stores};
use tokio::net::TcpListener;

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 40_000;
/// Seconds of a turn with `wrk`.
const SECONDS: u32 = 3;
const TURNS: usize = 5;
/// The same for pages of keys, each of which has 1,000.
const PAGES: usize = 5_000;
const PAGE_SECONDS: u32 = 2;
const PAGE_TURNS: usize = 3;
/// Keys of the stores whose pages are read.
const KEYS: [usize; 2] = [1_000, 1_000_000];
const VALUE_BYTES: usize = 1024;
/// Every request shows it; most servers do not look.
const TOKEN: &str = "correct-horse-battery-staple";
/// Items of the batch.
const ITEMS: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let program = env::var_os("EDGEKV_BIN").ok_or("run this by `cargo xtask bench api`")?;
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
    let turn = Turn { seconds: SECONDS, requests: REQUESTS };
    let results = compare(&servers, turn, TURNS)?;
    let bare = results.first().map_or(f64::NAN, |result| result.rate);
    for ((name, ..), Best { rate, micros }) in servers.iter().zip(results) {
        let share = 100.0 * rate / bare;
        println!("{name:<14} {rate:>10.0} requests/s {share:>6.1} %  {micros:>6.1} µs of processors each");
    }
    pages(folder.path())?;
    batch(redb)?;
    import(&program, folder.path())
}

/// Reads the first page of keys of a small store and of a large one, in turns.
fn pages(folder: &Path) -> Result<(), Box<dyn Error>> {
    let memory = lists(MemoryEngine::new())?;
    let redb = lists(RedbEngine::open(folder.join("lists.redb"))?)?;
    let path = |keys: usize| format!("/stores/kv/{}/keys", store_of(keys));
    let [small, large] = KEYS.map(path);
    let [few, many] = KEYS;
    println!("GET of a page of 1,000 keys, {CONNECTIONS} connections, best of {PAGE_TURNS} turns:");
    let turn = Turn { seconds: PAGE_SECONDS, requests: PAGES };
    for (name, address) in [("memory", memory), ("redb, cached", redb)] {
        let servers = [(name, address, &*small), (name, address, &*large)];
        for (keys, Best { rate, micros }) in [few, many].iter().zip(compare(&servers, turn, PAGE_TURNS)?) {
            println!(
                "{name:<14} store of {keys:>9} {rate:>10.0} requests/s {micros:>8.1} µs of processors each"
            );
        }
    }
    Ok(())
}

/// An API with stores of [`KEYS`] keys.
fn lists(engine: impl Engine) -> Result<SocketAddr, Box<dyn Error>> {
    let metrics = Arc::new(Metrics::new());
    let builder = Stores::builder(engine).observer(Arc::clone(&metrics) as Arc<dyn Observer>);
    let stores = builder.cache(CacheLimits::default()).build()?;
    for keys in KEYS {
        fill(&stores.create(&StoreName::new(&store_of(keys))?).wait()?, keys);
    }
    metrics.watch_stores(&stores);
    let api = Api::builder(stores).metrics(metrics).build();
    start(|listener| async move { api.serve(listener, std::future::pending()).await })
}

fn store_of(keys: usize) -> String {
    format!("of-{keys}")
}

/// Imports many small items by the command, which opens a database of its own; from its start to its end.
fn import(program: &OsStr, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (items, database) = (folder.join("items.ndjson"), folder.join("import.redb"));
    fs::write(&items, small_items())?;
    let engine = format!("redb:{}", database.to_str().ok_or("the folder for temporary files is not UTF-8")?);
    let mut command = Command::new(program);
    command.args(["kv", "import", "bench"]).arg(&items).args(["--create", "--quiet", "--engine", &engine]);
    let start = Instant::now();
    let output = command.output()?;
    let rate = f64::from(ITEMS) / start.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    println!("edgekv kv import of {ITEMS} small items into redb: {rate:.0} items/s");
    Ok(())
}

/// A batch of many small items.
fn small_items() -> String {
    (0..ITEMS)
        .map(|number| format!("{{\"key\":\"item-{number:08}\",\"value\":\"c21hbGwgdmFsdWU=\"}}\n"))
        .collect()
}

/// Writes many small items as one batch, and reads them back.
fn batch(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let body = small_items();
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

/// How much is asked in one turn: for a time with `wrk`, and else a number of requests.
#[derive(Clone, Copy)]
struct Turn {
    seconds: u32,
    requests: usize,
}

/// The best of all turns.
struct Best {
    /// Requests per second.
    rate: f64,
    /// Microseconds of processors for a request.
    micros: f64,
}

/// Asks each server in turns. The first turn warms up, and does not count.
fn compare(
    servers: &[(&str, SocketAddr, &str)],
    turn: Turn,
    turns: usize,
) -> Result<Vec<Best>, Box<dyn Error>> {
    let mut results: Vec<Best> = servers.iter().map(|_| Best { rate: 0.0, micros: f64::INFINITY }).collect();
    for number in 0..=turns {
        for ((_, address, path), best) in servers.iter().zip(&mut results) {
            let (start, before) = (Instant::now(), processor_seconds());
            let rate = measure(*address, path, turn)?;
            let requests = rate * start.elapsed().as_secs_f64();
            if number > 0 {
                best.rate = best.rate.max(rate);
                best.micros = best.micros.min((processor_seconds() - before) * 1e6 / requests);
            }
        }
    }
    Ok(results)
}

/// Requests per second.
fn measure(address: SocketAddr, path: &str, turn: Turn) -> Result<f64, Box<dyn Error>> {
    let Turn { seconds, requests } = turn;
    if !wrk_is_there() {
        let headers = format!("fastly-key: {TOKEN}\r\n");
        let load = Load { address, path: path.to_owned(), headers, connections: CONNECTIONS, requests };
        return Ok(load.run()?.rate());
    }
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")])
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
