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
        "--offer <LIST>",
        "[default: kv-store,origin]",
        "EDGEKV_OFFER",
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
        "Usage: edgekv serve [OPTIONS] [APP.wasm]",
        "--listen <ADDRESS:PORT>",
        "[default: 127.0.0.1:7676]",
        "EDGEKV_LISTEN",
        "--api <ADDRESS:PORT>",
        "[default: 127.0.0.1:7677]",
        "EDGEKV_API",
        "--api-token-file <FILE>",
        "EDGEKV_API_TOKEN",
        "--watch",
        "--env <NAME=VALUE>",
        "--offer <LIST>",
        "[default: kv-store,origin]",
        "EDGEKV_OFFER",
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

/// The names of all commands, as they are typed behind `edgekv`, found by asking each for its help.
fn commands(here: &Workplace, of: &str) -> Vec<String> {
    let help = here.run(format!("{of} --help").trim_start()).good();
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    // Further lines of a description are indented deeper.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names
        .flat_map(|name| {
            let name = format!("{of} {name}").trim_start().to_owned();
            let below = commands(here, &name);
            [name].into_iter().chain(below)
        })
        .collect()
}

/// The flags that the help of a command names.
fn flags(help: &str) -> Vec<&str> {
    let starts = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = starts.filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")));
    names.collect()
}

#[test]
fn manual_pages_cover_every_command_and_flag() {
    let here = Workplace::new();
    let commands = commands(&here, "");
    assert!(commands.contains(&"serve".to_owned()) && commands.contains(&"man".to_owned()), "{commands:?}");
    here.run("man pages/of/edgekv").good();
    for command in &commands {
        let page = here.path(format!("pages/of/edgekv/edgekv-{}.1", command.replace(' ', "-")));
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        // Hyphens are escaped for the typesetter.
        let page = page.replace("\\-", "-");
        let help = here.run(&format!("{command} --help")).good();
        for flag in flags(&help) {
            assert!(page.contains(flag), "{flag} is missing in the page of {command}");
        }
    }
    let main = std::fs::read_to_string(here.path("pages/of/edgekv/edgekv.1")).unwrap();
    assert!(main.contains(".TH edgekv 1"), "{main}");
    assert_eq!(here.run("man").good(), main);
    let pages = std::fs::read_dir(here.path("pages/of/edgekv")).unwrap().count();
    assert_eq!(pages, commands.len() + 1, "no page is of nothing");
    here.file("file", "");
    here.run("man file").fails(125, &["cannot write the pages into file"]);
}

#[test]
fn completions_cover_every_command_in_every_shell() {
    let here = Workplace::new();
    let commands = commands(&here, "");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = here.run(&format!("completions {shell}")).good();
        for command in &commands {
            let name = command.split(' ').next_back().unwrap();
            assert!(script.contains(name), "{shell}: {command} is missing");
        }
        for flag in ["engine", "max-requests", "log-format", "api-token-file"] {
            assert!(script.contains(flag), "{shell}: {flag} is missing");
        }
    }
    here.run("completions tcsh").fails(2, &["'tcsh'", "SHELL"]);
}
