//! `edgekv:platform/log` and `runtime`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_host::GuestLog;
use edgekv_store::Limits;
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, bytes};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<String>>);

impl GuestLog for Kept {
    fn write(&self, endpoint: &str, message: &[u8]) {
        let message = String::from_utf8_lossy(message);
        self.0.lock().unwrap().push(format!("{endpoint}: {message}"));
    }
}

#[test]
fn messages_go_to_the_log_by_the_name_of_their_endpoint() {
    let kept = Arc::new(Kept::default());
    let log = Arc::clone(&kept) as Arc<dyn GuestLog>;
    let mut f = Fixture::with(Limits::default(), |ctx| ctx.log(log));
    let (one, two) =
        (f.guest.call("log.get", &[bytes("a")]).ok(), f.guest.call("log.get", &[bytes("a")]).ok());
    f.guest.call("log.[method]endpoint.write", &[one.clone(), bytes("first")]);
    f.guest.drop("log.endpoint", one);
    f.guest.call("log.[method]endpoint.write", &[two.clone(), bytes("second")]);
    f.guest.drop("log.endpoint", two);
    assert_eq!(*kept.0.lock().unwrap(), ["a: first", "a: second"]);
    assert_eq!(f.guest.held(), (0, 0));
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let mut f = Fixture::new();
    for name in [&b""[..], b"\xff", &[b'n'; 257]] {
        assert_eq!(f.guest.call("log.get", &[bytes(name)]).error(), "invalid-name", "{name:?}");
    }
}

#[test]
fn time_is_what_the_embedder_measures() {
    let mut f = Fixture::with(Limits::default(), |ctx| ctx.cpu_time(|| Duration::from_micros(7_900)));
    assert_eq!(f.guest.call("runtime.vcpu-ms", &[]), Val::U64(7));
}
