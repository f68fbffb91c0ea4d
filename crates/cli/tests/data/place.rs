//! Data to work on: a database, or a server that has one; and what comes of commands.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, VARIABLES};

/// The command, with no flags from the environment of the tests.
pub(crate) fn edgekv(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgekv"));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env_remove("FASTLY_API_TOKEN");
    command
}

/// A database in an empty folder, gone at the end of the test; perhaps behind a server.
pub(crate) struct Data {
    folder: TempDir,
    server: Option<Process>,
}

impl Data {
    /// A database that commands open themselves.
    pub(crate) fn engine() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// A database that a server has open.
    pub(crate) fn server() -> Self {
        Self::served(&[])
    }

    /// Stores in the memory of a server, which is how commands reach the other engine.
    pub(crate) fn memory() -> Self {
        Self::served(&["--engine", "memory:"])
    }

    fn served(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = edgekv(folder.path());
        command.args(["serve", "--api", "127.0.0.1:0"]).args(arguments);
        Self { server: Some(Process::start(&mut command)), folder }
    }

    /// A database, and one behind a server.
    pub(crate) fn both() -> [Self; 2] {
        [Self::engine(), Self::server()]
    }

    /// The same, and the other engine.
    pub(crate) fn all() -> [Self; 3] {
        [Self::engine(), Self::server(), Self::memory()]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.server.as_ref().map(|server| format!("http://{}", server.address))
    }

    /// A command on these data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = edgekv(self.folder.path());
        command.args(arguments);
        if let Some(url) = self.url() {
            command.args(["--api-url", &url]);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that gets these bytes on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may stop reading, and then writing fails.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let ended = Ended::of(child.wait_with_output().unwrap());
        writer.join().unwrap();
        ended
    }

    /// The same data with a store.
    pub(crate) fn with_store(self, name: &str) -> Self {
        self.run(&["store", "create", name, "--json"]).good();
        self
    }
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It went well, without a word on stderr; this is what it printed.
    #[track_caller]
    pub(crate) fn good(self) -> Vec<u8> {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The same, as text.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.good()).unwrap()
    }

    /// The same, as JSON on one line.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.text();
        assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// It failed with this status, printed nothing, and one line on stderr that has all of these words.
    #[track_caller]
    pub(crate) fn fails(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {self:?}");
        assert!(self.stderr.starts_with("edgekv: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}
