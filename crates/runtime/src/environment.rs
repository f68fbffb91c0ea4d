//! The environment variables of the edge service, as programs for it expect them.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use wasmtime_wasi::WasiCtxBuilder;

/// The variable that differs from call to call.
const TRACE_ID: &str = "FASTLY_TRACE_ID";

/// The variables of a guest: those that the edge service sets, with the values of a service that is not deployed
/// anywhere, and those that somebody adds. Made once, and cheap to clone.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: Arc<[(String, String)]>,
    /// Whether somebody has set the variable that we would set for each call.
    has_trace_id: bool,
}

impl Environment {
    /// The service's variables, then `more`; of a variable that is given more than once the last value counts.
    pub fn new(more: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables: BTreeMap<String, String> = of_service().into_iter().chain(more).collect();
        let has_trace_id = variables.contains_key(TRACE_ID);
        Self { variables: variables.into_iter().collect(), has_trace_id }
    }

    /// Sets the variables for one run.
    pub(crate) fn set(&self, wasi: &mut WasiCtxBuilder, trace_id: TraceId) {
        wasi.envs(&self.variables);
        if !self.has_trace_id {
            wasi.env(TRACE_ID, trace_id.to_string());
        }
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new([])
    }
}

fn of_service() -> Vec<(String, String)> {
    let id = "0".repeat(22);
    [
        ("FASTLY_CACHE_GENERATION", "0"),
        ("FASTLY_CUSTOMER_ID", &id),
        ("FASTLY_HOSTNAME", "localhost"),
        ("FASTLY_IS_STAGING", "0"),
        ("FASTLY_POP", "XXX"),
        ("FASTLY_REGION", "Somewhere"),
        ("FASTLY_SERVICE_ID", &id),
        ("FASTLY_SERVICE_VERSION", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Tells one run from another, in the guest (`FASTLY_TRACE_ID`) and in logs: 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// Another one every time. No secret, so the random numbers that the standard library has for hashing will do.
    #[must_use]
    pub fn random() -> Self {
        let half = || u128::from(RandomState::new().hash_one(TRACE_ID));
        Self(half() << 64 | half())
    }

    /// The 16 bytes that its digits stand for.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
        let found = environment.variables.iter().find(|(of, _)| of == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_service_has_ids_of_22_digits() {
        let environment = Environment::default();
        assert_eq!(value(&environment, "FASTLY_SERVICE_ID"), Some("0".repeat(22).as_str()));
        assert_eq!(environment.variables.len(), 8);
        assert!(!environment.has_trace_id);
    }

    #[test]
    fn the_last_value_of_a_variable_counts() {
        let more = [("A", "1"), ("FASTLY_POP", "YYY"), ("A", "3"), ("FASTLY_TRACE_ID", "mine")];
        let environment = Environment::new(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(value(&environment, "A"), Some("3"));
        assert_eq!(value(&environment, "FASTLY_POP"), Some("YYY"));
        assert!(environment.has_trace_id);
        assert_eq!(environment.variables.len(), 10);
    }

    #[test]
    fn trace_ids_have_32_digits_and_differ() {
        let (first, second) = (TraceId::random().to_string(), TraceId::random().to_string());
        assert_eq!(first.len(), 32);
        assert!(first.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(first, second);
        assert_eq!(TraceId(7).to_string(), "0".repeat(31) + "7");
    }
}
