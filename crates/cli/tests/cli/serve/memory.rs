//! What the largest values cost a server of memory.

use crate::client::Client;
use crate::process::Process;
use crate::workplace::Workplace;

/// As large as values may be.
const VALUE_BYTES: usize = 25 * 1024 * 1024;

/// A value that is unlike others, on every page.
fn value(number: u8) -> Vec<u8> {
    let mut value = vec![number; VALUE_BYTES];
    for (page, bytes) in value.chunks_mut(4096).enumerate() {
        bytes[..4].copy_from_slice(&u32::try_from(page).unwrap().to_le_bytes());
    }
    value
}

/// What may be added to the most memory that the server ever had, in values. Nothing here is exact: what was given back is
/// used again or not, and half a value is what a copy can be told from.
struct Bounds {
    /// By a write: the value, which is kept as it came, and what the engine needs to keep it.
    put: f64,
    /// By a read.
    get: f64,
    /// By all of them together.
    all: f64,
}

/// Writes some large values, some of them twice, and reads each of them.
fn measure(flags: &str, bounds: &Bounds) {
    let here = Workplace::new();
    let mut command = here.edgekv();
    command.args(["serve", "--api", "127.0.0.1:0", "--store", "store"]).args(flags.split(' '));
    let server = Process::start(&mut command);
    let mut client = Client::http1(server.address);
    client.put("/stores/kv/store/keys/small", "small").has(200);
    client.get("/stores/kv/store/keys/small").has(200);
    let first = server.peak_bytes();
    let mut last = first;
    let mut check = |what: &str, since: Option<u64>, bound: f64| {
        let peak = server.peak_bytes();
        let grown = peak.saturating_sub(since.unwrap_or(last)) as f64 / VALUE_BYTES as f64;
        println!("{flags}: {what}: {grown:.2} values of at most {bound}");
        assert!(grown <= bound, "{flags}: {what} took {grown:.2} values of memory, of at most {bound}");
        last = last.max(peak);
    };
    for round in 0..8 {
        let path = format!("/stores/kv/store/keys/large-{}", round % 4);
        let value = value(round);
        client.put(&path, value.clone()).has(200);
        check("a write", None, bounds.put);
        for _ in 0..2 {
            assert!(client.get(&path).has(200).body == value, "{flags}: it comes out as it went in");
            check("a read", None, bounds.get);
        }
    }
    check("all", Some(first), bounds.all);
    server.stop();
}

#[test]
fn in_memory_a_large_value_is_there_once_and_reading_it_takes_nothing() {
    // Four are kept, and one comes while its predecessor is still there.
    measure("--engine memory:", &Bounds { put: 1.5, get: 0.5, all: 10.0 });
}

#[test]
fn on_disk_a_large_value_is_in_memory_twice_while_it_is_written_and_once_when_it_is_read() {
    // The database keeps up to 256 MiB of what it has written or read, and the edge cache 64 MiB.
    let bounds = Bounds { put: 2.5, get: 1.5, all: 15.0 };
    measure("--engine redb:data.redb", &bounds);
    measure("--engine redb:data.redb --cache none", &bounds);
}
