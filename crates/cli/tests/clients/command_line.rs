//! The platform's own command line, as npm has it.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::in_time;

/// Where `cargo xtask clients` puts it.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients/npm/node_modules/@fastly");

/// The command line, with a home of its own and no network but this server.
pub(crate) struct CommandLine {
    home: TempDir,
    endpoint: String,
    token: String,
}

impl CommandLine {
    pub(crate) fn new(server: SocketAddr, token: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, endpoint: format!("http://{server}"), token: token.to_owned() }
    }

    /// A file in its home.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `fastly kv-store COMMAND ARGUMENTS…`
    pub(crate) fn store(&self, command: &str, arguments: &[&str]) -> Ended {
        self.run(&[&["kv-store", command], arguments].concat(), "")
    }

    /// `fastly kv-store-entry COMMAND --store-id STORE ARGUMENTS…`
    pub(crate) fn entry(&self, command: &str, store: &str, arguments: &[&str]) -> Ended {
        self.run(&[&["kv-store-entry", command, "--store-id", store], arguments].concat(), "")
    }

    /// Runs it to its end, with this standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ended {
        let output = |name: &str| File::create(self.home.path().join(name)).unwrap();
        let child = Command::new(program())
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("FASTLY_API_ENDPOINT", &self.endpoint)
            .env("FASTLY_ACCOUNT_ENDPOINT", &self.endpoint)
            .env("FASTLY_API_TOKEN", &self.token)
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        let mut running = Running(child);
        // It need not read what it is given.
        let _ = running.0.stdin.take().unwrap().write_all(input.as_bytes());
        let mut ended = None;
        in_time(&format!("`fastly {}` ends", arguments.join(" ")), || {
            ended = running.0.try_wait().unwrap();
            ended.is_some()
        });
        let read = |name: &str| fs::read(self.home.path().join(name)).unwrap();
        Ended {
            status: ended.unwrap().code(),
            stdout: read("stdout"),
            stderr: String::from_utf8(read("stderr")).unwrap(),
        }
    }
}

fn program() -> PathBuf {
    let packages = fs::read_dir(PACKAGES).into_iter().flatten().flatten();
    let mut programs = packages.map(|package| package.path().join("fastly")).filter(|path| path.is_file());
    programs.next().unwrap_or_else(|| {
        panic!("no official command line in {}: run `cargo xtask clients`", Path::new(PACKAGES).display())
    })
}

/// A process that is gone when the test is.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    stderr: String,
}

impl Ended {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// It went well, and this is what it printed.
    #[track_caller]
    pub(crate) fn good(&self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{}", self.text());
        self.text()
    }

    /// It went well, and printed this document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.good()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// It failed, and said all of this.
    #[track_caller]
    pub(crate) fn fails(&self, words: &[&str]) {
        let said = format!("{}\n{}", self.text(), self.stderr);
        assert_eq!(self.status, Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is missing:\n{said}");
        }
    }
}
