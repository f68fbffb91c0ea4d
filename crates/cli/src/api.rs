//! The flags of the API that `edgekv serve` offers, and what is needed to offer it safely.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_server::{Api, ApiBuilder, Token};
use edgekv_store::Stores;

use crate::exit::{Failure, Status};
use crate::token::{self, Secret};

/// Where the stores can be reached from outside, and by whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "API")]
pub(crate) struct ApiArgs {
    /// Address and port of the HTTP API of the stores; `none` offers none. With port 0 the system chooses one. The address
    /// is printed on stdout
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7677", env = "EDGEKV_API", value_parser = parse)]
    api: Place,
    /// File with the token that each request to the API has to show, as `Fastly-Key: TOKEN` or `Authorization: Bearer
    /// TOKEN` [default: the variable EDGEKV_API_TOKEN; without a token, only programs of this machine are served]
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
}

/// Where the API listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    At(SocketAddr),
}

fn parse(text: &str) -> Result<Place, &'static str> {
    if text == "none" {
        return Ok(Place::Nowhere);
    }
    text.parse().map(Place::At).map_err(
        |_| "write it as ADDRESS:PORT with a numeric address, such as 127.0.0.1:7677 or [::1]:7677, or `none`",
    )
}

/// An API that may be offered.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) address: SocketAddr,
    token: Option<Token>,
}

impl ApiArgs {
    /// What is to be offered, if anything.
    pub(crate) fn offer(&self) -> Result<Option<Offer>, Failure> {
        let Place::At(address) = self.api else {
            if self.api_token_file.is_some() {
                tracing::warn!("--api-token-file is not read: there is no API");
            }
            return Ok(None);
        };
        let token = self.token()?;
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            let error = anyhow!(
                "an API on {address} without a token would give all stores to everybody who can reach it; name a token by \
                 --api-token-file or {}, or let only this machine reach it: --api 127.0.0.1:{}",
                token::VARIABLE,
                address.port()
            );
            return Err(Failure::new(Status::Usage, error));
        }
        Ok(Some(Offer { address, token }))
    }

    fn token(&self) -> Result<Option<Token>, Failure> {
        let secret = match &self.api_token_file {
            Some(path) => {
                Some(Secret::read(path).with_context(|| format!("--api-token-file {}", path.display()))?)
            }
            None => Secret::of_variable(token::VARIABLE)?,
        };
        Ok(secret.map(Secret::into_token))
    }
}

impl Offer {
    /// The API of these stores.
    pub(crate) fn api(self, stores: Stores) -> ApiBuilder {
        let api = Api::builder(stores);
        match self.token {
            Some(token) => api.token(token),
            None => api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(api: &str, file: Option<PathBuf>) -> ApiArgs {
        ApiArgs { api: parse(api).unwrap(), api_token_file: file }
    }

    #[test]
    fn an_address_is_numeric_or_none() {
        assert_eq!(parse("none"), Ok(Place::Nowhere));
        assert_eq!(parse("[::1]:0"), Ok(Place::At("[::1]:0".parse().unwrap())));
        for bad in ["", "7677", "localhost:7677", "127.0.0.1", "None"] {
            assert!(parse(bad).unwrap_err().contains("`none`"), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_served_without_a_token() {
        for own in ["127.0.0.1:7677", "127.8.8.8:1", "[::1]:7677", "[::ffff:127.0.0.1]:80"] {
            assert!(args(own, None).offer().unwrap().is_some(), "{own}");
        }
        for foreign in ["0.0.0.0:7677", "[::]:7677", "192.168.0.1:80", "[::ffff:10.0.0.1]:80"] {
            let failure = args(foreign, None).offer().unwrap_err();
            assert_eq!(failure.status, Status::Usage, "{foreign}");
            let message = failure.error.to_string();
            assert!(message.contains(foreign) && message.contains("--api-token-file"), "{message}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let offer = args("0.0.0.0:7677", Some(file.path().into())).offer().unwrap();
        assert!(offer.is_some_and(|offer| offer.token.is_some()));
    }
}
