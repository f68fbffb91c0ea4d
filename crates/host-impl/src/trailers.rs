//! The trailers of a body.

use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

/// What the host spends on a trailer beside its name and value; counted, so that many tiny ones are not free.
const OVERHEAD_BYTES: usize = 64;

/// Names and values, in order. Most bodies have none, and cost nothing then.
#[derive(Debug, Default)]
pub(crate) struct Trailers {
    // Boxed: a map is larger than all the rest of a body.
    map: Option<Box<HeaderMap>>,
    held_bytes: usize,
}

/// There are more trailers than a message can have (32,768).
#[derive(Debug, Error)]
#[error("there are too many trailers")]
pub(crate) struct TooManyTrailers;

impl Trailers {
    /// Bytes of host memory that they take up.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.map.as_ref().is_none_or(|map| map.is_empty())
    }

    /// Adds one.
    pub(crate) fn append(&mut self, name: &HeaderName, value: HeaderValue) -> Result<(), TooManyTrailers> {
        let bytes = name.as_str().len() + value.len() + OVERHEAD_BYTES;
        let map = self.map.get_or_insert_default();
        map.try_append(name, value).map_err(|_| TooManyTrailers)?;
        self.held_bytes += bytes;
        Ok(())
    }

    /// Adds all of another body's.
    pub(crate) fn append_all(&mut self, others: Self) -> Result<(), TooManyTrailers> {
        if self.map.is_none() {
            *self = others;
            return Ok(());
        }
        let mut last = None;
        for (name, value) in others.map.into_iter().flat_map(|map| *map) {
            // A map gives the name with the first of its values only.
            last = name.or(last);
            if let Some(name) = &last {
                self.append(name, value)?;
            }
        }
        Ok(())
    }

    /// Their names, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.map.iter().flat_map(|map| map.keys()).map(|name| name.as_str().as_bytes())
    }

    /// The values of one name.
    pub(crate) fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.map.iter().flat_map(move |map| map.get_all(name)).map(HeaderValue::as_bytes)
    }

    pub(crate) fn into_map(self) -> HeaderMap {
        self.map.map(|map| *map).unwrap_or_default()
    }
}

impl From<HeaderMap> for Trailers {
    fn from(map: HeaderMap) -> Self {
        let bytes =
            |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + OVERHEAD_BYTES;
        let held_bytes = map.iter().map(bytes).sum();
        Self { map: (!map.is_empty()).then(|| Box::new(map)), held_bytes }
    }
}
