//! `edgekv serve` as a process of its own, for all tests that need one.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long something may take that happens by itself; far more than it needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for the first start with a guest, which compiles a JavaScript engine.
const START_PATIENCE: Duration = Duration::from_secs(600);

/// The variables that stand for flags: what the environment of the tests says in them is not for the programs under test.
pub(crate) const VARIABLES: [&str; 9] = [
    "EDGEKV_API",
    "EDGEKV_API_TOKEN",
    "EDGEKV_API_URL",
    "EDGEKV_CACHE",
    "EDGEKV_CODE_CACHE",
    "EDGEKV_ENGINE",
    "EDGEKV_LISTEN",
    "EDGEKV_LOG",
    "EDGEKV_LOG_FORMAT",
];

/// Waits until this holds.
#[track_caller]
pub(crate) fn in_time(claim: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "after {PATIENCE:?} it does not hold that {claim}");
        thread::yield_now();
    }
}

/// The address in a line that says that somebody can be asked there.
fn announced(line: &str, who: &[&str]) -> Option<SocketAddr> {
    let (said, address) = line.split_once(" http://")?;
    who.contains(&said).then_some(address)?.parse().ok()
}

/// A server that is ended when it is dropped, and what it has said on standard error.
pub(crate) struct Process {
    /// Of the application; of the API when there is no application.
    pub(crate) address: SocketAddr,
    child: Child,
    /// What it prints after its first line.
    lines: Mutex<mpsc::Receiver<String>>,
    messages: Arc<Mutex<String>>,
    /// Is done when all has been said.
    listener: Option<thread::JoinHandle<()>>,
}

impl Process {
    /// Starts a server that has `--listen 127.0.0.1:0` (or `--api 127.0.0.1:0` and no application) among its arguments, and
    /// waits until it can be asked.
    pub(crate) fn start(command: &mut Command) -> Self {
        let (mut process, stderr) = Self::start_unheard(command);
        process.listen(stderr);
        process
    }

    /// The same, and nobody reads what it says on standard error.
    pub(crate) fn start_unheard(command: &mut Command) -> (Self, ChildStderr) {
        // One after another, so that a guest is compiled once and not by all tests at the same time.
        static STARTS: Mutex<()> = Mutex::new(());
        let _turn = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            // All of it is read, so that the server never waits for us.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let line = lines.recv_timeout(START_PATIENCE);
        let Some(address) =
            line.as_deref().ok().and_then(|line| announced(line, &["listening on", "api on"]))
        else {
            let _ = child.kill();
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            panic!("no address in the first line {line:?}; the server said:\n{said}");
        };
        (Self { address, child, lines: lines.into(), messages: Arc::default(), listener: None }, stderr)
    }

    /// Where the API beside an application is. The line is there for the first caller only.
    pub(crate) fn api(&self) -> SocketAddr {
        let line = self.lines.lock().unwrap().recv_timeout(PATIENCE);
        line.as_deref().ok().and_then(|line| announced(line, &["api on"])).unwrap_or_else(|| {
            panic!("{line:?} is no address of an API; the server said:\n{}", self.messages())
        })
    }

    /// Keeps what the process says.
    pub(crate) fn listen(&mut self, mut stderr: ChildStderr) {
        let messages = Arc::clone(&self.messages);
        self.listener = Some(thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut cut = Vec::new();
            while let Ok(length @ 1..) = stderr.read(&mut buffer) {
                cut.extend_from_slice(&buffer[..length]);
                // Whole lines only, so that no character is in two parts.
                let Some(end) = cut.iter().rposition(|byte| *byte == b'\n') else { continue };
                let lines: Vec<u8> = cut.drain(..=end).collect();
                messages.lock().unwrap().push_str(std::str::from_utf8(&lines).unwrap());
            }
        }));
    }

    /// What it has said up to now.
    pub(crate) fn messages(&self) -> String {
        self.messages.lock().unwrap().clone()
    }

    /// Waits until it has said this.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        in_time(&format!("the server says {text:?}"), || self.messages().contains(text));
    }

    /// The most memory that it has had at a time, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal, by the `kill` of the system.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended, and all that it said is known.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut ended = None;
        in_time("the server ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        ended.unwrap()
    }

    /// Ends the server as an operator does. It must end well. Gives all that it said.
    #[track_caller]
    pub(crate) fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.ended();
        assert_eq!(status.code(), Some(0), "{status}, after SIGTERM; it said:\n{}", self.messages());
        self.messages()
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
