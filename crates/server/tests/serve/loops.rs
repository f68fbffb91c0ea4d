//! Applications that compute without end leave others their turn, and are stopped in time.

use std::thread;
use std::time::{Duration, Instant};

use crate::clients::{Client, get, status};
use crate::fixture::Fixture;

/// How late something may be when all threads are computing.
const LATE: Duration = Duration::from_secs(1);

#[test]
fn loops_for_ever_on_all_threads_leave_others_their_turn_and_end_in_time() {
    let limit = Duration::from_secs(3);
    let fixture = Fixture::with(|limits| limits.request_time = limit);
    let started = Instant::now();
    let mut loops: Vec<_> = (0..8).map(|_| Client::new(fixture.address)).collect();
    for client in &mut loops {
        client.send("GET /l HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    }
    fixture.wait_until("all loop", |stats| stats.instances == 8);
    // By now the time of each has begun.
    let looping = Instant::now();
    fixture.check();
    assert!(looping.elapsed() < LATE, "{:?}", looping.elapsed());
    assert_eq!(fixture.server.stats().instances, 8, "the other answer came while they were looping");
    thread::scope(|scope| {
        for mut client in loops {
            scope.spawn(move || {
                assert_eq!(status(&client.read_all()), "504");
                assert!(started.elapsed() >= limit, "{:?}", started.elapsed());
                assert!(looping.elapsed() < limit + LATE, "{:?}", looping.elapsed());
            });
        }
    });
    assert_eq!(status(&get(fixture.address, "/h")), "200");
}
