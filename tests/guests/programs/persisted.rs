//! The entries that `persist-write` leaves behind and `persist-read` expects: both compute them.

/// The store that keeps them.
pub(crate) const STORE: &str = "guest-store";
/// Where all their keys begin.
pub(crate) const PREFIX: &str = "persist/";

/// One entry.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    pub(crate) metadata: String,
}

/// All entries, in the order of their keys: values from nothing to a few mebibytes, with metadata and without.
pub(crate) fn entries() -> impl Iterator<Item = Entry> {
    (0..300_usize).map(|n| {
        let bytes = match n {
            0..299 => n * 37,
            _ => 3 * 1024 * 1024 + 1,
        };
        Entry {
            key: format!("{PREFIX}{n:03}"),
            // A prime period: no two blocks of a value are equal, so a block out of place is seen.
            value: (0..bytes).map(|at| ((at + n) % 251) as u8).collect(),
            metadata: if n % 3 == 0 { String::new() } else { format!("entry {n}") },
        }
    })
}
