//! The trailers of a body.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::headers::{Headers, TooManyHeaders};

/// Names and values, in order. Most bodies have none, and cost nothing then.
#[derive(Debug, Default)]
pub(crate) struct Trailers {
    // Boxed: a map is larger than all the rest of a body.
    headers: Option<Box<Headers>>,
}

impl Trailers {
    /// Bytes of host memory that they take up.
    pub(crate) fn held_bytes(&self) -> usize {
        self.headers.as_ref().map_or(0, |headers| headers.held_bytes())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.headers.as_ref().is_none_or(|headers| headers.names().len() == 0)
    }

    /// Adds one.
    pub(crate) fn append(&mut self, name: &HeaderName, value: HeaderValue) -> Result<(), TooManyHeaders> {
        self.headers.get_or_insert_default().append(name, value)
    }

    /// Adds all of another body's, or nothing.
    pub(crate) fn append_all(&mut self, others: Self) -> Result<(), TooManyHeaders> {
        match (&mut self.headers, others.headers) {
            (_, None) => Ok(()),
            (none @ None, others) => {
                *none = others;
                Ok(())
            }
            (Some(headers), Some(others)) => headers.append_all(*others),
        }
    }

    /// Their names, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().flat_map(|headers| headers.names()).map(|name| name.as_str().as_bytes())
    }

    /// Their names as the value of the header that announces them; `None` without any.
    pub(crate) fn announcement(&self) -> Option<HeaderValue> {
        let names: Vec<_> = self.names().collect();
        if names.is_empty() { None } else { HeaderValue::from_bytes(&names.join(&b", "[..])).ok() }
    }

    /// The values of one name.
    pub(crate) fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().flat_map(move |headers| headers.values(name))
    }

    /// All of them, names in lower case, in their order.
    #[cfg(feature = "component")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let headers = self.headers.iter().flat_map(|headers| headers.iter());
        headers.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
    }

    pub(crate) fn into_map(self) -> HeaderMap {
        self.headers.map(|headers| headers.into_map()).unwrap_or_default()
    }
}

impl From<HeaderMap> for Trailers {
    fn from(map: HeaderMap) -> Self {
        Self { headers: (!map.is_empty()).then(|| Box::new(map.into())) }
    }
}
