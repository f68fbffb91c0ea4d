//! The server under test, as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use edgekv_tests::guest;
use tempfile::TempDir;

use crate::client::Client;
use crate::guests::Guest;

/// How long something may take that happens by itself; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for the first start with a guest, which compiles a JavaScript engine.
const START_PATIENCE: Duration = Duration::from_secs(600);
/// Compiled guests, of all runs of these tests.
const CODE_CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/code-cache");

/// `edgekv serve`, in a directory of its own.
pub(crate) struct Server {
    pub(crate) guest: &'static Guest,
    pub(crate) address: SocketAddr,
    home: TempDir,
    process: Process,
}

impl Server {
    /// Serves a guest on an empty store that is forgotten at the end.
    pub(crate) fn start(guest: &'static Guest) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), guest, "memory:")
    }

    /// Serves a guest on the store of this engine.
    pub(crate) fn start_in(home: TempDir, guest: &'static Guest, engine: &str) -> Self {
        let (process, address) = Process::start(home.path(), guest.name, engine);
        Self { guest, address, home, process }
    }

    /// A client of this server, with a connection of its own.
    pub(crate) fn client(&self) -> Client {
        Client::http1(self.address)
    }

    /// Waits until the server has said this on standard error.
    pub(crate) fn says(&self, text: &str) {
        in_time(&format!("the server says {text:?}"), || self.process.messages().contains(text));
    }

    /// Ends the server as an operator does, and leaves its directory. It must end well.
    pub(crate) fn stop(mut self) -> TempDir {
        let status = self.process.terminate();
        assert_eq!(status.code(), Some(0), "{status}, after SIGTERM; it said:\n{}", self.process.messages());
        self.home
    }
}

/// Waits until this holds.
pub(crate) fn in_time(claim: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "after {PATIENCE:?} it does not hold that {claim}");
        thread::yield_now();
    }
}

/// A process that is ended when it is dropped, and what it has said on standard error.
struct Process {
    child: Child,
    messages: Arc<Mutex<String>>,
}

impl Process {
    fn start(home: &Path, name: &str, engine: &str) -> (Self, SocketAddr) {
        // One after another, so that a guest is compiled once and not by all tests at the same time.
        static STARTS: Mutex<()> = Mutex::new(());
        let _turn = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = command()
            .current_dir(home)
            .arg("serve")
            .arg(guest(name))
            .args(["--listen", "127.0.0.1:0", "--engine", engine, "--store", "app-store", "--store", "links"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let mut process = Self { child, messages: Arc::default() };
        process.keep(stderr);
        let (send, first_line) = mpsc::channel();
        thread::spawn(move || {
            // All of it is read, so that the server never waits for us.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let line = first_line.recv_timeout(START_PATIENCE);
        let address = line.as_deref().ok().and_then(|line| line.strip_prefix("listening on http://"));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let status = process.child.try_wait().unwrap();
            panic!("no address in the first line {line:?}; the server's status is {status:?}");
        };
        (process, address)
    }

    /// Keeps what the process says.
    fn keep(&self, mut stderr: impl Read + Send + 'static) {
        let messages = Arc::clone(&self.messages);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut buffer) {
                messages.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
    }

    fn messages(&self) -> String {
        self.messages.lock().unwrap().clone()
    }

    /// Asks the process to end, and waits until it has.
    fn terminate(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let mut ended = None;
        in_time("the server ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the server said:\n{}", self.messages());
        }
        // It has ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program under test, with no flags from the environment of the tests.
fn command() -> Command {
    let mut command = match std::env::var_os("EDGEKV_TEST_SERVER") {
        Some(other) => Command::new(other),
        None => Command::new(env!("CARGO_BIN_EXE_edgekv")),
    };
    for variable in ["EDGEKV_ENGINE", "EDGEKV_LISTEN", "EDGEKV_LOG", "EDGEKV_LOG_FORMAT"] {
        command.env_remove(variable);
    }
    command.env("EDGEKV_CODE_CACHE", CODE_CACHE);
    command
}
