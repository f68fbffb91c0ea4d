//! The report: TAP, version 14.

use std::io::{self, Write};

use crate::case::{Case, Outcome};

/// Begins a report of so many cases.
pub(crate) fn begin(out: &mut impl Write, cases: usize) -> io::Result<()> {
    writeln!(out, "TAP version 14\n1..{cases}")
}

/// One case. A rule that is open to choice says so, and so does a case that could not look, with the reason.
pub(crate) fn point(
    out: &mut impl Write,
    number: usize,
    case: &Case,
    outcome: &Outcome,
    skipped: Option<&str>,
) -> io::Result<()> {
    let verdict = if outcome.is_ok() { "ok" } else { "not ok" };
    let open = if case.open { " (open)" } else { "" };
    let skip = skipped.map(|reason| format!(" # SKIP {reason}")).unwrap_or_default();
    writeln!(out, "{verdict} {number} - {}: {}{open}{skip}", case.id, escaped(&case.what))?;
    let Err(failure) = outcome else { return Ok(()) };
    writeln!(out, "  ---")?;
    for (name, value) in [
        ("rule", &format!("docs/abi.md, {}", case.rule)),
        ("what", &failure.what),
        ("expected", &failure.expected),
        ("got", &failure.got),
    ] {
        writeln!(out, "  {name}: {}", quoted(value))?;
    }
    writeln!(out, "  ...")
}

/// How it went.
pub(crate) fn end(out: &mut impl Write, cases: usize, failed: usize, of_them_open: usize) -> io::Result<()> {
    writeln!(out, "# {cases} cases, {failed} failed, {of_them_open} of them open to choice")
}

/// A description: `#` would begin a directive, and a line is one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}

/// A scalar of YAML in double quotes; long ones are cut.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars().take(400) {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\x{:02x}", u32::from(control) & 0xff));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::case::{open, same};

    #[test]
    fn a_failure_says_the_rule_and_both_sides() {
        let case = open("x-001", "Conventions, masks", "a `#` is \\ said", |_| Ok(()));
        let mut out = Vec::new();
        begin(&mut out, 2).unwrap();
        point(&mut out, 1, &case, &Ok(()), Some("no room")).unwrap();
        point(&mut out, 2, &case, &same("the \"value\"", "a\nb", "c"), None).unwrap();
        end(&mut out, 2, 1, 1).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                "TAP version 14\n1..2\n",
                "ok 1 - x-001: a `\\#` is \\\\ said (open) # SKIP no room\n",
                "not ok 2 - x-001: a `\\#` is \\\\ said (open)\n",
                "  ---\n",
                "  rule: \"docs/abi.md, Conventions, masks\"\n",
                "  what: \"the \\\"value\\\"\"\n",
                "  expected: \"\\\"c\\\"\"\n",
                "  got: \"\\\"a\\\\nb\\\"\"\n",
                "  ...\n",
                "# 2 cases, 1 failed, 1 of them open to choice\n",
            )
        );
    }
}
