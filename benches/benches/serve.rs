//! `edgekv serve` as its clients see it, and a peer with the same application, configuration and load beside it.
//!
//! The peer is `viceroy` (`cargo install viceroy`); the environment variable `EDGEKV_PEER` says where it is, which
//! `cargo xtask bench serve --peer PATH` sets. Without it only edgekv is measured. Both log as they do when nobody asks for
//! more or less; nobody reads it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use edgekv_benches::load::{Load, Report};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CONNECTIONS: usize = 16;
/// Bytes of the value that is read.
const VALUE_BYTES: usize = 1024;
/// After these many requests the memory is compared with that after [`REQUESTS`].
const WARM_UP: usize = 5_000;
const REQUESTS: usize = 50_000;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("fastly.toml");
    let value = "v".repeat(VALUE_BYTES);
    fs::write(
        &config,
        format!("[local_server.kv_stores]\nbench = [{{ key = \"k\", data = \"{value}\" }}]\n"),
    )?;

    let mut servers =
        vec![Host::Edgekv(env::var_os("EDGEKV_BIN").ok_or("run this by `cargo xtask bench serve`")?.into())];
    servers.extend(env::var_os("EDGEKV_PEER").map(|peer| Host::Peer(peer.into())));

    let app = edgekv_benches::guest("bench-http");
    println!(
        "GET of a value of {VALUE_BYTES} bytes, {CONNECTIONS} connections, {REQUESTS} requests after {WARM_UP}:"
    );
    println!(
        "{:<10} {:>12} {:>10} {:>10} {:>10} {:>16} {:>16}",
        "host", "requests/s", "p50", "p99", "max", "memory after 5k", "after 50k"
    );
    let mut rates = Vec::new();
    for host in &servers {
        let server = host.start(&app, &config, folder.path())?;
        let load = Load {
            address: server.address,
            path: "/k".into(),
            headers: String::new(),
            connections: CONNECTIONS,
            requests: WARM_UP,
        };
        load.run()?;
        let before = server.resident_mebibytes()?;
        let report = Load { requests: REQUESTS, ..load }.run()?;
        let after = server.resident_mebibytes()?;
        print_row(host.name(), &report, before, after);
        rates.push(report.rate());
    }
    if let [ours, peers] = rates.as_slice() {
        println!("edgekv answers {:.2} times as many requests per second", ours / peers);
    }

    let large = edgekv_benches::guest("js-http");
    println!(
        "\nfrom the start of the process to the first answer, application of {:.1} MB:",
        fs::metadata(&large)?.len() as f64 / 1e6
    );
    for host in &servers {
        let times: Vec<_> =
            (0..6).map(|_| host.first_answer(&large, &config, folder.path())).collect::<Result<_>>()?;
        let (first, mut rest) = (times[0], times[1..].to_vec());
        rest.sort_unstable();
        println!(
            "{:<10} first {first:>8.1?}   then {:>8.1?} (median of {})",
            host.name(),
            rest[rest.len() / 2],
            rest.len()
        );
    }
    Ok(())
}

fn print_row(name: &str, report: &Report, before: f64, after: f64) {
    println!(
        "{name:<10} {:>12.0} {:>10.2?} {:>10.2?} {:>10.2?} {before:>12.1} MiB {after:>12.1} MiB",
        report.rate(),
        report.percentile(50),
        report.percentile(99),
        report.percentile(100),
    );
}

/// A program that serves applications.
enum Host {
    Edgekv(PathBuf),
    Peer(PathBuf),
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Host {
    fn name(&self) -> &'static str {
        match self {
            Self::Edgekv(_) => "edgekv",
            Self::Peer(_) => "viceroy",
        }
    }

    /// Starts serving; the process listens when this returns.
    fn start(&self, app: &Path, config: &Path, folder: &Path) -> Result<Server> {
        match self {
            Self::Edgekv(program) => {
                let mut process = Command::new(program)
                    .args([
                        "serve",
                        "--listen",
                        "127.0.0.1:0",
                        "--api",
                        "none",
                        "--engine",
                        "memory:",
                        "--config",
                    ])
                    .args([config, app])
                    .current_dir(folder)
                    .env("EDGEKV_CODE_CACHE", folder.join("code"))
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()?;
                let mut line = String::new();
                BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
                let address = line.trim().rsplit('/').next().unwrap_or_default().parse();
                Ok(Server { process, address: address.map_err(|_| format!("it said {line:?}"))? })
            }
            Self::Peer(program) => {
                // It cannot choose a port itself.
                let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
                let process = Command::new(program)
                    .args(["serve", "--addr", &address.to_string(), "-C"])
                    .args([config, app])
                    .current_dir(folder)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()?;
                let start = Instant::now();
                while TcpStream::connect(address).is_err() {
                    if start.elapsed() > Duration::from_secs(120) {
                        return Err("it does not listen".into());
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(Server { process, address })
            }
        }
    }

    /// From the start of the process to the end of the first answer, whatever it is.
    fn first_answer(&self, app: &Path, config: &Path, folder: &Path) -> Result<Duration> {
        let start = Instant::now();
        let server = self.start(app, config, folder)?;
        let mut stream = TcpStream::connect(server.address)?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 ") {
            Ok(start.elapsed())
        } else {
            Err(format!("it answers {answer:?}").into())
        }
    }
}

impl Server {
    /// Resident memory of the process.
    fn resident_mebibytes(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A benchmark that has failed must not leave a server behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
