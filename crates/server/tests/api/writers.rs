//! Many writers at once.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use edgekv_server::ApiLimits;
use edgekv_store::{Limits, MemoryEngine, Stores};

use crate::client::{Answer, get, put};
use crate::fixture::{Fixture, with_both};

#[test]
fn eight_writers_with_a_hundred_appends_each_lose_nothing() {
    with_both(|fixture| {
        let path = "/stores/kv/store/keys/log";
        std::thread::scope(|scope| {
            for writer in 0..8 {
                scope.spawn(move || {
                    let mut client = fixture.client();
                    for number in 0..100 {
                        let line = format!("{writer}.{number}\n");
                        assert_eq!(client.send(put(&format!("{path}?append=true")).body(line)).status, 200);
                    }
                });
            }
        });
        let log = fixture.send(get(path));
        let lines: Vec<_> = log.text().lines().collect();
        assert_eq!(lines.len(), 800);
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), 800);
        for writer in 0..8 {
            let own = lines.iter().filter_map(|line| line.strip_prefix(&format!("{writer}.")));
            assert!(
                own.map(|number| number.parse::<u32>().unwrap()).is_sorted(),
                "each writer's are in order"
            );
        }
    });
}

#[test]
fn of_many_adds_one_wins() {
    with_both(|fixture| {
        for round in 0..20 {
            let path = format!("/stores/kv/store/keys/add-{round}?add=true");
            let statuses: Vec<_> = std::thread::scope(|scope| {
                let send = |writer: u32| fixture.send(put(&path).body(writer.to_string())).status;
                let writers: Vec<_> = (0..8).map(|writer| scope.spawn(move || send(writer))).collect();
                writers.into_iter().map(|writer| writer.join().unwrap()).collect()
            });
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
        }
    });
}

#[test]
fn of_many_writers_of_one_generation_one_wins() {
    with_both(|fixture| {
        let path = "/stores/kv/store/keys/cas";
        let generation = fixture.send(put(path).body("0")).generation().to_string();
        let winners = std::thread::scope(|scope| {
            let send = || fixture.send(put(path).body("1").header("if-generation-match", &generation)).status;
            let writers: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).filter(|s| *s == 200).count()
        });
        assert_eq!(winners, 1);
    });
}

#[test]
fn writes_beyond_the_rate_are_429() {
    let limits = Limits { writes_per_second: NonZeroU32::new(5), ..Limits::default() };
    let stores = Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap();
    let fixture = Fixture::of(stores, None, |builder| builder);
    let mut client = fixture.client();
    let start = std::time::Instant::now();
    let refused = loop {
        let answer = client.send(put("/stores/kv/store/keys/k").body("v"));
        if answer.status != 200 || start.elapsed() > crate::fixture::PATIENCE {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert!(refused.detail().contains("too many"), "{refused:?}");
}

fn rated(per_second: u32, room_time: Duration) -> Fixture {
    let limits = Limits { writes_per_second: NonZeroU32::new(per_second), ..Limits::default() };
    let stores = Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap();
    let mut limits = ApiLimits::default();
    limits.room_time = room_time;
    Fixture::of(stores, None, |builder| builder.limits(limits))
}

fn items(count: usize) -> String {
    (0..count).map(|n| format!("{{\"key\":\"b{n}\",\"value\":\"\"}}\n")).collect()
}

#[test]
fn a_batch_waits_for_the_rate() {
    let fixture = rated(100, Duration::from_secs(30));
    let answer = fixture.send(put("/stores/kv/store/batch").body(items(150)));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_batch_that_has_waited_long_enough_is_429_and_says_where_to_go_on() {
    let fixture = rated(1, Duration::from_millis(100));
    let written = |answer: &Answer| {
        let keys = fixture.send(get("/stores/kv/store/keys")).json();
        let written = keys["data"].as_array().unwrap().len();
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        (written, errors)
    };
    let answer = fixture.send(put("/stores/kv/store/batch").body(items(3000)));
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    let (count, errors) = written(&answer);
    assert!((1..100).contains(&count), "{count}");
    assert_eq!((&errors[0]["index"], &errors[0]["code"]), (&count.into(), &"too_many_requests".into()));
    assert_eq!(errors.len(), 1001);
    assert_eq!(errors[1000]["index"], count + 1000);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&format!("from index {count} on")), "{detail}");

    let answer = fixture.send(put("/stores/kv/store/batch").body(items(100) + "nonsense\n"));
    assert_eq!((answer.status, answer.header("retry-after")), (400, None), "there is something to correct");
}
