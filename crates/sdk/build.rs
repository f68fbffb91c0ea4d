//! Names for what the source asks of its target in several places.

use std::env;

fn main() {
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    // The program becomes a component: of itself, or when `edgekv componentize` has finished it.
    let is_component =
        is("CARGO_CFG_TARGET_OS", "wasi") && (is("CARGO_CFG_TARGET_ENV", "p2") || has("COMPONENT"));
    // The program may answer requests. A component has to say so.
    let has_http = !is_component || has("HTTP");

    println!("cargo::rerun-if-changed=build.rs");
    for (name, holds) in [("is_component", is_component), ("has_http", has_http)] {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if holds {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
