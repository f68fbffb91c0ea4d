//! The server under test, with clients of all kinds.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::command_line::CommandLine;
use crate::process::{Process, VARIABLES};
use crate::python::Python;

/// The token of all tests, as the platform's look.
pub(crate) const TOKEN: &str = "iN4_R8yk-Xq2TzPw7vLm0CsBd9Hf3JgE";

/// `edgekv serve` without an application, in a directory of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Process,
    /// Gone last.
    _home: TempDir,
}

impl Server {
    /// Serves empty stores of this engine.
    pub(crate) fn start(engine: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgekv"));
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command.current_dir(home.path()).args(["serve", "--api", "127.0.0.1:0", "--engine", engine]);
        let process = Process::start(command.env("EDGEKV_API_TOKEN", TOKEN));
        Self { address: process.address, process, _home: home }
    }

    /// The official command line, with the token.
    pub(crate) fn command_line(&self) -> CommandLine {
        CommandLine::new(self.address, TOKEN)
    }

    /// The official client in Python, with the token.
    pub(crate) fn python(&self) -> Python {
        Python::start(self.address, TOKEN)
    }

    /// What HTTP has to say, with the token.
    pub(crate) fn http(&self) -> Http {
        Http(Client::http1(self.address))
    }

    /// Ends the server as an operator does. It must end well.
    pub(crate) fn stop(self) {
        self.process.stop();
    }
}

/// A client that hides nothing.
pub(crate) struct Http(Client);

impl Http {
    /// Creates a store, and gives its identity.
    pub(crate) fn create(&mut self, name: &str) -> String {
        let body = serde_json::json!({ "name": name }).to_string();
        let answer = self.0.send("POST", "/resources/stores/kv", &[("fastly-key", TOKEN)], body).has(201);
        let store: Value = serde_json::from_slice(&answer.body).unwrap();
        store["id"].as_str().unwrap().to_owned()
    }

    /// Asks for an entry.
    pub(crate) fn get(&mut self, store: &str, key: &str) -> crate::client::Answer {
        let path = format!("/resources/stores/kv/{store}/keys/{}", segment(key));
        self.0.send("GET", &path, &[("fastly-key", TOKEN)], "")
    }

    /// The value of an entry, which is there.
    pub(crate) fn value(&mut self, store: &str, key: &str) -> Vec<u8> {
        self.get(store, key).has(200).body.to_vec()
    }
}

/// One segment of a path that means this key.
fn segment(key: &str) -> String {
    let byte = |byte: &u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    key.as_bytes().iter().map(byte).collect()
}
