//! WebAssembly that is read to be looked at or linked, and not to be run.

use std::io::ErrorKind;
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
