//! The path of a request: which store, and which key.

use std::borrow::Cow;
use std::fmt::Display;

use edgekv_store::{Key, KvStore, StoreName};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Shared;
use super::problem::Problem;

/// How a path says which store is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// `/stores/kv/{name}/…`
    Name,
    /// `/resources/stores/kv/{id}/…`
    Id,
}

/// The path of a request about a store. Nothing in it is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    addressing: Addressing,
    store: &'a str,
    /// What follows the store: `keys`, `keys/KEY`, `batch`.
    rest: &'a str,
}

impl<'a> Target<'a> {
    /// Takes a path apart that is about a store. One that is not has none and no key.
    pub(crate) fn of(path: &'a str) -> Self {
        let (addressing, behind) = match path.strip_prefix("/stores/kv/") {
            Some(behind) => (Addressing::Name, behind),
            None => (Addressing::Id, path.strip_prefix("/resources/stores/kv/").unwrap_or_default()),
        };
        let (store, rest) = behind.split_once('/').unwrap_or((behind, ""));
        Self { addressing, store, rest }
    }

    /// The store, when there is one that clients may know of.
    pub(crate) async fn open(self, shared: &Shared) -> Result<KvStore, Problem> {
        let text = decoded(self.store, "store")?;
        let store = match self.addressing {
            Addressing::Name => {
                let name = StoreName::new(&text).map_err(|error| Problem::bad_request(error.to_string()))?;
                shared.stores.open(&name).await?
            }
            Addressing::Id => match text.parse() {
                Ok(id) => shared.stores.open_id(id).await?,
                // It may be the identity of a store that is elsewhere.
                Err(_) => None,
            },
        };
        let store = store.filter(|store| !store.info().name.is_reserved());
        store.ok_or_else(|| match self.addressing {
            Addressing::Name => no_store_named(&text),
            Addressing::Id => no_store_with(&text),
        })
    }

    /// The text of the key, decoded: whatever follows `keys/`, slashes and all, as no key route has anything behind its key.
    pub(crate) fn key(self) -> Result<Cow<'a, str>, Problem> {
        decoded(self.rest.strip_prefix("keys/").unwrap_or_default(), "key")
    }

    /// Whether it is that of a key, with some text for the store and some for the key.
    pub(crate) fn has_key(self) -> bool {
        !self.store.is_empty() && self.rest.strip_prefix("keys/").is_some_and(|key| !key.is_empty())
    }

    /// Whether it is that of a key, of which there is no text.
    pub(crate) fn lacks_key(self) -> bool {
        self.rest == "keys/"
    }
}

/// Checks the text of a key.
pub(crate) fn key(text: &str) -> Result<Key<'_>, Problem> {
    Key::new(text).map_err(|error| Problem::bad_request(error.to_string()))
}

fn no_store_named(name: &str) -> Problem {
    let quoted = Value::from(name);
    // Nobody can make one of a name that is kept for the server.
    let remedy = if StoreName::new(name).is_ok_and(|name| name.is_reserved()) {
        "and none can have a name that begins with \".edgekv.\"".to_owned()
    } else {
        format!("make it by POST /resources/stores/kv with {{\"name\": {quoted}}}")
    };
    Problem::not_found(format!("there is no store {quoted}; {remedy}"))
}

/// That there is no store of this identity.
pub(crate) fn no_store_with(id: impl Display) -> Problem {
    let quoted = Value::from(id.to_string());
    Problem::not_found(format!(
        "there is no store with the id {quoted}; GET /resources/stores/kv lists those that are there"
    ))
}

/// A segment of a path, with every `%XX` decoded once. A `+` is one: only forms and queries mean a blank by it.
fn decoded<'a>(segment: &'a str, what: &str) -> Result<Cow<'a, str>, Problem> {
    if !segment.contains('%') {
        return Ok(segment.into());
    }
    check_escapes(segment).map_err(|bad| bad.problem(what))?;
    percent_decode_str(segment).decode_utf8().map_err(|_| BadText::NotUtf8.problem(what))
}

/// Why a text that is percent-encoded cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadText {
    /// A `%` at this byte has no two hexadecimal digits behind it.
    Escape(usize),
    /// What comes out is not UTF-8.
    NotUtf8,
}

impl BadText {
    pub(crate) fn problem(self, what: &str) -> Problem {
        Problem::bad_request(match self {
            Self::Escape(at) => format!(
                "the {what} in the URL has a \"%\" at byte {at} without two hexadecimal digits behind it; write \"%\" as \"%25\""
            ),
            Self::NotUtf8 => format!("the {what} in the URL is not valid UTF-8"),
        })
    }
}

/// Looks for a `%` that begins no escape.
pub(crate) fn check_escapes(text: &str) -> Result<(), BadText> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let (_, behind) = rest.split_at(at + 1);
        rest = match behind {
            [first, second, rest @ ..] if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() => rest,
            _ => return Err(BadText::Escape(text.len() - behind.len() - 1)),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        let parts = |path| {
            let Target { addressing, store, rest } = Target::of(path);
            (addressing, store, rest)
        };
        assert_eq!(parts("/stores/kv/s/keys/a/b"), (Addressing::Name, "s", "keys/a/b"));
        assert_eq!(parts("/resources/stores/kv/7/batch"), (Addressing::Id, "7", "batch"));
        assert_eq!(parts("/resources/stores/kv/7"), (Addressing::Id, "7", ""));
        assert_eq!(parts("/healthz"), (Addressing::Id, "", ""));
        assert!(Target::of("/stores/kv/s/keys/").lacks_key());
        assert!(Target::of("/stores/kv/s/keys/k").has_key());
        for path in
            ["/stores/kv/s/keys/", "/stores/kv//keys/k", "/stores/kv/s/keys", "/stores/kv/s/batch", "/keys/k"]
        {
            assert!(!Target::of(path).has_key(), "{path}");
        }
    }

    #[test]
    fn escapes_are_decoded_once_and_plus_stays() {
        let key = |text: &str| {
            let path = format!("/stores/kv/s/keys/{text}");
            Target::of(&path).key().map(Cow::into_owned).map_err(|problem| problem.detail.into_owned())
        };
        let accepted = [
            ("a", "a"),
            ("a%2Fb", "a/b"),
            ("a/b", "a/b"),
            ("a+b", "a+b"),
            ("%252F", "%2F"),
            ("%c3%A9", "é"),
            ("/a", "/a"),
        ];
        for (text, expected) in accepted {
            assert_eq!(key(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, at) in [("%", 0), ("a%2", 1), ("%41%zz", 3), ("%%41", 0)] {
            assert!(key(text).unwrap_err().contains(&format!("at byte {at} ")), "{text}");
        }
        assert!(key("%ff").unwrap_err().contains("UTF-8"));
    }
}
