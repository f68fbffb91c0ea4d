//! What every engine must pass.
//!
//! The suite checks the promises of the [`engine`](crate::engine) module, races included, through the same
//! [`Stores`] that everybody uses. An engine describes itself by a [`Fixture`], and [`suite!`](crate::conformance::suite)
//! makes a test of every case:
//!
//! ```
//! use std::sync::Arc;
//! use edgekv_store::conformance::Fixture;
//! use edgekv_store::{Engine, MemoryEngine};
//!
//! struct Memory;
//!
//! impl Fixture for Memory {
//!     fn open(&self) -> Arc<dyn Engine> {
//!         Arc::new(MemoryEngine::new())
//!     }
//! }
//!
//! edgekv_store::conformance::suite!(Memory);
//! # fn main() {}
//! ```
//!
//! Outside of tests, [`CASES`] is the same as a list.

mod durable;
mod expiry;
mod generations;
mod lists;
mod races;
mod replies;
mod stores;
mod sweeps;
mod values;
mod writes;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::clock::{ManualClock, Timestamp};
use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::KvError;
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{ListPage, ListRequest};
use crate::name::StoreName;
use crate::stores::{KvStore, Stores, StoresBuilder};

#[doc(inline)]
pub use crate::__conformance_suite as suite;

/// An engine that is to be checked. Every case gets a fixture of its own.
pub trait Fixture {
    /// Opens the engine: without stores at first, and then, if it is [durable](Fixture::durable), with what was there
    /// when the engine before was dropped.
    fn open(&self) -> Arc<dyn Engine>;

    /// The stores of the engine, for everything but what only engines can be asked. Default: as they are. For what lies between
    /// the engine and its stores, as a [cache](StoresBuilder::cache) does.
    fn stores(&self, stores: StoresBuilder) -> StoresBuilder {
        stores
    }

    /// Whether data survive the engine. Default: no.
    fn durable(&self) -> bool {
        false
    }
}

/// A case: its name, and what to run. It panics when the engine does not keep its promise.
pub type Case = (&'static str, fn(&dyn Fixture));

/// All cases, in the order of [`suite!`](crate::conformance::suite).
pub const CASES: &[Case] = crate::__conformance_cases!(list());

/// Runs the case of this name.
///
/// # Panics
///
/// When the engine does not pass, or there is no such case.
pub fn run(name: &str, fixture: &dyn Fixture) {
    let case = CASES.iter().find(|(case, _)| *case == name);
    let Some((_, case)) = case else { panic!("there is no conformance case {name:?}") };
    case(fixture);
}

/// Makes a test of every case of the suite. Its argument is an expression that gives a [`Fixture`], and is evaluated
/// for every test. For two engines in one file, put each suite in a module of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_suite {
    ($fixture:expr) => {
        $crate::__conformance_cases!(tests($fixture));
    };
}

/// The one list of cases, for [`CASES`] and for the tests.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($kind:ident($($argument:tt)*)) => {
        $crate::__conformance_cases! { @$kind($($argument)*)
            writes:
                every_mode_and_condition_on_missing_live_and_expired_entries
                deletes_remove_what_is_there_and_their_condition_holds
                a_refused_write_changes_nothing
                metadata_and_lifetime_not_given_again_are_removed;
            values:
                binary_values_keys_and_metadata_come_back_as_they_were
                empty_values_are_values
                values_of_every_size_class_come_back_and_grow_at_both_ends
                the_largest_value_passes_and_one_more_byte_does_not
                the_size_limit_holds_for_what_append_and_prepend_make
                many_small_appends_make_one_large_value
                replaced_values_of_other_sizes_leave_nothing_behind;
            generations:
                every_write_gives_a_new_and_larger_generation
                generations_do_not_go_back_with_the_clock
                a_deleted_key_does_not_get_an_old_generation_again;
            expiry:
                an_entry_is_missing_from_its_expiry_on
                a_lifetime_of_zero_is_expired_at_once
                an_expired_entry_does_not_count_in_lists
                an_expired_entry_can_be_added_again;
            sweeps:
                a_sweep_removes_what_has_expired_and_nothing_else
                a_sweep_takes_no_more_than_it_may
                a_sweep_leaves_what_was_written_anew
                a_sweep_goes_through_all_stores;
            lists:
                lists_are_in_byte_order_and_cut_by_prefix
                pages_follow_each_other_to_the_end
                a_full_last_page_has_no_cursor
                a_page_with_a_cursor_is_never_empty
                a_cursor_outlives_the_key_it_stands_on
                cursors_of_other_lists_are_refused
                limits_are_checked_and_cut
                the_longest_keys_are_listed;
            stores:
                stores_do_not_see_each_other
                a_store_is_created_once
                stores_are_listed_by_name
                a_store_is_opened_by_its_identity
                a_renamed_store_keeps_its_identity_entries_and_handles
                a_name_that_is_taken_is_refused_and_one_that_is_free_again_is_given
                a_deleted_store_is_gone_for_all_its_handles
                a_store_with_entries_is_not_deleted
                a_store_whose_entries_have_expired_is_deleted_with_them
                a_store_made_anew_is_another_one
                writes_behind_a_delete_of_their_store_are_refused
                concurrent_creates_have_one_winner;
            replies:
                an_operation_happens_without_its_reply
                every_write_is_seen_by_what_starts_after_it
                operations_of_one_caller_happen_in_their_order
                the_end_of_a_write_is_told_once_and_before_its_answer
                the_end_of_a_write_is_told_whatever_becomes_of_its_reply
                the_end_of_the_deletion_of_a_store_is_told;
            races:
                concurrent_adds_have_one_winner
                concurrent_appends_lose_nothing
                compare_and_set_counts_exactly
                a_conditional_delete_and_a_write_exclude_each_other
                a_list_sees_keys_that_stay_exactly_once_while_others_come_and_go
                readers_do_not_wait_for_a_large_write
                readers_see_whole_values_only
                generations_are_unique_over_concurrent_writers
                concurrent_renames_to_one_name_have_one_winner
                a_write_is_there_or_the_delete_of_its_store_came_first
                stores_come_and_go_under_one_name;
            durable:
                everything_is_there_after_a_reopen
                generations_go_on_after_a_reopen
                writes_without_replies_are_there_after_a_reopen
                stores_keep_their_identity_and_cursors_over_a_reopen
                renamed_and_deleted_stores_stay_so_after_a_reopen;
        }
    };
    (@tests($fixture:expr) $($module:ident: $($case:ident)*;)*) => {
        $($(
            #[test]
            fn $case() {
                $crate::conformance::run(stringify!($case), &$fixture);
            }
        )*)*
    };
    (@list() $($module:ident: $($case:ident)*;)*) => {
        &[$($((stringify!($case), $module::$case as fn(&dyn Fixture)),)*)*]
    };
}

