//! The machine, as far as a toolchain is concerned: where its programs and files are. Tests bring one of their own.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// Where programs and files are looked for.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// The folders of programs, in the form of the variable `PATH`; that variable when there is none.
    pub(super) path: Option<OsString>,
    /// What absolute paths begin from; `/` when there is none.
    pub(super) root: Option<PathBuf>,
}

impl Machine {
    /// The machine that we run on.
    pub(super) fn here() -> Self {
        Self::default()
    }

    /// A command of this machine.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// Whether the program is there and answers.
    pub(super) fn works(&self, program: &str, argument: &str) -> bool {
        process::capture(self.command(program).arg(argument)).is_ok()
    }

    /// The place of an absolute path.
    pub(super) fn place(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// The first program on the `PATH` that is accepted by its name; the folders come in their order.
    pub(super) fn find(&self, accept: impl Fn(&str) -> bool) -> Option<PathBuf> {
        let path = self.path.clone().or_else(|| env::var_os("PATH"))?;
        env::split_paths(&path).find_map(|folder| {
            let entries = folder.read_dir().ok()?;
            let mut found: Vec<PathBuf> = entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| name(path).is_some_and(&accept) && path.is_file())
                .collect();
            // The order of a folder is the file system's; a build must not depend on it.
            found.sort();
            found.into_iter().next()
        })
    }
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}
