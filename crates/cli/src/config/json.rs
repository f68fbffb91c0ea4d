//! JSON files of items, read item by item, so that the size of the file is not the size of the memory.

use std::fmt;
use std::io::BufReader;
use std::path::Path;

use edgekv_runtime::regular_file;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// Shows `visit` every item of the file: its number from 1, its key, and what is under it.
///
/// # Errors
///
/// What `visit` reports; a file that cannot be read; text that is not a JSON object.
pub(super) fn read(
    path: &Path,
    visit: impl FnMut(usize, String, Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut walk = Walk { visit, failed: None };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(regular_file::open(path)?));
    let read = json.deserialize_map(&mut walk).and_then(|()| json.end());
    match walk.failed {
        Some(error) => Err(error),
        None => Ok(read?),
    }
}

struct Walk<F> {
    visit: F,
    /// What `visit` has reported; the parser can only carry errors of its own.
    failed: Option<anyhow::Error>,
}

impl<'de, F> Visitor<'de> for &mut Walk<F>
where
    F: FnMut(usize, String, Value) -> anyhow::Result<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of keys and items")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some((key, value)) = items.next_entry()? {
            number += 1;
            if let Err(error) = (self.visit)(number, key, value) {
                self.failed = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
