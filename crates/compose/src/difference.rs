//! Where two interfaces of one name differ.

use std::collections::HashSet;

use wac_graph::types::{InterfaceId, ItemKind, SubtypeChecker, Types};

use crate::wit;

/// What is wanted, and what is there instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) wanted: String,
    /// `None`: nothing of this name.
    pub(crate) found: Option<String>,
    /// Where they differ, when both look alike.
    pub(crate) reason: Option<String>,
}

/// The first difference that keeps `found` from being used as `wanted`.
pub(crate) fn between(types: &Types, name: &str, found: ItemKind, wanted: ItemKind) -> Option<Difference> {
    match (found, wanted) {
        (ItemKind::Instance(found), ItemKind::Instance(wanted)) => between_interfaces(types, found, wanted),
        _ => between_items(types, name, (None, found), (None, wanted)),
    }
}

fn between_interfaces(types: &Types, found: InterfaceId, wanted: InterfaceId) -> Option<Difference> {
    types[wanted].exports.iter().find_map(|(name, kind)| match types[found].exports.get(name) {
        Some(other) => between_items(types, name, (Some(found), *other), (Some(wanted), *kind)),
        None => {
            let wanted = wit::item(types, Some(wanted), name, *kind);
            Some(Difference { wanted, found: None, reason: None })
        }
    })
}

fn between_items(
    types: &Types,
    name: &str,
    (from, found): (Option<InterfaceId>, ItemKind),
    (to, wanted): (Option<InterfaceId>, ItemKind),
) -> Option<Difference> {
    let mut cache = HashSet::new();
    let reason = SubtypeChecker::new(&mut cache).is_subtype(found, types, wanted, types).err()?;
    let wanted = wit::item(types, to, name, wanted);
    let found = wit::item(types, from, name, found);
    let reason = (wanted == found).then(|| format!("{reason:#}"));
    Some(Difference { wanted, found: Some(found), reason })
}
