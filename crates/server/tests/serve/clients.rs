//! Clients of HTTP/1.1 that have each byte in their hands.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::fixture::PATIENCE;

/// A connection that does what it is told.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &str) -> &mut Self {
        self.stream.write_all(bytes.as_bytes()).unwrap();
        self
    }

    /// Reads until what has come holds `text`, and takes all up to its end.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let at = self.received.windows(text.len()).position(|bytes| bytes == text.as_bytes());
            if let Some(at) = at {
                let taken = self.received.drain(..at + text.len()).collect();
                return String::from_utf8(taken).unwrap();
            }
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "it ends before {text:?}: {:?}", String::from_utf8_lossy(&self.received));
            self.received.extend_from_slice(&buffer[..count]);
        }
    }

    /// What has come and was not taken.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }

    /// Reads to the end of the connection.
    pub(crate) fn read_all(&mut self) -> String {
        let end = self.stream.read_to_end(&mut self.received);
        let rest = String::from_utf8(std::mem::take(&mut self.received)).unwrap();
        // A server that does not want what is still to come may reset the connection.
        assert!(
            end.is_ok() || end.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset),
            "{rest:?}"
        );
        rest
    }

    /// Goes away, also for what is still under way.
    pub(crate) fn go(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Asks once, on a connection of its own, and gives the whole response.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    Client::new(address)
        .send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"))
        .read_all()
}

/// The status of a response.
pub(crate) fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or(response)
}
