//! What a file cannot say of an item: its metadata and its lifetime, in a file of the same name below `.edgekv`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgekv_store::{Insert, Metadata};
use serde::{Deserialize, Serialize};

/// Most bytes of such a file: metadata, each byte of them escaped.
pub(crate) const MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sidecar {
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live_sec: Option<u64>,
}

impl Sidecar {
    /// What is to be kept of a write; `None` when there is nothing.
    pub(crate) fn of(insert: &Insert) -> Option<Self> {
        let metadata = insert.metadata.as_bytes();
        if metadata.is_empty() && insert.time_to_live.is_none() {
            return None;
        }
        let text = std::str::from_utf8(metadata).ok();
        Some(Self {
            metadata: text.filter(|text| !text.is_empty()).map(str::to_owned),
            metadata_base64: text.is_none().then(|| STANDARD.encode(metadata)),
            time_to_live_sec: insert.time_to_live.map(|ttl| ttl.as_secs()),
        })
    }

    /// Adds it to a write; the error says what is wrong.
    pub(crate) fn apply(self, insert: &mut Insert) -> Result<(), String> {
        let bytes = match (self.metadata, self.metadata_base64) {
            (None, None) => Vec::new(),
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => {
                STANDARD.decode(text).map_err(|_| "metadata_base64 is not base64".to_owned())?
            }
            (Some(_), Some(_)) => {
                return Err("both metadata and metadata_base64 are there; use one of them".to_owned());
            }
        };
        insert.metadata = Metadata::new(bytes).map_err(|error| error.to_string())?;
        insert.time_to_live = self.time_to_live_sec.map(Duration::from_secs);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        for (metadata, seconds, text) in [
            (&b"m\n"[..], None, r#"{"metadata":"m\n"}"#),
            (b"\xff", Some(7), r#"{"metadata_base64":"/w==","time_to_live_sec":7}"#),
            (b"", Some(0), r#"{"time_to_live_sec":0}"#),
        ] {
            let insert = Insert {
                metadata: Metadata::copy_from(metadata).unwrap(),
                time_to_live: seconds.map(Duration::from_secs),
                ..Insert::new("v")
            };
            let kept = serde_json::to_string(&Sidecar::of(&insert).unwrap()).unwrap();
            assert_eq!(kept, text);
            let mut again = Insert::new("v");
            serde_json::from_str::<Sidecar>(&kept).unwrap().apply(&mut again).unwrap();
            assert_eq!(again, insert);
        }
        assert!(Sidecar::of(&Insert::new("v")).is_none());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in [
            r#"{"metadata":"a","metadata_base64":"YQ=="}"#.to_owned(),
            r#"{"metadata_base64":"?"}"#.to_owned(),
            format!(r#"{{"metadata":"{}"}}"#, "m".repeat(2001)),
        ] {
            let sidecar: Sidecar = serde_json::from_str(&text).unwrap();
            assert!(sidecar.apply(&mut Insert::new("")).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Sidecar>(r#"{"ttl":1}"#).is_err());
    }
}
