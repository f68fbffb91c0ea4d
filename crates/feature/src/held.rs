//! What a program has the feature keep in its memory, and how much that may be: a program that never waits for what it starts is
//! told so, where there would be a trap when the memory is full.

use std::cell::Cell;

/// Most objects that a program may have here: as many as a host gives by default.
const MAX_OBJECTS: usize = 2 * 16_384;

/// Bytes of answers that wait here to be asked for; can be exceeded by one of them. A quarter of the memory that programs usually
/// get, as the cache, and a value on its way in and out, need room as well.
const MAX_BYTES: usize = 32 * 1024 * 1024;

thread_local! {
    /// There is one thread.
    static KEPT: Kept = const { Kept { objects: Cell::new(0), bytes: Cell::new(0) } };
}

struct Kept {
    objects: Cell<usize>,
    bytes: Cell<usize>,
}

/// There is no room for another object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// An object that a program has, and what it keeps: counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Cell<usize>,
}

impl Held {
    /// Counts one more object, which keeps nothing yet. To be asked for before something is started for it.
    pub(crate) fn new() -> Result<Self, Full> {
        KEPT.with(|kept| {
            if kept.objects.get() >= MAX_OBJECTS || kept.bytes.get() > MAX_BYTES {
                return Err(Full);
            }
            kept.objects.set(kept.objects.get() + 1);
            Ok(Self { bytes: Cell::new(0) })
        })
    }

    /// The same, for calls that have no error to tell.
    pub(crate) fn or_trap() -> Self {
        match Self::new() {
            Ok(held) => held,
            Err(Full) => panic!(
                "the program has {MAX_OBJECTS} objects or {MAX_BYTES} bytes here already, which is the limit; drop some first"
            ),
        }
    }

    /// Says how many bytes it keeps now.
    pub(crate) fn keeps(&self, bytes: usize) {
        KEPT.with(|kept| {
            let others = kept.bytes.get().saturating_sub(self.bytes.replace(bytes));
            kept.bytes.set(others.saturating_add(bytes));
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keeps(0);
        KEPT.with(|kept| kept.objects.set(kept.objects.get().saturating_sub(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_when_something_is_dropped() {
        let mut all: Vec<_> = (0..MAX_OBJECTS).map(|_| Held::new().unwrap()).collect();
        assert_eq!(Held::new().unwrap_err(), Full);
        all.pop();
        all.push(Held::new().unwrap());
        assert_eq!(Held::new().unwrap_err(), Full);
    }

    #[test]
    fn bytes_can_be_exceeded_by_one_answer() {
        let first = Held::new().unwrap();
        first.keeps(MAX_BYTES);
        let second = Held::new().unwrap();
        second.keeps(MAX_BYTES);
        assert_eq!(Held::new().unwrap_err(), Full);
        second.keeps(0);
        let third = Held::new().unwrap();
        third.keeps(1);
        assert_eq!(Held::new().unwrap_err(), Full);
        drop(first);
        assert!(Held::new().is_ok());
    }
}
