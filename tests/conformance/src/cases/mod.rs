//! All cases, by the section of docs/abi.md that they are about.

mod async_io;
mod bodies;
mod deletes;
mod handles;
mod inserts;
mod keys;
mod lists;
mod log;
mod lookups;
mod object_store;
mod pointers;
mod runtime;
mod stores;
mod trailers;

use crate::case::Case;

/// What some hosts are known to answer with a trap, which ends the report: numbers that no mask and no enum has.
const MAY_TRAP: [&str; 5] = ["kv-lookup-014", "kv-insert-083", "kv-delete-010", "kv-list-045", "body-004"];

/// Every case, in the order in which they run: those that may trap are the last ones.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = by_section();
    cases.sort_by_key(|case| MAY_TRAP.contains(&case.id.as_str()));
    cases
}

fn by_section() -> Vec<Case> {
    [
        stores::cases(),
        keys::cases(),
        lookups::cases(),
        inserts::cases(),
        deletes::cases(),
        lists::cases(),
        bodies::cases(),
        trailers::cases(),
        async_io::cases(),
        object_store::cases(),
        log::cases(),
        handles::cases(),
        pointers::cases(),
        runtime::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_case_has_an_id_of_its_own_and_there_are_many() {
        let cases = all();
        let ids: BTreeSet<_> = cases.iter().map(|case| &case.id).collect();
        assert_eq!(ids.len(), cases.len());
        assert!(cases.len() > 120, "{}", cases.len());
        for case in &cases {
            let well_formed = case.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            assert!(well_formed && !case.what.is_empty(), "{}", case.id);
        }
    }

    #[test]
    fn cases_that_may_trap_are_the_last_ones() {
        let last: Vec<_> = all().into_iter().map(|case| case.id).rev().take(MAY_TRAP.len()).collect();
        assert!(MAY_TRAP.iter().all(|id| last.iter().any(|last| last == id)), "{last:?}");
    }

    #[test]
    fn every_rule_is_in_a_section_of_the_document() {
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/abi.md");
        let document = fs::read_to_string(document).unwrap().replace('`', "");
        let sections: BTreeSet<_> = document.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        for case in all() {
            let (section, rest) = case.rule.split_once(", ").unwrap();
            assert!(sections.contains(section) && !rest.is_empty(), "{}: {}", case.id, case.rule);
        }
    }
}
