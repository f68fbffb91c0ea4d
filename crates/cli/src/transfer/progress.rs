//! A bar on standard error, for people who wait.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Tally;

/// Shows how far a transfer is, or nothing.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar if somebody can see it; `bytes` is the length of the input, if it is known.
    pub(crate) fn new(is_quiet: bool, bytes: Option<u64>) -> Self {
        let target = if is_quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => "{wide_bar} {bytes}/{total_bytes} {msg} {eta}",
            None => "{spinner} {msg} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So much of the input is done.
    pub(crate) fn at(&self, position: Option<u64>, tally: &Tally) {
        if self.0.is_hidden() {
            return;
        }
        match position {
            Some(position) => self.0.set_position(position),
            None => self.0.tick(),
        }
        let errors = if tally.errors == 0 { String::new() } else { format!(", {} errors", tally.errors) };
        self.0.set_message(format!("{} items{errors}", tally.items));
    }

    /// Prints a line on standard error that the bar does not overwrite.
    pub(crate) fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("edgekv: {line}"));
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
