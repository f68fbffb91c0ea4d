//! The token of an API: one set of rules for the server that asks for it, and for the commands that show it.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use edgekv_server::{Token, TokenError};

use crate::exit::{Failure, Status};

/// Where the token is when no file is named. `serve` has no flag for the token itself: everybody on a machine sees the
/// arguments of its processes.
pub(crate) const VARIABLE: &str = "EDGEKV_API_TOKEN";

/// More than the longest token; a file that is something else is not read to its end.
const MAX_FILE_BYTES: u64 = 4096;

/// A token that was checked, and can be shown to a server. It is never printed.
#[derive(Clone)]
pub(crate) struct Secret {
    text: String,
    token: Token,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// White space around a token, such as the end of a line, is not part of it.
    pub(crate) fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        Ok(Self { text: text.to_owned(), token: Token::new(text)? })
    }

    /// Reads a file with one token. A pipe will do, so that it need not be on a disk.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).context("cannot be opened")?;
        warn_of_readers(path, &file.metadata().context("cannot be examined")?);
        let mut text = String::new();
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).context("cannot be read as text")?;
        ensure!(
            text.len() as u64 <= MAX_FILE_BYTES,
            "has more than {MAX_FILE_BYTES} bytes; a token has 1 to 256"
        );
        ensure!(text.trim().lines().count() <= 1, "has more than one line; write the token alone into it");
        Ok(Self::new(&text)?)
    }

    /// The token in a variable, if it is set. One that is empty was meant to be one: a script has lost it. To go on would be
    /// to go on without.
    pub(crate) fn of_variable(name: &str) -> Result<Option<Self>, Failure> {
        let Some(text) = env::var_os(name) else { return Ok(None) };
        let secret = text.to_str().context("not valid UTF-8").and_then(|text| Ok(Self::new(text)?));
        let secret = secret.with_context(|| format!("{name} cannot be used"));
        secret.map(Some).map_err(|error| Failure::new(Status::Usage, error))
    }

    /// As a client shows it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// As a server compares it.
    pub(crate) fn into_token(self) -> Token {
        self.token
    }
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

    #[test]
    fn a_file_holds_one_token_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for good in ["secret", "secret\n", "  secret \r\n\n"] {
            fs::write(file.path(), good).unwrap();
            assert_eq!(Secret::read(file.path()).unwrap().text(), "secret", "{good:?}");
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
            let error = format!("{:#}", Secret::read(file.path()).unwrap_err());
            assert!(error.contains(reason), "{bad:?}: {error}");
        }
    }

    #[test]
    fn a_token_is_checked_and_never_printed() {
        let secret = Secret::new("s3cret-token\n").unwrap();
        assert!(!format!("{secret:?}").contains("s3cret"));
        for text in ["", "a b", "a\nb", "é", &"x".repeat(257)] {
            assert!(Secret::new(text).is_err(), "{text:?}");
        }
    }
}
