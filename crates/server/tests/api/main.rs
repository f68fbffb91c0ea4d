//! Real APIs on loopback, over both engines, with and without the edge cache, with a client that believes nothing but the document that the API gives of
//! itself: an answer that is not in it fails the test that has got it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking, helpers of tests too")]

mod access;
mod bad_requests;
mod batches;
mod client;
mod document;
mod downloads;
mod faults;
mod faulty;
mod fixture;
mod http2;
mod items;
mod lists;
mod log;
mod reads;
mod stop;
mod stores;
mod talk;
mod uploads;
mod writers;
