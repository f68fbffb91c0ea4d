//! A directory to work in, and what comes of running `edgekv` there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::process::VARIABLES;
use crate::program::{Step, program};

/// An empty directory, gone at the end of the test.
pub(crate) struct Workplace(TempDir);

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes the module that this text describes.
    pub(crate) fn wat(&self, name: &str, text: &str) {
        self.file(name, wat::parse_str(text).unwrap());
    }

    /// Writes a guest that takes these steps.
    pub(crate) fn program(&self, name: &str, steps: &[Step<'_>]) {
        self.wat(name, &program(steps));
    }

    /// The command, in this directory, and with no flags from the environment of the tests.
    pub(crate) fn edgekv(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgekv"));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        // Nothing of one test, and nothing of its user, is there for another.
        command.env("EDGEKV_CODE_CACHE", "none");
        // Tests run at the same time, and the API has one usual port.
        command.env("EDGEKV_API", "none");
        // Messages are for users: they must not grow because a developer wants backtraces of panics.
        command.env("RUST_BACKTRACE", "1");
        command
    }

    /// Runs a command of the system in this directory. It must end well.
    pub(crate) fn run_system(&self, program: &str, arguments: &[&str]) {
        let status = Command::new(program).args(arguments).current_dir(self.0.path()).status().unwrap();
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    /// Runs the command to its end. `arguments` are split at spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        Ended::of(self.edgekv().args(arguments.split_whitespace()).output().unwrap())
    }
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It went well, without a word on stderr; this is what it printed.
    pub(crate) fn good(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// It failed with this status, and one line on stderr, which has all of these words.
    pub(crate) fn fails(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {self:?}");
        assert!(self.stderr.starts_with("edgekv: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}
