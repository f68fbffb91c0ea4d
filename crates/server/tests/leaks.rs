//! Many requests, of which many end badly, and what is left of them: nothing.
//!
//! A process of its own, because the memory of the process is measured.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]
#![allow(dead_code, reason = "the other tests use more of these")]

#[path = "serve/clients.rs"]
mod clients;
#[path = "serve/fixture.rs"]
mod fixture;

use std::fs;
use std::thread;

use crate::clients::Client;
use crate::fixture::{Fixture, wait_until};

const REQUESTS: u64 = 10_000;
const THREADS: u64 = 16;

/// Requests that the server of the fixture works on at a time.
const SLOTS: u64 = 32;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One request that may end at any point.
fn request(fixture: &Fixture, dice: &mut Dice) {
    let mut client = Client::new(fixture.address);
    let bodies = ["/e", "/r", "/k"];
    let others = ["/h", "/s", "/S", "/c", "/a", "/g", "/t", "/n", "/2", "/K", "/p", "/x", "/404", "/j", "/4"];
    let (head, body) = if dice.roll(3) == 0 {
        let path = bodies[usize::try_from(dice.roll(3)).unwrap()];
        (format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n"), "x".repeat(1000))
    } else {
        let path = others[usize::try_from(dice.roll(15)).unwrap()];
        (format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"), String::new())
    };
    let message = head + &body;
    // Endless ones are never read to their end.
    let is_endless = message.starts_with("GET /s") || message.starts_with("GET /S");
    match dice.roll(4) {
        // Goes away somewhere in its request.
        0 => {
            let at = usize::try_from(dice.roll(message.len() as u64)).unwrap();
            client.send(&message[..at]);
        }
        // Goes away at once after it.
        1 => {
            client.send(&message);
        }
        // Goes away in the middle of the answer, or stays to its end.
        how => {
            client.send(&message);
            client.read_until("\r\n\r\n");
            if how == 3 && !is_endless {
                let _ = client.stream.shutdown(std::net::Shutdown::Write);
                client.read_all();
            }
        }
    }
    client.go();
}

fn resident_kibibytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn storm(fixture: &Fixture, requests: u64, seed: u64) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || {
                let mut dice = Dice(seed * THREADS + number);
                for _ in 0..requests / THREADS {
                    request(fixture, &mut dice);
                }
            });
        }
    });
    fixture.wait_until("no connection is left", |stats| stats.connections == 0);
    fixture.wait_until_nothing_is_left();
}

/// Uses every place of the pool that the server may use, at the same time.
fn warm(fixture: &Fixture) {
    let mut clients: Vec<_> = (0..SLOTS).map(|_| Client::new(fixture.address)).collect();
    for client in &mut clients {
        client.send("POST /e HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n1").read_until("\r\n1\r\n");
    }
    assert_eq!(fixture.server.stats().instances, SLOTS);
    for client in &mut clients {
        client.send("2").read_until("\r\n0\r\n\r\n");
    }
}

#[test]
fn ten_thousand_requests_with_random_disconnects_leave_nothing_behind() {
    let fixture = Fixture::new();
    warm(&fixture);
    // What is made once is made before it is measured: threads, buffers of the allocator, pages of the pool.
    storm(&fixture, REQUESTS / 5, 1);
    fixture.check();
    fixture.wait_until("no connection is left", |stats| stats.connections == 0);
    let tasks = fixture.runtime.metrics().num_alive_tasks();
    let memory = resident_kibibytes();

    storm(&fixture, REQUESTS, 2);
    wait_until("all tasks are gone", || fixture.runtime.metrics().num_alive_tasks() <= tasks);
    let grown = resident_kibibytes().saturating_sub(memory);
    // A leak of no more than a KiB for each of them would be 10 MiB.
    assert!(grown < 10_000, "{grown} KiB more than before");
    assert!(fixture.server.stats().requests > REQUESTS / 2);
    fixture.check();
}
