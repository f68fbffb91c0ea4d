//! A folder of items: a file for each, and [sidecars](super::sidecar) for what else there is to them.
//!
//! Symbolic links are never followed, neither on reading nor on writing: what is in a folder is all that is touched.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::vec;

use edgekv_runtime::regular_file;
use edgekv_store::batch::Item;
use edgekv_store::{Insert, Key};

use super::names::{self, RESERVED};
use super::sidecar::{self, Sidecar};

/// The files of a folder and of those in it, in the order of their paths. It holds the names of the folders that it is in,
/// and nothing else.
#[derive(Debug)]
pub(crate) struct FolderSource {
    root: PathBuf,
    /// Where it is: for each folder what is left of it.
    open: Vec<vec::IntoIter<(OsString, bool)>>,
    at: PathBuf,
    after: Option<PathBuf>,
    max_value: u64,
    /// Where sidecars are, if there are any, without links on the way.
    sidecars: Option<PathBuf>,
}

/// A file, and the item that it stands for, or why it is none.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its path in the folder.
    pub(crate) path: PathBuf,
    pub(crate) item: Result<Item, (Option<String>, String)>,
}

impl FolderSource {
    /// The files of `root` behind `after`.
    pub(crate) fn new(root: &Path, after: Option<&str>, max_value: u64) -> io::Result<Self> {
        let open = vec![entries(root, true)?];
        let after = after.map(PathBuf::from);
        let sidecars = match fs::symlink_metadata(root.join(RESERVED)) {
            Ok(metadata) if metadata.is_dir() => Some(fs::canonicalize(root.join(RESERVED))?),
            _ => None,
        };
        Ok(Self { root: root.to_owned(), open, at: PathBuf::new(), after, max_value, sidecars })
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let Some(entries_left) = self.open.last_mut() else { return Ok(None) };
            let Some((name, is_folder)) = entries_left.next() else {
                self.open.pop();
                self.at.pop();
                continue;
            };
            let path = self.at.join(&name);
            if is_folder {
                self.open.push(entries(&self.root.join(&path), false)?);
                self.at = path;
                continue;
            }
            if self.after.as_ref().is_some_and(|after| path <= *after) {
                continue;
            }
            let item = self.read(&path);
            return Ok(Some(Found { path, item }));
        }
    }

    fn read(&self, path: &Path) -> Result<Item, (Option<String>, String)> {
        let names: Option<Vec<&str>> = path.iter().map(|name| name.to_str()).collect();
        let key = names.and_then(names::key);
        let key = key.ok_or_else(|| (None, "its name is not valid UTF-8".to_owned()))?;
        let wrong = |why: String| (Some(key.clone()), why);
        let item_key = Key::new(&key).map_err(|error| wrong(error.to_string()))?.to_buf();
        let value = regular_file::read(&self.root.join(path), self.max_value);
        let mut insert = Insert::new(value.map_err(|error| wrong(format!("cannot read it: {error}")))?);
        if let Some(sidecars) = &self.sidecars {
            let beside = sidecars.join(path);
            apply_sidecar(&beside, &mut insert)
                .map_err(|why| wrong(format!("{}: {why}", beside.display())))?;
        }
        Ok(Item { key: item_key, insert })
    }
}

