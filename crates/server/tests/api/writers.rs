//! Many writers at once.

use std::collections::BTreeSet;

use crate::client::{get, put};
use crate::fixture::with_both;

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
