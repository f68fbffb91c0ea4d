//! What the talk shows.

use edgekv_store::MemoryEngine;
use edgekv_store::Stores;

use crate::client::{delete, get, put};
use crate::fixture::Fixture;

#[test]
fn the_session_of_the_talk_line_by_line() {
    let fixture = Fixture::of(cached(), None, |builder| builder);
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

fn cached() -> Stores {
    Stores::new(MemoryEngine::new())
}
