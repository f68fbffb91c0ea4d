//! Where in the cache something is: a key of a store, with its hash.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use quick_cache::Equivalent;

use crate::key::Key;
use crate::name::StoreId;

/// A place that borrows its key: enough for a hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceRef<'a> {
    hash: u64,
    store: StoreId,
    key: Key<'a>,
}

/// A place. The values, the slots and whoever works on it share its text.
#[derive(Debug, Clone)]
pub(super) struct Place {
    hash: u64,
    store: StoreId,
    key: Arc<str>,
}

impl<'a> PlaceRef<'a> {
    /// The key is hashed here and nowhere else, however many tables are asked about the place. Keys come from outside, so
    /// `hasher` has to be one that nobody can make collide on purpose.
    pub(super) fn new(hasher: &impl BuildHasher, store: StoreId, key: Key<'a>) -> Self {
        Self { hash: hasher.hash_one((store, key)), store, key }
    }

    pub(super) fn to_place(self) -> Place {
        Place { hash: self.hash, store: self.store, key: self.key.as_str().into() }
    }
}

impl Place {
    pub(super) fn borrowed(&self) -> PlaceRef<'_> {
        PlaceRef { hash: self.hash, store: self.store, key: self.key() }
    }

    pub(super) const fn store(&self) -> StoreId {
        self.store
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key::checked_before(&self.key)
    }

    pub(super) const fn hash_bits(&self) -> u64 {
        self.hash
    }

    /// Bytes of the text.
    pub(super) fn len(&self) -> usize {
        self.key.len()
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.store == other.store && self.key == other.key
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for PlaceRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Place> for PlaceRef<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.hash == place.hash && self.store == place.store && self.key.as_str() == &*place.key
    }
}

/// Hashes places, which bring their hash.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KnownHash(u64);

impl Hasher for KnownHash {
    fn write(&mut self, bytes: &[u8]) {
        // Places write one number and nothing else.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For tables of places.
pub(super) type KnownHashBuilder = std::hash::BuildHasherDefault<KnownHash>;

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn a_borrowed_place_and_its_owned_form_are_the_same_to_every_table() {
        let hasher = RandomState::new();
        let key = Key::new("key").unwrap();
        let borrowed = PlaceRef::new(&hasher, StoreId::new(7), key);
        let place = borrowed.to_place();
        let tables = KnownHashBuilder::default();
        assert_eq!(tables.hash_one(&place), tables.hash_one(borrowed));
        assert!(borrowed.equivalent(&place));
        assert_eq!((place.key(), place.store()), (key, StoreId::new(7)));

        for (store, key) in [(8, "key"), (7, "kez")] {
            let other = PlaceRef::new(&hasher, StoreId::new(store), Key::new(key).unwrap());
            assert!(!other.equivalent(&place), "{other:?}");
            assert_ne!(other.to_place(), place);
        }
    }
}
