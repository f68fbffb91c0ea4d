//! The official clients of the platform's API, unmodified, against the real `edgekv serve`: its command line from npm and its
//! Python client from PyPI. What one of them writes is read by the other, or as bytes of HTTP.
//!
//! `cargo xtask test --only clients` installs them and runs this; without them the tests are left out.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
#[path = "../http/client.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod client;
mod command_line;
mod entries;
#[path = "../http/process.rs"]
#[allow(dead_code, reason = "the tests of the command need more of it")]
mod process;
mod python;
mod readme;
mod refusals;
mod server;
mod stores;

/// A test for each scenario and engine, so that failures are seen singly.
macro_rules! scenarios {
    ($($subject:ident: $($scenario:ident)+;)+) => {
        scenarios!(@ memory "memory:" $($subject: $($scenario)+;)+);
        scenarios!(@ redb "redb:data.redb" $($subject: $($scenario)+;)+);
    };
    (@ $engine:ident $url:literal $($subject:ident: $($scenario:ident)+;)+) => {
        mod $engine {$(
            mod $subject {$(
                #[test]
                #[ignore = "needs the official clients: cargo xtask test --only clients"]
                fn $scenario() {
                    let server = crate::server::Server::start($url);
                    crate::$subject::$scenario(&server);
                    server.stop();
                }
            )+}
        )+}
    };
}

scenarios! {
    stores:
        a_store_lives_from_its_creation_to_its_deletion
        both_clients_list_stores_over_all_pages
        a_store_is_deleted_with_all_its_entries;
    entries:
        modes_do_what_they_say
        keys_of_all_kinds_are_the_same_in_both_clients
        values_are_bytes
        metadata_are_kept_and_replaced
        a_generation_guards_writes_and_deletes
        entries_expire;
    batches:
        a_file_and_standard_input_are_batches
        what_is_wrong_in_a_batch_is_said_item_by_item
        a_directory_becomes_entries
        many_keys_come_in_pages_and_go_by_prefix;
    refusals:
        what_is_not_there_is_said_so
        a_token_is_needed_where_there_is_one
        values_that_are_too_large_are_refused;
    readme:
        what_the_readme_shows_of_the_clients_works;
}
