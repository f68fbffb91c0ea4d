//! The server under test, with a guest that keeps the contract.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::client::Client;
use crate::guests::Guest;
pub(crate) use crate::process::in_time;
use crate::process::{Process, VARIABLES};

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
        let flags = ["--engine", engine, "--store", "app-store", "--store", "links"];
        let process = Process::start(serve(home.path(), &guest.file()).args(flags));
        Self { guest, address: process.address, home, process }
    }

    /// Serves a guest and, beside it, the API of its stores: the second address. The edge cache is in front of the engine.
    pub(crate) fn start_with_api(guest: &'static Guest, engine: &str) -> (Self, SocketAddr) {
        let home = tempfile::tempdir().unwrap();
        let flags = ["--engine", engine, "--store", "app-store", "--api", "127.0.0.1:0"];
        let process = Process::start(serve(home.path(), &guest.file()).args(flags));
        let api = process.api();
        (Self { guest, address: process.address, home, process }, api)
    }

    /// A client of this server, with a connection of its own.
    pub(crate) fn client(&self) -> Client {
        Client::http1(self.address)
    }

    /// Waits until the server has said this on standard error.
    pub(crate) fn says(&self, text: &str) {
        self.process.says(text);
    }

    /// Ends the server as an operator does, and leaves its directory. It must end well.
    pub(crate) fn stop(self) -> TempDir {
        self.process.stop();
        self.home
    }
}

/// The program under test, serving this one, with no flags from the environment of the tests.
pub(crate) fn serve(home: &Path, program: &Path) -> Command {
    let mut command = match std::env::var_os("EDGEKV_TEST_SERVER") {
        Some(other) => Command::new(other),
        None => Command::new(env!("CARGO_BIN_EXE_edgekv")),
    };
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    // Other hosts need not know our flags.
    command.env("EDGEKV_CODE_CACHE", CODE_CACHE).env("EDGEKV_API", "none");
    command.current_dir(home).arg("serve").arg(program).args(["--listen", "127.0.0.1:0"]);
    command
}
