//! A bar on standard error, for people who wait.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Tally;

/// How often the bar moves.
const EVERY: Duration = Duration::from_millis(100);

/// Shows how far a transfer is, or nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Absent where nobody would see it.
    bar: Option<ProgressBar>,
    moved: Cell<Instant>,
}

impl Progress {
    /// A bar if somebody can see it; `bytes` is the length of the input, if it is known.
    pub(crate) fn new(is_quiet: bool, bytes: Option<u64>) -> Self {
        let moved = Cell::new(Instant::now());
        if is_quiet || !io::stderr().is_terminal() {
            return Self { bar: None, moved };
        }
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr());
        let template = match bytes {
            Some(_) => "{wide_bar} {bytes}/{total_bytes} {msg} {eta}",
            None => "{spinner} {msg} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar: Some(bar), moved }
    }

    /// So much of the input is done. Called for every item, it costs next to nothing.
    pub(crate) fn at(&self, position: Option<u64>, tally: &Tally) {
        let Some(bar) = &self.bar else { return };
        if self.moved.get().elapsed() < EVERY {
            return;
        }
        self.moved.set(Instant::now());
        match position {
            Some(position) => bar.set_position(position),
            None => bar.tick(),
        }
        let errors = if tally.errors == 0 { String::new() } else { format!(", {} errors", tally.errors) };
        bar.set_message(format!("{} items{errors}", tally.items));
    }

    /// Prints a line on standard error that the bar does not overwrite.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("edgekv: {line}")),
            None => eprintln!("edgekv: {line}"),
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
