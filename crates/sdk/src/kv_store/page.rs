//! One page of a list, and how it is read from the host's JSON.

use std::sync::Arc;

use serde::Deserialize;

use super::{KVStoreError, ListMode};
use crate::Body;
use crate::abi::HostBody;
use crate::error::Fault;

/// One page of the keys of a store.
///
/// It can be deserialized from the document that hosts send, so that a page which was kept somewhere can be read again:
/// an object with `data` (the keys) and `meta` (`limit`, and, where there are any, `next_cursor`, `prefix` and
/// `consistency`).
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Document")]
pub struct ListPage {
    /// Shared, so that an iterator can remember the page that it gave away without a copy of each key.
    keys: Arc<Vec<String>>,
    meta: PageMeta,
}

/// What a page says about itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PageMeta {
    pub(super) limit: u32,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
    #[serde(default)]
    pub(super) prefix: Option<String>,
    #[serde(default)]
    pub(super) consistency: Option<String>,
}

/// The document that a host sends.
#[derive(Deserialize)]
struct Document {
    data: Vec<String>,
    meta: PageMeta,
}

impl From<Document> for ListPage {
    fn from(Document { data, mut meta }: Document) -> Self {
        // Some hosts end a list with an empty cursor; following it would begin again.
        meta.next_cursor = meta.next_cursor.filter(|cursor| !cursor.is_empty());
        Self::new(data, meta)
    }
}

impl ListPage {
    pub(super) fn new(keys: Vec<String>, meta: PageMeta) -> Self {
        Self { keys: Arc::new(keys), meta }
    }

    /// The keys, in byte order.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The keys, in byte order.
    ///
    /// Copies them when somebody else has the page as well, as a [`ListResponse`](super::ListResponse) does with the page
    /// that it gave last. To go through the keys, [`keys`](Self::keys) is the cheap way; to own all keys of a list,
    /// [`ListBuilder::keys`](super::ListBuilder::keys) is.
    #[must_use]
    pub fn into_keys(self) -> Vec<String> {
        Arc::unwrap_or_clone(self.keys)
    }

    /// Where the next page begins, for [`ListBuilder::cursor`](super::ListBuilder::cursor); `None` on the last page.
    #[must_use]
    pub fn next_cursor(&self) -> Option<String> {
        self.meta.next_cursor.clone()
    }

    /// The prefix that was asked for.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.meta.prefix.as_deref()
    }

    /// The most keys that the page could have had.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.meta.limit
    }

    /// How fresh the page is.
    #[must_use]
    pub fn mode(&self) -> ListMode {
        match self.meta.consistency.as_deref() {
            None | Some("strong") => ListMode::Strong,
            Some("eventual") => ListMode::Eventual,
            Some(other) => ListMode::Other(other.to_owned()),
        }
    }
}

/// Reads the page that is in this body.
pub(super) fn read(document: HostBody) -> Result<ListPage, KVStoreError> {
    parse(&Body::from(document).collect()?)
}

fn parse(bytes: &[u8]) -> Result<ListPage, KVStoreError> {
    let page = serde_json::from_slice(bytes);
    Ok(page.map_err(|error| Fault::Page(format!("the page of a list is not its JSON: {error}")))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_what_the_document_says() {
        let page = parse(
            br#"{"data":["apple","b\u00e4r\"\n"],"meta":{"limit":4,"prefix":"b","next_cursor":"CgE=","consistency":"eventual"},"more":1}"#,
        )
        .unwrap();
        assert_eq!(page.keys(), ["apple", "bär\"\n"]);
        assert_eq!(
            (page.limit(), page.prefix(), page.next_cursor()),
            (4, Some("b"), Some("CgE=".to_owned()))
        );
        assert_eq!(page.mode(), ListMode::Eventual);
        assert_eq!(page.into_keys().len(), 2);
    }

    #[test]
    fn what_is_absent_null_or_empty_is_not_there() {
        for document in [
            r#"{"data":[],"meta":{"limit":1000}}"#,
            r#"{"data":[],"meta":{"limit":1000,"next_cursor":null,"prefix":null,"consistency":null}}"#,
            r#"{"data":[],"meta":{"limit":1000,"next_cursor":"","consistency":"strong"}}"#,
        ] {
            let page = parse(document.as_bytes()).unwrap();
            assert_eq!((page.next_cursor(), page.prefix(), page.mode()), (None, None, ListMode::Strong));
        }
        let other = parse(br#"{"data":[],"meta":{"limit":1,"consistency":"later"}}"#).unwrap();
        assert_eq!(other.mode(), ListMode::Other("later".to_owned()));
    }

    #[test]
    fn a_document_that_is_not_a_page_is_an_error() {
        for document in [
            &b""[..],
            b"[]",
            br#"{"data":["a"]}"#,
            br#"{"data":["a"],"meta":{}}"#,
            br#"{"data":["a"],"meta":{"limit":-1}}"#,
            br#"{"data":[1],"meta":{"limit":1}}"#,
            br#"{"data":["a"],"meta":{"limit":1}"#,
            b"{\"data\":[\"\xFF\"],\"meta\":{\"limit\":1}}",
        ] {
            let error = parse(document).unwrap_err().to_string();
            let start = "answer of the host cannot be used: the page of a list is not its JSON: ";
            assert!(error.starts_with(start), "{}: {error}", document.escape_ascii());
        }
    }
}
