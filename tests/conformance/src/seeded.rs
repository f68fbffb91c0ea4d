//! What the stores are called, and what is in the one that hosts fill before the program runs.

/// A store that is there. The program makes its own keys in it, and removes them.
pub(crate) const STORE: &str = "conformance";

/// A store that nobody writes to.
pub(crate) const SEEDED: &str = "conformance-seeded";

/// A store that is not there.
pub(crate) const MISSING: &str = "conformance-missing";

/// Key, value and metadata of each entry of the seeded store, in the order of lists.
pub(crate) const ENTRIES: [(&str, &str, &str); 4] = [
    ("apple", "a fruit", "red"),
    ("banana", "another fruit", ""),
    ("basil", "", "a herb"),
    ("ключ", "значение", ""),
];
