//! Names of components: in a section that nothing depends on but people who read a picture or a trap.

use std::collections::BTreeMap;

use wasm_encoder::{ComponentNameSection, ComponentSection, NameMap};

use crate::anatomy::Component;
use crate::walk::Walked;

/// Longest name that is kept, in characters. A file has a name once, and may refer to it many times.
const MAX_NAME_CHARS: usize = 200;

/// A name, at most as long as names are.
pub(crate) fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// Names for parts, in their order: each is there once, with a number if it was there before.
pub(crate) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut given: Vec<String> = Vec::new();
    for name in names {
        let name = shortened(name);
        let numbered = (2_u64..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !given.contains(name));
        given.extend(free);
    }
    given
}

/// Replaces the names that are at the end of a component, and are those of instances alone, by all names that are known.
pub(crate) fn complete(mut bytes: Vec<u8>, walked: &Walked, component: &Component) -> Vec<u8> {
    let Some(section) = &walked.names else { return bytes };
    let mut components = BTreeMap::new();
    let mut instances = BTreeMap::new();
    for part in &component.parts {
        // Of a component that is there twice, the name is that of the first instance.
        components.entry(part.component_index).or_insert(part.name.as_str());
        instances.insert(part.instance_index, part.name.as_str());
    }
    let mut names = ComponentNameSection::new();
    names.components(&map(&components));
    names.instances(&map(&instances));
    bytes.truncate(section.start);
    names.as_custom().append_to_component(&mut bytes);
    bytes
}

fn map(names: &BTreeMap<usize, &str>) -> NameMap {
    let mut map = NameMap::new();
    for (index, name) in names {
        if let Ok(index) = u32::try_from(*index) {
            map.append(index, name);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_numbers() {
        assert_eq!(distinct(["a", "b", "a", "a-2", "a"]), ["a", "b", "a-2", "a-2-2", "a-3"]);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(shortened(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
