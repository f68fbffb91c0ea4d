//! What the talk shows.

use edgekv_store::{CacheLimits, Engine, MemoryEngine, RedbEngine, Stores};

use crate::client::{delete, get, put};
use crate::fixture::Fixture;

#[test]
fn the_session_of_the_talk_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let redb = RedbEngine::open(folder.path().join("data.redb")).unwrap();
    for stores in [cached_stores(MemoryEngine::new()), cached_stores(redb)] {
        session(&Fixture::of(stores, None, |builder| builder));
    }
}

fn cached_stores(engine: impl Engine) -> Stores {
    Stores::builder(engine).cache(CacheLimits::default()).build().unwrap()
}

fn session(fixture: &Fixture) {
    let mut client = fixture.client();
    let path = "/stores/kv/store/keys/message1";

    assert_eq!(client.send(put(path).body("this is message 1")).status, 200);
    for cache in ["MISS", "HIT"] {
        let answer = client.send(get(path));
        assert_eq!((answer.status, answer.text()), (200, "this is message 1"));
        assert_eq!(answer.header("x-cache"), Some(cache));
    }
    assert_eq!(client.send(delete(path)).status, 204);
    for cache in ["MISS", "HIT"] {
        let answer = client.send(get(path));
        assert_eq!((answer.status, answer.header("x-cache")), (404, Some(cache)));
    }
}
