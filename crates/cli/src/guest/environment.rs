//! The environment variables of the edge service, as programs for it expect them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// The variables that every guest gets, with the values of a service that is not deployed anywhere.
pub(super) fn of_service() -> Vec<(String, String)> {
    let id = "0".repeat(22);
    let trace_id = trace_id();
    [
        ("FASTLY_CACHE_GENERATION", "0"),
        ("FASTLY_CUSTOMER_ID", &id),
        ("FASTLY_HOSTNAME", "localhost"),
        ("FASTLY_IS_STAGING", "0"),
        ("FASTLY_POP", "XXX"),
        ("FASTLY_REGION", "Somewhere"),
        ("FASTLY_SERVICE_ID", &id),
        ("FASTLY_SERVICE_VERSION", "0"),
        ("FASTLY_TRACE_ID", &trace_id),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The variables by name, each with the value that was given last.
pub(super) fn last_wins(variables: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    variables.collect()
}

/// 32 hexadecimal digits that differ from run to run. No secret, so the random numbers that the standard library
/// has for hashing will do.
fn trace_id() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_ids_of_22_digits_and_a_new_trace_id_every_time() {
        let first = last_wins(of_service().into_iter());
        let second = last_wins(of_service().into_iter());
        assert_eq!(first["FASTLY_SERVICE_ID"], "0".repeat(22));
        assert_eq!(first["FASTLY_TRACE_ID"].len(), 32);
        assert!(first["FASTLY_TRACE_ID"].bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(first["FASTLY_TRACE_ID"], second["FASTLY_TRACE_ID"]);
        assert_eq!(first.len(), 9);
    }

    #[test]
    fn the_last_value_of_a_variable_counts() {
        let variables =
            [("A", "1"), ("B", "2"), ("A", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = last_wins(variables.into_iter());
        assert_eq!((variables["A"].as_str(), variables["B"].as_str(), variables.len()), ("3", "2", 2));
    }
}