/// Adds what a sidecar says, if there is one.
fn apply_sidecar(path: &Path, insert: &mut Insert) -> Result<(), String> {
    match fs::canonicalize(path) {
        Ok(real) if real == path => {}
        Ok(_) => return Err("a symbolic link is on the way to it".to_owned()),
        // A file in the place of a folder means the same.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    }
    let text = regular_file::read(path, sidecar::MAX_BYTES).map_err(|error| error.to_string())?;
    let sidecar: Sidecar = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    sidecar.apply(insert)
}

/// Files and folders in a folder, and whether each is a folder, by name.
fn entries(folder: &Path, is_root: bool) -> io::Result<vec::IntoIter<(OsString, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_root && entry.file_name() == RESERVED {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_file() || kind.is_dir() {
            entries.push((entry.file_name(), kind.is_dir()));
        } else {
            let what = if kind.is_symlink() { "a symbolic link" } else { "no regular file" };
            tracing::warn!("{} is {what}, and left out", entry.path().display());
        }
    }
    entries.sort_unstable();
    Ok(entries.into_iter())
}

/// A folder that items are written to.
#[derive(Debug)]
pub(crate) struct FolderTarget {
    root: PathBuf,
    /// Whether files may be there from an earlier run, perhaps half of one.
    is_resumed: bool,
    /// The folder that was last seen to be one.
    known: PathBuf,
}

impl FolderTarget {
    /// Prepares a folder: a new or an empty one, but for a run that goes on.
    pub(crate) fn new(root: &Path, is_resumed: bool) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        if !is_resumed && fs::read_dir(root)?.next().is_some() {
            let message =
                "it is not empty, and what is there would be mixed with the export; name a new folder";
            return Err(io::Error::new(ErrorKind::DirectoryNotEmpty, message));
        }
        Ok(Self { root: root.to_owned(), is_resumed, known: PathBuf::new() })
    }

    /// Writes an item. Items have to come in the order of their keys.
    pub(crate) fn write(&mut self, item: &Item) -> io::Result<()> {
        let path = self.place(item.key.as_str())?;
        let mut file = self.create(&self.root.join(&path))?;
        file.write_all(&item.insert.value)?;
        let beside = Path::new(RESERVED).join(&path);
        match Sidecar::of(&item.insert) {
            Some(sidecar) => {
                let folder = beside.parent().unwrap_or(Path::new(RESERVED)).to_owned();
                self.folders(&folder)?;
                let mut file = self.create(&self.root.join(&beside))?;
                file.write_all(&serde_json::to_vec(&sidecar)?)?;
            }
            None if self.is_resumed => match fs::remove_file(self.root.join(&beside)) {
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Err(error);
                }
                _ => {}
            },
            None => {}
        }
        Ok(())
    }

    /// The path of the file for a key, whose folders are there.
    fn place(&mut self, key: &str) -> io::Result<PathBuf> {
        let segments = names::segments(key);
        let mut path = PathBuf::new();
        for (number, segment) in segments.iter().enumerate() {
            let names = names::names(segment);
            let is_last = number + 1 == segments.len();
            let folders = if is_last { names.len() - 1 } else { names.len() };
            let mut inner = path.clone();
            inner.extend(names.iter().take(folders));
            if !self.folders(&inner)? {
                // The key `a` is a file already, so `a/b` is no file in a folder `a`, but `a%2Fb` beside it.
                let rest = segments.get(number..).unwrap_or_default().join("/");
                let mut names = names::names(&rest);
                let file = names.pop().unwrap_or_default();
                path.extend(names);
                if !self.folders(&path)? {
                    return Err(io::Error::new(
                        ErrorKind::AlreadyExists,
                        "a file is where a folder has to be",
                    ));
                }
                path.push(file);
                return Ok(path);
            }
            path = inner;
            if is_last {
                path.extend(names.last());
            }
        }
        Ok(path)
    }

    /// Makes folders, and says whether they are ones: `false` when a file is there.
    fn folders(&mut self, path: &Path) -> io::Result<bool> {
        if path == self.known {
            return Ok(true);
        }
        let mut whole = self.root.clone();
        for name in path {
            whole.push(name);
            match fs::create_dir(&whole) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let kind = fs::symlink_metadata(&whole)?.file_type();
                    if kind.is_symlink() {
                        let message = format!("{} is a symbolic link", whole.display());
                        return Err(io::Error::new(ErrorKind::AlreadyExists, message));
                    }
                    if !kind.is_dir() {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        path.clone_into(&mut self.known);
        Ok(true)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let created = OpenOptions::new().write(true).create_new(true).open(path);
        match created {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if !self.is_resumed {
                    let message = "two keys have the same name on this file system; export to a file instead";
                    return Err(io::Error::new(ErrorKind::AlreadyExists, message));
                }
                // Half of it may be there. In its place, not into it: it may be a link to somewhere else.
                fs::remove_file(path)?;
                OpenOptions::new().write(true).create_new(true).open(path)
            }
            created => created,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use edgekv_store::Metadata;

    use super::*;

    fn item(key: &str, value: &str) -> Item {
        Item { key: Key::new(key).unwrap().to_buf(), insert: Insert::new(value.to_owned()) }
    }

    fn read(root: &Path, after: Option<&str>) -> Vec<Found> {
        let mut source = FolderSource::new(root, after, 100).unwrap();
        std::iter::from_fn(|| source.next().unwrap()).collect()
    }

    fn items(root: &Path) -> BTreeMap<String, Insert> {
        let found = read(root, None).into_iter().map(|found| found.item.unwrap());
        found.map(|item| (item.key.to_string(), item.insert)).collect()
    }

    #[test]
    fn what_is_written_is_read_back_keys_that_are_folders_of_others_included() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("export");
        let long = "long/".repeat(200) + "key";
        let mut keys =
            ["a", "a!", "a/b", "a/b/c", "a//", "b/c", "b/c/d", "%", ".edgekv", "../up", "键", &long];
        keys.sort_unstable();
        let mut target = FolderTarget::new(&root, false).unwrap();
        let mut expected = BTreeMap::new();
        for key in keys {
            let mut item = item(key, &format!("value of {}", key.len()));
            if key.contains('b') {
                item.insert.metadata = Metadata::new("m").unwrap();
                item.insert.time_to_live = Some(Duration::from_secs(60));
            }
            target.write(&item).unwrap();
            expected.insert(key.to_owned(), item.insert);
        }
        assert_eq!(items(&root), expected);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is outside of it");
    }

    #[test]
    fn reading_goes_on_behind_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut target = FolderTarget::new(folder.path(), false).unwrap();
        for key in ["a", "b/c", "b/d", "b!", "c/d/e", "d"] {
            target.write(&item(key, "")).unwrap();
        }
        let paths = |after: Option<&str>| -> Vec<_> {
            read(folder.path(), after).into_iter().map(|found| found.path).collect()
        };
        let all = paths(None);
        assert_eq!(all.len(), 6);
        for (place, path) in all.iter().enumerate() {
            assert_eq!(paths(path.to_str()), all[place + 1..], "after {path:?}");
        }
    }

    #[test]
    fn what_is_no_item_is_told_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a;b"), "").unwrap();
        fs::write(folder.path().join("large"), "x".repeat(101)).unwrap();
        fs::write(folder.path().join("side"), "").unwrap();
        fs::create_dir(folder.path().join(RESERVED)).unwrap();
        fs::write(folder.path().join(RESERVED).join("side"), "{").unwrap();
        let problems: Vec<_> =
            read(folder.path(), None).into_iter().map(|found| found.item.unwrap_err()).collect();
        let words = [("a;b", "';'"), ("large", "limit"), ("side", "EOF")];
        assert_eq!(problems.len(), words.len());
        for ((key, why), (expected, word)) in problems.iter().zip(words) {
            assert_eq!(key.as_deref(), Some(expected));
            assert!(why.contains(word), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("folder")).unwrap();
        std::os::unix::fs::symlink(outside.join("secret"), inside.join("file")).unwrap();
        assert!(items(&inside).is_empty());
        let mut target = FolderTarget::new(&inside, true).unwrap();
        assert!(target.write(&item("folder/x", "")).is_err());
        target.write(&item("file", "new")).unwrap();
        assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "s");
        assert_eq!(outside.read_dir().unwrap().count(), 1);
        assert_eq!(items(&inside)["file"].value, "new");
    }

    #[test]
    fn an_export_is_not_mixed_with_something_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "").unwrap();
        let error = FolderTarget::new(folder.path(), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        let mut target = FolderTarget::new(folder.path(), true).unwrap();
        target.write(&item("mine", "again")).unwrap();
        assert_eq!(items(folder.path())["mine"].value, "again");
    }
}
