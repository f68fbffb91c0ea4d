//! Checks everything that a change must pass, in one order, and says how to repeat what failed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::toolchain::{self, Target};
use crate::{clients, codegen, dependencies, guest_tests, guests, process, workspace};

/// One check. The order is the order they run in: quick ones first, and those that share compiled code together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Source is formatted
    Fmt,
    /// Generated files are what `cargo xtask codegen` writes
    Codegen,
    /// Dependencies point the right way, under licences we accept
    Dependencies,
    /// Guests compile
    Guests,
    /// Lints, as errors, for hosts and guests
    Clippy,
    /// Documentation builds without a warning
    Docs,
    /// Unit, integration, documentation tests
    Tests,
    /// Tests that are guests, run by the edgekv that was just built
    GuestTests,
    /// The official clients of the API, against the edgekv that was just built
    Clients,
}

/// Runs `only` these steps, or all when there are none.
///
/// # Errors
///
/// At the first failure, with the command that repeats the step alone.
pub(crate) fn run(only: &[Step]) -> Result<()> {
    let steps = chosen(only);
    let start = Instant::now();
    let mut times = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("\n# {} ({} of {}): {}", step.name(), number + 1, steps.len(), step.purpose());
        let start = Instant::now();
        step.run().with_context(|| {
            format!(
                "step {name} failed after {time}; to repeat it alone: cargo xtask test --only {name}",
                name = step.name(),
                time = process::duration(start.elapsed()),
            )
        })?;
        println!("# {}: ok, {}", step.name(), process::duration(start.elapsed()));
        times.push((*step, start.elapsed()));
    }
    println!("\n{}", summary(&times, start.elapsed()));
    Ok(())
}

/// The steps to run, in their order, each once.
fn chosen(only: &[Step]) -> Vec<Step> {
    Step::value_variants().iter().copied().filter(|step| only.is_empty() || only.contains(step)).collect()
}

fn summary(times: &[(Step, Duration)], total: Duration) -> String {
    let steps: Vec<_> =
        times.iter().map(|(step, time)| format!("{} {}", step.name(), process::duration(*time))).collect();
    format!("all is well: {}; {} in all", steps.join(", "), process::duration(total))
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn purpose(self) -> String {
        let value = self.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }

    /// What only guests compile: the crates and tests that have code for their targets alone.
    fn clippy_for_guests() -> Result<()> {
        let program =
            &["clippy", "--package", "edgekv-sys", "--package", "edgekv", "--features", "edgekv/serde"];
        clippy_for(Target::Program, program)?;
        clippy_for(Target::Component, &["clippy", "--package", "edgekv", "--all-features"])?;
        // The part of the store that needs no system.
        clippy_for(Target::Layer, &["clippy", "--package", "edgekv-store", "--no-default-features"])?;
        for manifest in guests::MANIFESTS {
            for package in guests::packages(manifest)? {
                let this = ["clippy", "--manifest-path", manifest, "--package", &package.name];
                if guests::says(&package, "component") {
                    clippy_for(Target::Component, &this)?;
                }
                if guests::says(&package, "layer") {
                    clippy_for(Target::Layer, &this)?;
                }
            }
        }
        // Tests that are guests are code for their target alone as well.
        for package in guest_tests::packages()? {
            let manifest = package.manifest_path.as_str();
            clippy_for(
                Target::Program,
                &["clippy", "--manifest-path", manifest, "--all-targets", "--all-features"],
            )?;
        }
        Ok(())
    }

    fn run(self) -> Result<()> {
        let cargo = |words: &str| {
            let mut command = process::cargo();
            command.args(words.split_whitespace());
            command
        };
        let [_, of_guests] = guests::MANIFESTS;
        match self {
            Self::Fmt => {
                process::run(&mut cargo("fmt --check --all"))?;
                process::run(&mut cargo(&format!("fmt --check --all --manifest-path {of_guests}")))
            }
            Self::Codegen => codegen::run(true),
            Self::Dependencies => dependencies::check(),
            Self::Guests => guests::build(&[]),
            Self::Clippy => {
                process::run(&mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"))?;
                // Guests are checked as host programs: that needs no guest toolchain, and shares our target directory
                // with its compiled dependencies.
                let mut clippy = cargo(&format!("clippy --manifest-path {of_guests} --target-dir"));
                clippy.arg(workspace::target_directory()?);
                process::run(clippy.args(["--workspace", "--", "-D", "warnings"]))?;
                Self::clippy_for_guests()
            }
            Self::Docs => process::run(
                cargo("doc --no-deps --workspace --all-features --document-private-items")
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Tests => {
                // Tests run guests; up to date they cost a second.
                guests::build(&[])?;
                process::run(&mut cargo("test --workspace --all-features"))
            }
            Self::GuestTests => guest_tests::run(),
            Self::Clients => clients::test(),
        }
    }
}

/// Checks code as it is for this target, by `cargo` with these words.
fn clippy_for(target: Target, words: &[&str]) -> Result<()> {
    let toolchain = toolchain::ensure(target)?;
    if !toolchain.is_ordinary() {
        println!(
            "guests are compiled by {toolchain}, which has no clippy: their crates are checked as host programs"
        );
        return Ok(());
    }
    let mut clippy = process::cargo();
    // With what guests are built of, which is compiled for checking alone, and not for each of the workspaces.
    toolchain.apply(clippy.args(words).arg("--target-dir").arg(workspace::target_directory()?));
    process::run(clippy.args(["--", "-D", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_run_when_none_is_named() {
        assert_eq!(chosen(&[]), Step::value_variants());
    }

    #[test]
    fn named_steps_run_once_and_in_their_order() {
        assert_eq!(chosen(&[Step::Tests, Step::Fmt, Step::Tests]), [Step::Fmt, Step::Tests]);
    }

    #[test]
    fn every_step_has_a_name_and_a_purpose_to_show() {
        for step in Step::value_variants() {
            assert!(!step.name().is_empty() && !step.purpose().is_empty(), "{step:?}");
        }
    }

    #[test]
    fn the_summary_names_each_step_with_its_time() {
        let times = [(Step::Fmt, Duration::from_millis(1500)), (Step::Tests, Duration::from_secs(90))];
        assert_eq!(
            summary(&times, Duration::from_secs(92)),
            "all is well: fmt 1.5 s, tests 1 min 30 s; 1 min 32 s in all"
        );
    }
}
