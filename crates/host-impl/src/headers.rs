//! Headers and trailers: names and values that a guest fills, with what they cost.

use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

/// What the host spends on a header beside its name and value; counted, so that many tiny ones are not free.
pub(crate) const OVERHEAD_BYTES: usize = 64;

/// Names and values. Names come out in the order in which they were first added; where one is removed, the last takes
/// its place.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    map: HeaderMap,
    held_bytes: usize,
}

/// There are more names than a message can have.
#[derive(Debug, Error)]
#[error("a message cannot have this many headers or trailers; the limit is about 24,000 names")]
pub(crate) struct TooManyHeaders;

impl Headers {
    /// Bytes of host memory that they take up.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Adds a value to those that the name has.
    pub(crate) fn append(&mut self, name: &HeaderName, value: HeaderValue) -> Result<(), TooManyHeaders> {
        let bytes = cost(name, &value);
        self.map.try_append(name, value).map_err(|_| TooManyHeaders)?;
        self.held_bytes += bytes;
        Ok(())
    }

    /// Replaces all values of a name. Without values, the name is gone.
    pub(crate) fn set(
        &mut self,
        name: &HeaderName,
        values: impl IntoIterator<Item = HeaderValue>,
    ) -> Result<(), TooManyHeaders> {
        let mut values = values.into_iter().peekable();
        let Some(first) = values.next() else {
            self.remove(name);
            return Ok(());
        };
        // Room for all comes first, so either all values are set or nothing is changed. Each step wants room for another
        // name, even where there is none.
        let steps = 1 + usize::from(values.peek().is_some());
        self.map.try_reserve(steps).map_err(|_| TooManyHeaders)?;
        let (before, first_cost) = (self.held_by(name), cost(name, &first));
        self.map.try_insert(name, first).map_err(|_| TooManyHeaders)?;
        self.held_bytes = self.held_bytes - before + first_cost;
        values.try_for_each(|value| self.append(name, value))
    }

    /// Removes a name with all its values, and says whether it was there.
    pub(crate) fn remove(&mut self, name: &HeaderName) -> bool {
        let bytes = self.held_by(name);
        // Not by way of an entry, which panics where a map is full.
        let removed = self.map.remove(name).is_some();
        self.held_bytes -= bytes;
        removed
    }

    /// Adds all of another message's.
    pub(crate) fn append_all(&mut self, others: Self) -> Result<(), TooManyHeaders> {
        let mut last = None;
        for (name, value) in others.map {
            // A map gives the name with the first of its values only.
            last = name.or(last);
            if let Some(name) = &last {
                self.append(name, value)?;
            }
        }
        Ok(())
    }

    /// The names, each once.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &HeaderName> {
        self.map.keys()
    }

    /// The values of one name.
    pub(crate) fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.map.get_all(name).into_iter().map(HeaderValue::as_bytes)
    }

    /// The first value of a name.
    pub(crate) fn first(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.map.get(name)
    }

    pub(crate) fn into_map(self) -> HeaderMap {
        self.map
    }

    fn held_by(&self, name: &HeaderName) -> usize {
        self.map.get_all(name).iter().map(|value| cost(name, value)).sum()
    }
}

fn cost(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + OVERHEAD_BYTES
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let held_bytes = map.iter().map(|(name, value)| cost(name, value)).sum();
        Self { map, held_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> HeaderName {
        name.parse().unwrap()
    }

    fn values(count: usize) -> Vec<HeaderValue> {
        (0..count).map(|n| n.to_string().parse().unwrap()).collect()
    }

    #[test]
    fn what_is_counted_is_what_is_there_after_any_change() {
        let (a, b) = (name("a"), name("x-b"));
        let mut headers = Headers::default();
        headers.set(&a, values(3)).unwrap();
        headers.append(&b, "12".parse().unwrap()).unwrap();
        headers.set(&a, values(12)).unwrap();
        headers.append(&a, "more".parse().unwrap()).unwrap();
        headers.set(&b, values(1)).unwrap();
        assert_eq!(headers.held_bytes(), Headers::from(headers.map.clone()).held_bytes());
        assert!(headers.remove(&a) && !headers.remove(&a));
        headers.set(&b, []).unwrap();
        assert_eq!((headers.held_bytes(), headers.map.is_empty()), (0, true));
    }

    #[test]
    fn more_names_than_a_message_can_have_are_refused_and_change_nothing() {
        let mut headers = Headers::default();
        let refused = (0..40_000).find(|n| headers.set(&name(&format!("x-{n}")), values(1)).is_err());
        let refused = refused.unwrap();
        let held = headers.held_bytes();
        assert!(headers.append(&name("new"), values(1).remove(0)).is_err());
        assert!(headers.set(&name("new"), values(2)).is_err());
        assert_eq!((headers.names().len(), headers.held_bytes()), (refused, held));
        assert!(headers.remove(&name("x-0")) && !headers.remove(&name("new")));
        assert!(headers.set(&name("new"), values(2)).is_err() && !headers.remove(&name("new")));
        headers.set(&name("new"), values(1)).unwrap();
    }

    #[test]
    fn names_keep_their_order_until_one_is_removed() {
        let mut headers = Headers::default();
        for text in ["c", "a", "b", "d"] {
            headers.set(&name(text), values(2)).unwrap();
        }
        headers.set(&name("a"), values(1)).unwrap();
        let order = |headers: &Headers| headers.names().map(|name| name.to_string()).collect::<String>();
        assert_eq!(order(&headers), "cabd");
        headers.remove(&name("c"));
        assert_eq!(order(&headers), "dab");
    }
}
