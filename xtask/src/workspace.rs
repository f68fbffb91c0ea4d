//! Where the workspace is, and where cargo builds it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

/// The root of the workspace. All tasks run there, and all paths they show are relative to it.
pub(crate) fn root() -> PathBuf {
    // cargo sets the variable when it runs us; the one from compile time is wrong after the folder was moved.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(package);
    root.pop();
    root
}

/// Where cargo builds host programs; `target`, unless a user's configuration says otherwise.
///
/// # Errors
///
/// When cargo cannot read the workspace.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cannot read the workspace")?;
    let target = metadata.target_directory.into_std_path_buf();
    let short = target.strip_prefix(metadata.workspace_root).map(PathBuf::from);
    Ok(short.unwrap_or(target))
}
