//! What imports and exports have in common: files and folders of items, how far they have come, and how that is kept for
//! another run.

pub(crate) mod batch_file;
pub(crate) mod checkpoint;
pub(crate) mod folder;
pub(crate) mod names;
pub(crate) mod progress;
pub(crate) mod sidecar;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What has been done, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Items that are where they belong.
    pub(crate) items: u64,
    /// Bytes of their values.
    pub(crate) bytes: u64,
    /// Items that were refused.
    pub(crate) errors: u64,
}

/// How a transfer has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) tally: Tally,
    /// Of these, what an earlier run had done.
    pub(crate) before: Tally,
    /// The time of this run.
    pub(crate) elapsed: Duration,
}

impl Summary {
    fn per_second(&self) -> u64 {
        let items = self.tally.items.saturating_sub(self.before.items);
        let millis = self.elapsed.as_millis().max(1);
        u64::try_from(u128::from(items) * 1000 / millis).unwrap_or(u64::MAX)
    }

    /// A line for people; `verb` is "imported" or "exported".
    pub(crate) fn line(&self, verb: &str) -> String {
        let Tally { items, bytes, errors } = self.tally;
        let errors = match errors {
            0 => "no errors".to_owned(),
            1 => "1 error".to_owned(),
            errors => format!("{errors} errors"),
        };
        let before = match self.before.items {
            0 => String::new(),
            before => format!(" ({before} of them before)"),
        };
        format!(
            "{verb} {}{before}, {bytes} bytes of values, {errors}, in {:.1} s, {} items/s",
            Count(items),
            self.elapsed.as_secs_f64(),
            self.per_second()
        )
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "items": self.tally.items,
            "bytes": self.tally.bytes,
            "errors": self.tally.errors,
            "items_before": self.before.items,
            "seconds": self.elapsed.as_secs_f64(),
            "items_per_second": self.per_second(),
        })
    }
}

/// Makes the names in a folder durable, where a system can be told to.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // Some file systems do not know that.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Items, counted in words.
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "item" } else { "items" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_this_run() {
        let summary = Summary {
            tally: Tally { items: 300, bytes: 7, errors: 1 },
            before: Tally { items: 100, bytes: 3, errors: 0 },
            elapsed: Duration::from_millis(500),
        };
        assert_eq!(
            summary.line("imported"),
            "imported 300 items (100 of them before), 7 bytes of values, 1 error, in 0.5 s, 400 items/s"
        );
        assert_eq!(summary.json()["items_per_second"], 400);
        let nothing = Summary { tally: Tally::default(), before: Tally::default(), elapsed: Duration::ZERO };
        assert_eq!(
            nothing.line("exported"),
            "exported 0 items, 0 bytes of values, no errors, in 0.0 s, 0 items/s"
        );
    }
}
