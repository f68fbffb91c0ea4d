//! The engine on top of an origin against the suite that every engine must pass.

mod fake;

use std::sync::Arc;
use std::time::Duration;

use edgekv_store::conformance::{CASES, Fixture, suite};
use edgekv_store::{CacheLimits, Engine, StoresBuilder};

use self::fake::{Control, Managed};

/// Answers at once, or later.
struct OnOrigin {
    answers_later: bool,
    cache: Option<CacheLimits>,
}

impl Fixture for OnOrigin {
    fn open(&self) -> Arc<dyn Engine> {
        Arc::new(Managed::new(&Control::new(self.answers_later)))
    }

    fn stores(&self, stores: StoresBuilder) -> StoresBuilder {
        match self.cache {
            Some(limits) => stores.cache(limits),
            None => stores,
        }
    }
}

mod at_once {
    super::suite!(super::OnOrigin { answers_later: false, cache: None });
}

/// With a cache as the component has one.
mod cached {
    use super::{CacheLimits, Duration};

    const CACHE: CacheLimits =
        CacheLimits { max_bytes: 4 * 1024 * 1024, freshness: Some(Duration::from_secs(1)) };

    super::suite!(super::OnOrigin { answers_later: false, cache: Some(CACHE) });
}

/// What does not hold where an origin answers later: how a write has ended is heard from its answer, so nobody knows it of one
/// whose answer nobody waits for. The write happens all the same.
const NOT_LATER: [&str; 1] = ["the_end_of_a_write_is_told_whatever_becomes_of_its_reply"];

#[test]
fn an_origin_that_answers_later_keeps_the_same_promises() {
    for name in NOT_LATER {
        assert!(CASES.iter().any(|(case, _)| *case == name), "{name}");
    }
    for (name, case) in CASES.iter().filter(|(name, _)| !NOT_LATER.contains(name)) {
        println!("{name}");
        case(&OnOrigin { answers_later: true, cache: None });
    }
}
