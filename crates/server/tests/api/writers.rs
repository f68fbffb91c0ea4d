//! Many writers at once.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use edgekv_store::{Limits, MemoryEngine, Stores};

use crate::client::{get, put};
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
fn writes_beyond_the_rate_are_429_and_in_a_batch_named() {
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

    let batch: String = (0..5000).map(|n| format!("{{\"key\":\"b{n}\",\"value\":\"\"}}\n")).collect();
    let answer = client.send(put("/stores/kv/store/batch").body(batch));
    assert_eq!(answer.status, 400);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert!(errors.iter().any(|error| error["code"] == "too_many_requests"), "{errors:?}");
}
