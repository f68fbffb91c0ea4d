//! WebAssembly that is read to be looked at or linked, and not to be run, and what comes of it.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use edgekv_runtime::regular_file;

use crate::exit::{Failure, Status};

/// Largest file, as of programs that are run: 1 GiB.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Reads a file, and says what else is there if it is none. What is in it is for others to judge.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    regular_file::read(path, MAX_BYTES).map_err(|error| {
        let path = path.display();
        let (status, cause) = match error.kind() {
            ErrorKind::NotFound => (Status::NotFound, "there is no such file; check the path".to_owned()),
            ErrorKind::IsADirectory => {
                (Status::CannotRun, "is a directory; name the .wasm file in it".to_owned())
            }
            ErrorKind::InvalidInput => (
                Status::CannotRun,
                "is a pipe, a socket or a device; name the .wasm file that your compiler made".to_owned(),
            ),
            _ => (Status::CannotRun, format!("cannot be read: {error}")),
        };
        Failure::said(status, format!("{path}: {cause}"))
    })
}

/// What a file is called in a component: its name without what says that it is one.
pub(crate) fn part_name(path: &Path) -> String {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    name.strip_suffix(".component").filter(|rest| !rest.is_empty()).unwrap_or(&name).to_owned()
}

/// Writes the file, in one step: nobody sees half of it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // An empty parent is the current directory; by that name nothing can be made in it.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".edgekv-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file; the user's mask takes off what it does.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory.unwrap_or_else(|| Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_called_as_their_files_without_endings() {
        for (path, name) in [
            ("my-app.component.wasm", "my-app"),
            ("a/b/tenant-layer.wasm", "tenant-layer"),
            ("v1.2.wasm", "v1.2"),
            (".component.wasm", ".component"),
            ("app", "app"),
        ] {
            assert_eq!(part_name(Path::new(path)), name, "{path}");
        }
    }
}
