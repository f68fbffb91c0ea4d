//! The platform's own client in Python, as PyPI has it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Where `cargo xtask clients` puts it: an environment, or packages for the interpreter of the system.
const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients");
const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/driver.py");
/// How long a call may take, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Python with the client, and no environment but what it needs.
pub(crate) fn interpreter() -> Command {
    let own = Path::new(CLIENTS).join("python/bin/python3");
    let packages = Path::new(CLIENTS).join("python-packages");
    assert!(own.exists() || packages.exists(), "no official client in {CLIENTS}: run `cargo xtask clients`");
    let mut command = Command::new(if own.exists() { own } else { "python3".into() });
    command.env_clear().env("PYTHONPATH", packages).env("PYTHONUTF8", "1");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// A Python process that makes one call after another.
pub(crate) struct Python {
    child: Child,
    calls: ChildStdin,
    outcomes: Receiver<String>,
    _home: TempDir,
}

impl Python {
    pub(crate) fn start(server: SocketAddr, token: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = interpreter();
        command.args([DRIVER, &format!("http://{server}"), token]).env("HOME", home.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (calls, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, outcomes) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self { child, calls, outcomes, _home: home }
    }

    /// What comes of a call of the client's API.
    #[track_caller]
    pub(crate) fn outcome(&mut self, call: &str, arguments: &Value) -> Value {
        let line = json!({ "call": call, "arguments": arguments }).to_string();
        writeln!(self.calls, "{line}").unwrap();
        let outcome = self.outcomes.recv_timeout(PATIENCE);
        let outcome = outcome.unwrap_or_else(|error| panic!("{call}({arguments}): {error}"));
        serde_json::from_str(&outcome).unwrap()
    }

    /// A call that succeeds; what it returns.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "what is passed is written at the call")]
    pub(crate) fn call(&mut self, call: &str, arguments: Value) -> Value {
        let mut outcome = self.outcome(call, &arguments);
        assert!(outcome["error"].is_null(), "{call}: {outcome}");
        outcome["result"].take()
    }

    /// A call that fails, by an exception of this name and this status.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "what is passed is written at the call")]
    pub(crate) fn fails(&mut self, call: &str, arguments: Value, exception: &str, status: u16) {
        let outcome = self.outcome(call, &arguments);
        assert_eq!((&outcome["error"], &outcome["status"]), (&json!(exception), &json!(status)), "{outcome}");
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
