//! The host's log, by named endpoints.
//!
//! Standard error reaches the log as well; an endpoint has a name, which a host may send elsewhere.

use std::io;

use crate::abi;

/// A named endpoint of the host's log.
///
/// ```no_run
/// let log = edgekv::log::Endpoint::open("audit")?;
/// log.send("visitor 7 has signed in")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    handle: abi::Endpoint,
}

impl Endpoint {
    /// The endpoint of this name.
    ///
    /// # Errors
    ///
    /// When the host has no log, or does not accept the name.
    pub fn open(name: &str) -> io::Result<Self> {
        Ok(Self { handle: abi::endpoint(name)? })
    }

    /// Sends one message; its end needs no mark.
    ///
    /// # Errors
    ///
    /// When the host does not take all of it.
    pub fn send(&self, message: impl AsRef<[u8]>) -> io::Result<()> {
        Ok(abi::log(self.handle, message.as_ref())?)
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::FastlyStatus as Status;

    use super::*;
    use crate::abi::script::{self, answer};

    #[test]
    fn each_message_is_one_call() {
        let script = script::start([answer("endpoint_get").handle(4)]);
        let log = Endpoint::open("audit").unwrap();
        log.send("one").unwrap();
        log.send([b't', b'w', b'o']).unwrap();
        assert_eq!(script.finish(), ["endpoint_get audit", "log 4 one", "log 4 two"]);
    }

    #[test]
    fn an_endpoint_that_is_none_and_a_message_that_is_cut_are_errors() {
        let script = script::start([
            answer("endpoint_get"),
            answer("endpoint_get").status(Status::INVAL),
            answer("endpoint_get").handle(4),
            answer("log").claims(2),
            answer("log").claims(4),
        ]);
        assert_eq!(Endpoint::open("a").unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(Endpoint::open("a").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let log = Endpoint::open("a").unwrap();
        assert_eq!(
            log.send("one").unwrap_err().to_string(),
            "host reported success and gave no room for the whole message"
        );
        assert_eq!(log.send("one").unwrap_err().to_string(), "host claims 4 bytes where there are 3");
        script.finish();
    }
}
