//! `--watch`: a new file answers from the next request on, and nobody notices the change.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{says, serve};
use crate::client::Client;
use crate::process::{Process, in_time};
use crate::workplace::Workplace;

const GOES_ON: &str = "the application that was loaded before goes on";

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(says(text)).unwrap()
}

/// Waits until this is the answer, and sees that it stays.
#[track_caller]
fn answers(server: &Process, text: &str) {
    let mut client = Client::http1(server.address);
    in_time(&format!("the answer is {text:?}"), || client.get("/").has(200).text() == text);
    assert_eq!(client.get("/").has(200).text(), text);
}

/// All answers that came while this was done. Each is a whole one.
fn meanwhile(address: SocketAddr, act: impl FnOnce()) -> BTreeSet<String> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let done = &done;
        let asks: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    let mut client = Client::http1(address);
                    let mut seen = BTreeSet::new();
                    while !done.load(Ordering::Relaxed) {
                        seen.insert(client.get("/").has(200).text().to_owned());
                    }
                    seen
                })
            })
            .collect();
        let acted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        done.store(true, Ordering::Relaxed);
        let seen = asks.into_iter().flat_map(|asks| asks.join().unwrap()).collect();
        acted.unwrap();
        seen
    })
}

/// Replaces a link in one step, as `ln -sfn` does.
fn swap(link: &Path, target: &str) {
    let new = link.with_extension("new");
    symlink(target, &new).unwrap();
    fs::rename(new, link).unwrap();
}

#[test]
fn a_changed_file_answers_and_no_request_fails() {
    let here = Workplace::new();
    here.file("app.wasm", module("one"));
    let server = serve(&here, "app.wasm --engine memory: --watch");
    answers(&server, "one");
    let seen = meanwhile(server.address, || {
        // In place, and then by another file that gets its name.
        here.file("app.wasm", module("two"));
        answers(&server, "two");
        here.file("other", module("three"));
        fs::rename(here.path("other"), here.path("app.wasm")).unwrap();
        answers(&server, "three");
    });
    assert!(seen.iter().all(|text| ["one", "two", "three"].contains(&text.as_str())), "{seen:?}");
    assert!(seen.contains("three"), "{seen:?}");
    server.says("app: app.wasm was loaded again");
    server.stop();
}

#[test]
fn a_broken_file_leaves_the_old_application_and_is_tried_again_when_it_changes() {
    let here = Workplace::new();
    here.file("app.wasm", module("old"));
    let server = serve(&here, "app.wasm --engine memory: --watch");
    let new = module("new");
    let seen = meanwhile(server.address, || {
        here.file("app.wasm", &new[..new.len() / 2]);
        server.says(GOES_ON);
        answers(&server, "old");
    });
    assert_eq!(seen, ["old".to_owned()].into());
    let mut file = fs::File::options().append(true).open(here.path("app.wasm")).unwrap();
    std::io::Write::write_all(&mut file, &new[new.len() / 2..]).unwrap();
    drop(file);
    answers(&server, "new");
    let said = server.stop();
    assert!(said.contains("edgekv: warning: app.wasm: not a valid WebAssembly module"), "{said}");
}

#[test]
fn a_link_that_leads_elsewhere_is_a_change() {
    let here = Workplace::new();
    for (folder, text) in [("releases/1", "one"), ("releases/2", "two"), ("releases/3", "three")] {
        fs::create_dir_all(here.path(folder)).unwrap();
        here.file(&format!("{folder}/app.wasm"), module(text));
    }
    symlink("releases/1", here.path("current")).unwrap();
    symlink("current/app.wasm", here.path("app.wasm")).unwrap();
    let server = serve(&here, "app.wasm --engine memory: --watch");
    answers(&server, "one");
    let seen = meanwhile(server.address, || {
        // The folder is another one.
        swap(&here.path("current"), "releases/2");
        answers(&server, "two");
        // The file itself is.
        swap(&here.path("app.wasm"), "releases/3/app.wasm");
        answers(&server, "three");
        // What the link leads to now is watched.
        here.file("releases/3/app.wasm", module("four"));
        answers(&server, "four");
    });
    assert!(seen.contains("four"), "{seen:?}");
    server.stop();
}

#[test]
fn a_folder_that_is_cleaned_away_is_found_again() {
    let here = Workplace::new();
    fs::create_dir(here.path("build")).unwrap();
    here.file("build/app.wasm", module("one"));
    let server = serve(&here, "build/app.wasm --engine memory: --watch");
    answers(&server, "one");
    fs::remove_dir_all(here.path("build")).unwrap();
    server.says(GOES_ON);
    answers(&server, "one");
    fs::create_dir(here.path("build")).unwrap();
    here.file("build/app.wasm", module("two"));
    answers(&server, "two");
    // And is watched as before.
    here.file("build/app.wasm", module("three"));
    answers(&server, "three");
    server.stop();
}
