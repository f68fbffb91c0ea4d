//! Shows the whole in one command: a guest keeps data in a durable store, and finds them again the next time.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{guests, process};

const GUEST: &str = "hello-kv";
const DATA: &str = "target/demo/data.redb";

/// Builds and runs the demo; `fresh` forgets what earlier runs stored.
///
/// # Errors
///
/// When a part does not build, or the guest fails.
pub(crate) fn run(fresh: bool) -> Result<()> {
    let data = Path::new(DATA);
    if fresh && data.exists() {
        step("Forget the data of earlier runs");
        println!("$ rm {DATA}");
        fs::remove_file(data).with_context(|| format!("cannot remove {DATA}"))?;
    }

    step("Compile the guest, an ordinary Rust program, to a WebAssembly module");
    guests::build(&[GUEST.to_owned()])?;

    step("Build the host, the program `edgekv`");
    process::run(process::cargo().args(["build", "--package", "edgekv-cli"]))?;

    if let Some(folder) = data.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let had_data = data.exists();
    step(if had_data {
        "Run the guest again, on the data that the last run left"
    } else {
        "Run the guest for the first time, on an empty store"
    });
    // cargo knows where it puts programs; a configuration may say something else than `target/debug`.
    process::run(
        process::cargo()
            .args(["run", "--quiet", "--package", "edgekv-cli", "--", "run"])
            .args(["--engine", &format!("redb:{DATA}")])
            .args(["--store", "mystore"])
            .arg(guests::module(GUEST)),
    )?;

    step("What happened");
    let size = fs::metadata(data).with_context(|| format!("the run left no {DATA}"))?.len();
    println!(
        "The guest used the store `mystore` through the KV ABI; the host kept its data in {DATA} ({} KiB),",
        size / 1024
    );
    println!("where they were durable before the guest got its answer.");
    if had_data {
        println!("The guest found what the last run had stored: see its run counter.");
        println!("Start from nothing again with: cargo xtask demo --fresh");
    } else {
        println!("Run `cargo xtask demo` again: the guest's run counter goes on, because the data survive.");
    }
    Ok(())
}

fn step(title: &str) {
    println!("\n# {title}");
}
