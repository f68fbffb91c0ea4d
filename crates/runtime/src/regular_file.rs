//! Files that are read whole: only regular ones, and never more than was agreed.
//!
//! Opening a pipe waits for somebody who may never come, and a device such as `/dev/zero` has no end.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens a file that is a regular one.
///
/// # Errors
///
/// What the system says; a pipe, a socket or a device is [`ErrorKind::InvalidInput`], a directory
/// [`ErrorKind::IsADirectory`].
pub fn open(path: &Path) -> io::Result<File> {
    // Asked before, because opening may wait, and after, because the file may have been replaced.
    check(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file of at most `max_bytes`.
///
/// # Errors
///
/// Those of [`open`], and [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    read_open(&open(path)?, max_bytes)
}

/// Reads what is left of an open file, at most `max_bytes`.
pub(crate) fn read_open(file: &File, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len().min(max_bytes)).unwrap_or(0));
    // The length is that of a moment ago; what counts is what comes out.
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("it has more than {max_bytes} bytes, which is the limit");
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let message = "it is a pipe, a socket or a device, not a regular file";
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_inclusive() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        let error = read(&path, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "it has more than 3 bytes, which is the limit");
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_directories_are_refused() {
        let device = read(Path::new("/dev/zero"), 10).unwrap_err();
        assert_eq!(device.to_string(), "it is a pipe, a socket or a device, not a regular file");
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path(), 10).unwrap_err().kind(), ErrorKind::IsADirectory);
    }
}
