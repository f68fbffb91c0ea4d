//! The flags of the API that `edgekv serve` offers, and what is needed to offer it safely.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use edgekv_server::{Api, ApiBuilder, Token};
use edgekv_store::Stores;

use crate::exit::{Failure, Status};

/// Where the token is when no file is named. There is no flag for the token itself: everybody on a machine sees the arguments
/// of its processes.
pub(crate) const TOKEN_VARIABLE: &str = "EDGEKV_API_TOKEN";

/// More than the longest token; a file that is something else is not read to its end.
const MAX_FILE_BYTES: u64 = 4096;

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
                 --api-token-file or {TOKEN_VARIABLE}, or let only this machine reach it: --api 127.0.0.1:{}",
                address.port()
            );
            return Err(Failure::new(Status::Usage, error));
        }
        Ok(Some(Offer { address, token }))
    }

    fn token(&self) -> Result<Option<Token>, Failure> {
        if let Some(path) = &self.api_token_file {
            let token = read(path).with_context(|| format!("--api-token-file {}", path.display()))?;
            return Ok(Some(token));
        }
        let Some(text) = env::var_os(TOKEN_VARIABLE) else { return Ok(None) };
        // One that is empty was meant to be one: a script has lost it. To go on would be to go on without.
        let token = text.to_str().context("not valid UTF-8").and_then(|text| Ok(Token::new(text.trim())?));
        let token = token.with_context(|| format!("{TOKEN_VARIABLE} cannot be used"));
        token.map(Some).map_err(|error| Failure::new(Status::Usage, error))
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

/// Reads a token. A pipe will do, so that it need not be on a disk.
fn read(path: &Path) -> anyhow::Result<Token> {
    let file = File::open(path).context("cannot be opened")?;
    warn_of_readers(path, &file.metadata().context("cannot be examined")?);
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).context("cannot be read as text")?;
    ensure!(
        text.len() as u64 <= MAX_FILE_BYTES,
        "has more than {MAX_FILE_BYTES} bytes; a token has 1 to 256"
    );
    let text = text.trim();
    ensure!(text.lines().count() <= 1, "has more than one line; write the token alone into it");
    Ok(Token::new(text)?)
}

#[cfg(unix)]
fn warn_of_readers(path: &Path, metadata: &fs::Metadata) {
    use std::os::unix::fs::PermissionsExt;

    if metadata.is_file() && metadata.permissions().mode() & 0o004 != 0 {
        let path = path.display();
        tracing::warn!(
            "everybody on this machine can read the token in {path}; chmod 600 {path} changes that"
        );
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &fs::Metadata) {}

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
        fs::write(file.path(), "secret\n").unwrap();
        let offer = args("0.0.0.0:7677", Some(file.path().into())).offer().unwrap();
        assert!(offer.is_some_and(|offer| offer.token.is_some()));
    }

    #[test]
    fn a_file_holds_one_token_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for good in ["secret", "secret\n", "  secret \r\n\n"] {
            fs::write(file.path(), good).unwrap();
            assert!(read(file.path()).is_ok(), "{good:?}");
        }
        let long = "x".repeat(5000);
        let table: [(&[u8], &str); 6] = [
            (b"", "empty"),
            (b" \n", "empty"),
            (b"one\ntwo\n", "more than one line"),
            (b"two words", "not visible ASCII"),
            (b"\xff\xfe", "cannot be read as text"),
            (long.as_bytes(), "more than 4096 bytes"),
        ];
        for (bad, reason) in table {
            fs::write(file.path(), bad).unwrap();
            let error = format!("{:#}", read(file.path()).unwrap_err());
            assert!(error.contains(reason), "{bad:?}: {error}");
        }
    }
}
