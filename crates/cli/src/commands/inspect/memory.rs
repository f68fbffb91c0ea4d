//! Memories, and who has them.

use std::fmt;

use edgekv_compose::{Component, Memory};

/// Most lines about memories. A component of a few kilobytes can have more of them than there is paper.
const MAX_OWNED: usize = 200;

/// How deep components are looked into.
const MAX_DEPTH: usize = 20;

/// A memory in a component.
pub(super) struct Owned<'a> {
    /// The parts that it is in, from the outermost on, and the module at last.
    pub(super) path: Vec<&'a str>,
    pub(super) memory: Memory,
    /// How many instances of the module have one.
    pub(super) instances: u64,
}

/// The memories of a component, as far as they can be listed.
pub(super) fn owned(component: &Component) -> Vec<Owned<'_>> {
    let mut owned = Vec::new();
    let mut budget = MAX_OWNED;
    collect(component, &mut Vec::new(), &mut owned, &mut budget);
    owned
}

fn collect<'a>(
    component: &'a Component,
    path: &mut Vec<&'a str>,
    owned: &mut Vec<Owned<'a>>,
    budget: &mut usize,
) {
    for modules in &component.modules {
        for memory in &modules.module.memories {
            if owned.len() < MAX_OWNED {
                let path = path.iter().copied().chain([modules.name.as_str()]).collect();
                owned.push(Owned { path, memory: *memory, instances: modules.instances });
            }
        }
    }
    for part in &component.parts {
        // Also a part without memories costs time.
        if path.len() == MAX_DEPTH || *budget == 0 {
            return;
        }
        *budget -= 1;
        path.push(&part.name);
        collect(&part.component, path, owned, budget);
        path.pop();
    }
}

/// The limits of a memory, as people say them.
pub(super) struct Limits(pub(super) Memory);

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |pages: u64| Bytes(pages.saturating_mul(self.0.page_bytes));
        let pages = self.0.minimum_pages;
        write!(f, "{} ({pages} {})", bytes(pages), if pages == 1 { "page" } else { "pages" })?;
        match self.0.maximum_pages {
            Some(maximum) if maximum == self.0.minimum_pages => f.write_str(", and never more"),
            Some(maximum) => write!(f, ", at most {}", bytes(maximum)),
            None => f.write_str(", without a limit of its own"),
        }
    }
}

/// A number of bytes, in the unit that fits.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let Some((size, unit)) = units.into_iter().find(|(size, _)| self.0 >= *size) else {
            return write!(f, "{} B", self.0);
        };
        // Of tenths, so that nothing is rounded up to the next unit.
        let tenths = (u128::from(self.0) * 10) / u128::from(size);
        match tenths % 10 {
            0 => write!(f, "{} {unit}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {unit}", tenths / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_in_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (65_536, "64 KiB"),
            (17 * 65_536, "1 MiB"),
            (18 * 65_536, "1.1 MiB"),
            (1 << 32, "4 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
