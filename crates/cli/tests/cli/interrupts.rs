//! Ctrl-C. What sends the signal is the `kill` of the system.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::program::Step::{CheckLargeInserts, Print, Read, Spin, StartLargeInserts};
use crate::workplace::Workplace;

/// Enough for the signal to come while they are being written: it comes at once, and this takes many disks a second.
const ENTRIES: usize = 20;
const BYTES: usize = 5 * 1024 * 1024;

#[test]
fn an_interrupt_ends_a_guest_that_spins_or_waits_and_loses_no_write() {
    for (last, signal) in [(Spin, "-INT"), (Read, "-INT"), (Spin, "-TERM")] {
        let here = Workplace::new();
        here.program("app.wasm", &[StartLargeInserts("s", ENTRIES, BYTES), Print("ready"), last]);
        here.program("read.wasm", &[CheckLargeInserts("s", ENTRIES, BYTES)]);
        let mut child = here
            .edgekv()
            .args(["run", "--store", "s", "app.wasm"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        // Its input stays open until here, so it was the signal that ended it.
        let input = child.stdin.take();
        let ended = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!(ended.status.code(), Some(130), "{last:?} {signal}");
        let read = here.run("run read.wasm");
        assert_eq!((read.status, read.stderr.as_str()), (Some(0), ""), "{last:?} {signal}");
    }
}
