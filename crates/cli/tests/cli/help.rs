//! The help is enough to use the command.

use crate::workplace::Workplace;

#[test]
fn the_help_of_run_has_every_flag_default_example_and_exit_status() {
    let here = Workplace::new();
    let help = here.run("run --help").good();
    for text in [
        "APP.wasm",
        "ARGS",
        "--env <NAME=VALUE>",
        "--max-memory <MIB>",
        "[default: 128]",
        "--code-cache <DIR>",
        "EDGEKV_CODE_CACHE",
        "--engine <URL>",
        "[default: redb:.edgekv/data.redb]",
        "EDGEKV_ENGINE",
        "--cache <MIB>",
        "[default: 64]",
        "EDGEKV_CACHE",
        "--config <FILE>",
        "./fastly.toml",
        "--store <NAME>",
        "--reset",
        "--log <LEVEL>",
        "EDGEKV_LOG",
        "--log-format <FORMAT>",
        "EDGEKV_LOG_FORMAT",
        "Examples:",
        "edgekv run --store mystore app.wasm",
        "Exit status:",
        "125",
        "126",
        "127",
        "130",
        "134",
        "141",
    ] {
        assert!(help.contains(text), "{text:?} is missing:\n{help}");
    }
    assert!(help.contains("Usage: edgekv run [FLAGS] APP.wasm [ARGS]..."), "{help}");
    let commands = here.run("--help").good();
    assert!(commands.contains("run ") && commands.contains("compile "), "the commands are listed");
    assert!(here.run("run -h").good().contains("--engine"));
}

#[test]
fn the_help_of_serve_has_every_flag_default_and_example() {
    let here = Workplace::new();
    let help = here.run("serve --help").good();
    for text in [
        "Usage: edgekv serve [OPTIONS] <APP.wasm>",
        "--listen <ADDRESS:PORT>",
        "[default: 127.0.0.1:7676]",
        "EDGEKV_LISTEN",
        "--watch",
        "--env <NAME=VALUE>",
        "--max-memory <MIB>",
        "--code-cache <DIR>",
        "EDGEKV_CODE_CACHE",
        "--max-time <SECONDS>",
        "[default: 60]",
        "504",
        "--max-requests <NUMBER>",
        "[default: 256]",
        "503",
        "--max-connections <NUMBER>",
        "[default: 4096]",
        "--max-head <KIB>",
        "[default: 64]",
        "431",
        "--max-body <MIB>",
        "[default: 128]",
        "413",
        "--engine <URL>",
        "EDGEKV_ENGINE",
        "--cache <MIB>",
        "[default: 64]",
        "EDGEKV_CACHE",
        "--config <FILE>",
        "--store <NAME>",
        "--reset",
        "--log <LEVEL>",
        "EDGEKV_LOG",
        "edgekv::request",
        "edgekv::app",
        "`warn` alone silences them",
        "--log-format <FORMAT>",
        "EDGEKV_LOG_FORMAT",
        "json",
        "Examples:",
        "SIGTERM",
    ] {
        // Lines are broken where the terminal wants it.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(text), "{text:?} is missing:\n{help}");
    }
    let commands = here.run("--help").good();
    assert!(commands.lines().next().unwrap().contains("HTTP"), "{commands}");
    assert!(commands.contains("serve "), "{commands}");
}

#[test]
fn the_version_is_printed() {
    assert_eq!(Workplace::new().run("--version").good(), format!("edgekv {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_arguments_are_status_2() {
    let here = Workplace::new();
    for arguments in ["", "walk", "run", "run --bogus a.wasm", "compile", "compile a.wasm b.wasm", "--bogus"]
    {
        let ended = here.run(arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert!(
            ended.stderr.contains("--help") || ended.stderr.contains("Usage"),
            "{arguments:?}: {ended:?}"
        );
    }
}
