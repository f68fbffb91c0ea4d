//! What the host knows about the client.

use std::io;
use std::net::IpAddr;

use crate::abi::{Address, HostRequest};
use crate::error::Fault;

/// The client of the request, asked when it is wanted: each method is a host call.
///
/// ```no_run
/// let client = edgekv::http::client()?;
/// println!("{:?} asks, request {}", client.ip()?, client.request_id()?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Client {
    request: HostRequest,
}

/// The client of the request that this program answers.
///
/// # Errors
///
/// When the program was not started for a request.
pub fn client() -> io::Result<Client> {
    Ok(Client { request: HostRequest::of_client()? })
}

impl Client {
    /// The address of the client, or of the last proxy on the way; `None` when the host does not know it.
    ///
    /// # Errors
    ///
    /// When the host cannot tell, or tells what is no address.
    pub fn ip(&self) -> io::Result<Option<IpAddr>> {
        self.address(Address::Client)
    }

    /// The address of the server that the client has connected to; `None` when the host does not know it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::ip`].
    pub fn server_ip(&self) -> io::Result<Option<IpAddr>> {
        self.address(Address::Server)
    }

    /// What the host calls this request, in its log too: no other has the same.
    ///
    /// # Errors
    ///
    /// When the host has no such name, or one that is not UTF-8.
    pub fn request_id(&self) -> io::Result<String> {
        let id = String::from_utf8(self.request.id()?);
        id.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn address(&self, which: Address) -> io::Result<Option<IpAddr>> {
        let mut octets = [0; 16];
        match self.request.address(which, &mut octets)? {
            0 => Ok(None),
            4 => {
                let [a, b, c, d, ..] = octets;
                Ok(Some([a, b, c, d].into()))
            }
            16 => Ok(Some(octets.into())),
            number => Err(Fault::Number { what: "the length of an address", number }.into()),
        }
    }
}
