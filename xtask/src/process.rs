//! Runs commands in plain sight: each is shown as a line one could type, and a failure names that line.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The cargo that runs this program, so that its children use the same toolchain.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Shows `command`, runs it with our input and output, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` without showing it and returns its standard output; a failure carries its standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status}): {}", reason(&stderr));
    }
    String::from_utf8(stdout).with_context(|| format!("the output of `{line}` is not UTF-8"))
}

/// Runs `command` without showing it or its output; a failure carries its standard error.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({}): {}", output.status, reason(&output.stderr));
    }
    Ok(())
}

/// As [`run_quietly`], and ends the command when it needs longer than `limit`.
///
/// For commands that may wait for a network that never answers, and may be ended at any point.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    // The pipe closes when the child ends, so its end is also the signal that the child is done.
    let (send, receive) = mpsc::channel();
    let pipe = child.stderr.take();
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            // A broken pipe ends the text early; the exit status below tells what matters.
            let _ = pipe.read_to_end(&mut text);
        }
        let _ = send.send(text);
    });
    let Ok(stderr) = receive.recv_timeout(limit) else {
        child.kill().with_context(|| format!("cannot end `{line}`"))?;
        child.wait()?;
        bail!("`{line}` did not finish within {}", duration(limit));
    };
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status}): {}", reason(&stderr));
    }
    Ok(())
}

/// The line a user would type for `command`, from the workspace's root.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(value)));
        }
    }
    let program = std::path::Path::new(command.get_program());
    // The cargo of a toolchain has a long path that says no more than its name.
    let is_cargo = program.file_stem().is_some_and(|name| name == "cargo");
    words.push(if is_cargo { "cargo".into() } else { quoted(program.as_os_str()) });
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What of an error output says what went wrong: the last line that begins with `error` or `E:`, or else the last one.
/// npm is the other way round: what it says first is the reason, and what follows is advice.
fn reason(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let of_npm = |line: &'static str| lines().filter_map(move |text| text.strip_prefix(line));
    let npm: Vec<_> = of_npm("npm error ").chain(of_npm("npm ERR! ")).take(3).collect();
    if !npm.is_empty() {
        return npm.join("; ");
    }
    let errors = || lines().filter(|line| line.starts_with("error") || line.starts_with("E:"));
    errors().next_back().or_else(|| lines().next_back()).unwrap_or("it says nothing").to_owned()
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 20 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_typed_into_a_shell() {
        let mut command = Command::new("/some/toolchain/bin/cargo");
        command.args(["build", "-p", "it's", ""]).env("RUSTDOCFLAGS", "-D warnings").env_remove("RUSTFLAGS");
        assert_eq!(shown(&command), r"RUSTDOCFLAGS='-D warnings' cargo build -p 'it'\''s' ''");
    }

    #[test]
    fn the_reason_of_a_failure_is_its_last_error_line() {
        let output = b"info: downloading\nerror: download failed: connection refused\n\ninfo: rolled back\n";
        assert_eq!(reason(output), "error: download failed: connection refused");
        assert_eq!(reason(b"no such file\n"), "no such file");
        assert_eq!(reason(b""), "it says nothing");
    }

    #[test]
    fn durations_are_told_in_the_unit_people_use() {
        let told = [400, 12_300, 200_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(told, ["0.4 s", "12 s", "3 min 20 s"]);
    }

    #[test]
    fn a_failing_command_is_named_with_its_own_words() {
        let error =
            capture(Command::new("sh").args(["-c", "echo reason >&2; exit 3"])).unwrap_err().to_string();
        assert!(
            error.contains("sh -c") && error.contains("exit status: 3") && error.ends_with("reason"),
            "{error}"
        );
    }

    #[test]
    fn a_command_that_never_ends_is_ended() {
        let error =
            run_within(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err().to_string();
        assert!(error.contains("`sleep 600` did not finish within"), "{error}");
    }

    #[test]
    fn a_command_that_ends_in_time_reports_its_status() {
        run_within(Command::new("true").arg("x"), Duration::from_secs(60)).unwrap();
        let error = run_within(&mut Command::new("false"), Duration::from_secs(60)).unwrap_err().to_string();
        assert!(error.contains("exit status: 1"), "{error}");
    }
}
