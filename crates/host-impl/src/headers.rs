//! Headers and trailers: names and values that a guest fills, with what they cost.

use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

/// What the host spends on a header beside its name and value: a bucket of the map, and what two allocations cost beside
/// their bytes. Counted, so that many tiny ones are not free.
pub(crate) const OVERHEAD_BYTES: usize = 256;

/// Most names of a message that a guest may fill. A map has room for 24,576; but where names are chosen so that they collide, it
/// can want to grow beyond that from 6,554 names on, and the plain `insert` and `entry` of those that send the message panic then.
pub(crate) const MAX_NAMES: usize = 4_096;

/// Names and values. Names come out in the order in which they were first added; where one is removed, the last takes
/// its place.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    map: HeaderMap,
    held_bytes: usize,
}

/// There are more names than a message can have.
#[derive(Debug, Error)]
#[error("a message cannot have this many headers or trailers; the limit is {MAX_NAMES} names")]
pub(crate) struct TooManyHeaders;

impl Headers {
    /// Bytes of host memory that they take up.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Adds a value to those that the name has.
    pub(crate) fn append(&mut self, name: &HeaderName, value: HeaderValue) -> Result<(), TooManyHeaders> {
        self.check_room(name)?;
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
        let mut values = values.into_iter();
        let Some(first) = values.next() else {
            self.remove(name);
            return Ok(());
        };
        // Said before anything is changed: further values need no room for a name.
        self.check_room(name)?;
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

    /// Adds all of another message's, or nothing.
    pub(crate) fn append_all(&mut self, others: Self) -> Result<(), TooManyHeaders> {
        let new = others.map.keys().filter(|name| !self.map.contains_key(*name)).count();
        if self.map.keys_len() + new > MAX_NAMES {
            return Err(TooManyHeaders);
        }
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

    /// All names, each with each of its values.
    #[cfg(feature = "component")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.map.iter()
    }

    pub(crate) fn into_map(self) -> HeaderMap {
        self.map
    }

    /// Says whether the name is there, or there is room for another.
    fn check_room(&self, name: &HeaderName) -> Result<(), TooManyHeaders> {
        let is_full = self.map.keys_len() >= MAX_NAMES && !self.map.contains_key(name);
        if is_full { Err(TooManyHeaders) } else { Ok(()) }
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
        assert_eq!(refused, Some(MAX_NAMES));
        let held = headers.held_bytes();
        assert!(headers.append(&name("new"), values(1).remove(0)).is_err());
        assert!(headers.set(&name("new"), values(2)).is_err());
        let mut others = Headers::default();
        others.set(&name("x-0"), values(3)).unwrap();
        others.set(&name("new"), values(1)).unwrap();
        assert!(headers.append_all(others).is_err(), "the one that has room is not added either");
        assert_eq!((headers.names().len(), headers.held_bytes()), (MAX_NAMES, held));
        headers.append(&name("x-0"), values(1).remove(0)).unwrap();
        headers.set(&name("x-0"), values(2)).unwrap();
        assert!(headers.remove(&name("x-0")) && !headers.remove(&name("new")));
        headers.set(&name("new"), values(2)).unwrap();
    }

    #[test]
    fn a_map_that_a_guest_has_filled_has_room_for_what_a_server_puts_in() {
        let mut headers = Headers::default();
        for n in 0..MAX_NAMES {
            headers.set(&name(&format!("x-{n}")), values(1)).unwrap();
        }
        let mut map = headers.into_map();
        for server in ["date", "server", "content-length", "x-request-id"] {
            // These panic where there is no room.
            map.insert(name(server), HeaderValue::from_static("1"));
            map.entry(name(server)).or_insert(HeaderValue::from_static("2"));
        }
        assert_eq!(map.len(), MAX_NAMES + 4);
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