/// An engine under test, with a clock that the case sets.
struct Bench<'f> {
    fixture: &'f dyn Fixture,
    clock: Arc<ManualClock>,
    limits: Limits,
    /// For what only engines can be asked.
    engine: Arc<dyn Engine>,
    stores: Stores,
}

/// Where the clock of a [`Bench`] starts: in 2023, in microseconds.
const START: u64 = 1_700_000_000_000_000;

impl<'f> Bench<'f> {
    fn new(fixture: &'f dyn Fixture) -> Self {
        Self::with_limits(fixture, Limits::default())
    }

    fn with_limits(fixture: &'f dyn Fixture, limits: Limits) -> Self {
        Self::open(fixture, Arc::new(ManualClock::at(Timestamp::from_micros(START))), limits)
    }

    fn open(fixture: &'f dyn Fixture, clock: Arc<ManualClock>, limits: Limits) -> Self {
        let engine = fixture.open();
        let stores = Stores::builder(Arc::clone(&engine)).clock(Arc::clone(&clock)).limits(limits);
        let stores = fixture.stores(stores).build();
        let Ok(stores) = stores else { panic!("stores without a sweeper cannot fail to be built") };
        Self { fixture, clock, limits, engine, stores }
    }

    /// Drops the engine, and opens it again. The case must have dropped its stores.
    fn reopen(self) -> Self {
        let Self { fixture, clock, limits, engine, stores } = self;
        drop((engine, stores));
        Self::open(fixture, clock, limits)
    }

    fn store(&self) -> KvStore {
        self.named("store")
    }

    fn named(&self, name: &str) -> KvStore {
        good(self.stores.open_or_create(&store_name(name)))
    }

    fn sweep(&self, max: usize) -> usize {
        let max = NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN);
        good(self.engine.sweep(self.stores.now(), max).wait())
    }
}

fn store_name(name: &str) -> StoreName {
    match StoreName::new(name) {
        Ok(name) => name,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn key(text: &str) -> Key<'_> {
    match Key::new(text) {
        Ok(key) => key,
        Err(error) => panic!("{text:?}: {error}"),
    }
}

/// The value of what has to work.
#[track_caller]
fn good<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("unexpected error: {error}"),
    }
}

#[track_caller]
fn put(store: &KvStore, at: &str, value: impl Into<bytes::Bytes>) -> u64 {
    write(store, at, Insert::new(value))
}

#[track_caller]
fn write(store: &KvStore, at: &str, insert: Insert) -> u64 {
    good(store.insert(key(at), insert).wait()).get()
}

#[track_caller]
fn get(store: &KvStore, at: &str) -> Option<Entry> {
    good(store.lookup(key(at)).wait())
}

#[track_caller]
fn value(store: &KvStore, at: &str) -> Option<bytes::Bytes> {
    get(store, at).map(Entry::into_value)
}

#[track_caller]
fn delete(store: &KvStore, at: &str) -> bool {
    good(store.delete(key(at), None).wait())
}

#[track_caller]
fn list(store: &KvStore, request: ListRequest<'_>) -> ListPage {
    good(store.list(request).wait())
}

#[track_caller]
fn keys(store: &KvStore) -> Vec<String> {
    let mut all = Vec::new();
    walk(store, "", 1000, |page| all.extend(page.keys.iter().map(str::to_owned)));
    all
}

/// Shows every page of a list, and checks what holds for all pages.
#[track_caller]
fn walk(store: &KvStore, prefix: &str, limit: u32, mut each: impl FnMut(&ListPage)) {
    let mut cursor: Option<String> = None;
    loop {
        let page = list(
            store,
            ListRequest { prefix, cursor: cursor.as_deref(), limit: Some(limit), ..ListRequest::default() },
        );
        assert!(page.keys.len() <= limit as usize, "{} keys on a page of {limit}", page.keys.len());
        assert!(page.next.is_none() || !page.keys.is_empty(), "an empty page has a cursor");
        each(&page);
        cursor = page.next.map(|next| next.to_string());
        if cursor.is_none() {
            return;
        }
    }
}

/// What is asked of a store that has been deleted.
#[track_caller]
fn gone<T: fmt::Debug>(result: Result<T, KvError>) {
    match result {
        Err(KvError::NoStore(_)) => {}
        Err(error) => panic!("{error}"),
        Ok(value) => panic!("the store is gone, and answered with {value:?}"),
    }
}

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, KvError>) {
    match result {
        Err(KvError::PreconditionFailed) => {}
        Err(error) => panic!("{error}"),
        Ok(value) => panic!("not refused, but answered with {value:?}"),
    }
}
