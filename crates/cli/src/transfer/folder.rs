//! A folder of items: a file for each, and [sidecars](super::sidecar) for what else there is to them.
//!
//! Symbolic links are never followed, neither on reading nor on writing: what is in a folder is all that is touched.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::vec;

use edgekv_runtime::regular_file;
use edgekv_store::batch::Item;
use edgekv_store::{Insert, Key};

use super::checkpoint::digest;
use super::names::{self, RESERVED};
use super::sidecar::{self, Sidecar};
use super::sync_folder;

/// Most files that are made durable one by one. It is one call for all files of a file system, but that also waits for what
/// others have written there.
#[cfg(target_os = "linux")]
const MAX_SYNCED_ALONE: usize = 256;

/// What is not encoded in the name of a file for a checkpoint.
const PLAIN: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b' ');

/// The path of a file in a folder as text that has every byte of it. It need not be text itself.
pub(crate) fn encoded(path: &Path) -> String {
    let names =
        path.iter().map(|name| percent_encoding::percent_encode(name.as_encoded_bytes(), PLAIN).to_string());
    names.collect::<Vec<_>>().join("/")
}

/// The names on a path that was [`encoded`], as bytes.
fn decoded(text: &str) -> Vec<Vec<u8>> {
    text.split('/').map(|name| percent_encoding::percent_decode_str(name).collect()).collect()
}

/// The files of a folder and of those in it, in the order of their paths. It holds the names of the folders that it is in,
/// and nothing else.
#[derive(Debug)]
pub(crate) struct FolderSource {
    root: PathBuf,
    /// Where it is: for each folder what is left of it.
    open: Vec<vec::IntoIter<(OsString, bool)>>,
    at: PathBuf,
    /// The names on the way to the file that was the last one before.
    after: Option<Vec<Vec<u8>>>,
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
    /// The files of `root` behind `after`, which is [`encoded`].
    pub(crate) fn new(root: &Path, after: Option<&str>, max_value: u64) -> io::Result<Self> {
        let open = vec![entries(root, true)?];
        let after = after.map(decoded);
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
            if self.after.as_ref().is_some_and(|after| !is_behind(&path, after)) {
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

/// Whether a file comes after another one.
fn is_behind(path: &Path, after: &[Vec<u8>]) -> bool {
    path.iter().map(OsStr::as_encoded_bytes).gt(after.iter().map(Vec::as_slice))
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
///
/// While that is so, there is a folder `.edgekv/.edgekv` in it, which no key has: with files that are not complete, and with a
/// mark. A run goes on only where the mark is that it knows.
#[derive(Debug)]
pub(crate) struct FolderTarget {
    root: PathBuf,
    /// Whether files may be there from an earlier run.
    is_resumed: bool,
    mark: String,
    /// The file with the mark; locked, so that there are no two runs at a time.
    lock: File,
    /// The folder that was last seen to be one: of a value, and of a sidecar.
    known: [PathBuf; 2],
    /// What was in the folder where a file was last found to be there already; likewise.
    listed: [Option<(PathBuf, HashSet<OsString>)>; 2],
    /// What has been written since it was last made durable.
    unsynced: Vec<PathBuf>,
}

/// Where files are until they are complete.
fn scratch(root: &Path) -> PathBuf {
    root.join(RESERVED).join(RESERVED)
}

/// The mark in a folder, if one was left there.
pub(crate) fn mark(root: &Path) -> Option<String> {
    let mark = regular_file::read(&scratch(root).join("mark"), 1024).ok()?;
    String::from_utf8(mark).ok()
}

/// How many files for values are in a folder.
pub(crate) fn count(root: &Path) -> io::Result<u64> {
    let mut files = 0;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() {
                files += 1;
            } else if kind.is_dir() && !(folder == root && entry.file_name() == RESERVED) {
                folders.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// Whether there is nothing in a folder, or only what a run has left there that did not come to its first item.
fn is_empty(root: &Path) -> io::Result<bool> {
    let only = |folder: &Path| -> io::Result<bool> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() != RESERVED || !entry.file_type()?.is_dir() {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let reserved = root.join(RESERVED);
    Ok(only(root)? && (!reserved.is_dir() || only(&reserved)?))
}

impl FolderTarget {
    /// Prepares a folder: a new or an empty one, but for a run that goes on where its mark is.
    pub(crate) fn new(root: &Path, expected: Option<&str>) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let is_resumed = expected.is_some() && mark(root).as_deref() == expected;
        if !is_resumed && !is_empty(root)? {
            let message =
                "it is not empty, and what is there would be mixed with the export; name a new folder";
            return Err(io::Error::new(ErrorKind::DirectoryNotEmpty, message));
        }
        make_folders(root, &Path::new(RESERVED).join(RESERVED))?;
        let path = scratch(root).join("mark");
        if fs::symlink_metadata(&path).is_ok_and(|is| !is.is_file()) {
            let message = format!("{} is no regular file", path.display());
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        let mut lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        lock_alone(&lock)?;
        let mark = match expected {
            Some(mark) if is_resumed => mark.to_owned(),
            _ => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let mark = digest(format!("{} {}", now.as_nanos(), std::process::id()).as_bytes());
                lock.set_len(0)?;
                lock.write_all(mark.as_bytes())?;
                lock.sync_all()?;
                for folder in [&scratch(root), &root.join(RESERVED), root] {
                    sync_folder(folder)?;
                }
                mark
            }
        };
        Ok(Self {
            root: root.to_owned(),
            is_resumed,
            mark,
            lock,
            known: [PathBuf::new(), PathBuf::new()],
            listed: [None, None],
            unsynced: Vec::new(),
        })
    }

    /// What tells this folder from another one of its name.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// Makes durable what has been written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.unsynced.len() > MAX_SYNCED_ALONE {
            rustix::fs::syncfs(&self.lock)?;
            self.unsynced.clear();
            return Ok(());
        }
        let mut folders = BTreeSet::new();
        for path in &self.unsynced {
            File::open(path)?.sync_all()?;
            folders.extend(path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)));
        }
        for folder in folders {
            sync_folder(folder)?;
        }
        self.unsynced.clear();
        Ok(())
    }

    /// Ends the work: all of it is durable, and nothing else is in the folder.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.sync()?;
        fs::remove_dir_all(scratch(&self.root))?;
        // Unless sidecars are in it.
        let _ = fs::remove_dir(self.root.join(RESERVED));
        sync_folder(&self.root)?;
        // The folder itself is a name in another one.
        sync_folder(self.root.parent().unwrap_or(Path::new("")))
    }

    /// Writes an item. Items have to come in the order of their keys.
    pub(crate) fn write(&mut self, item: &Item) -> io::Result<()> {
        let path = self.place(item.key.as_str())?;
        self.put(&path, &item.insert.value)?;
        let beside = Path::new(RESERVED).join(&path);
        match Sidecar::of(&item.insert) {
            Some(sidecar) => {
                let folder = beside.parent().unwrap_or(Path::new(RESERVED)).to_owned();
                self.folders(&folder)?;
                self.put(&beside, &serde_json::to_vec(&sidecar)?)?;
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
        let kind = kind(path);
        if self.known.get(kind).is_some_and(|known| known.starts_with(path)) {
            return Ok(true);
        }
        if !make_folders(&self.root, path)? {
            return Ok(false);
        }
        if let Some(known) = self.known.get_mut(kind) {
            path.clone_into(known);
        }
        Ok(true)
    }

    /// Writes a file that is there only when it is complete, and is not there yet, but for one that an earlier run has left
    /// for the same key.
    fn put(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let whole = self.root.join(path);
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any new file: what the process's mask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(scratch(&self.root))?;
        file.write_all(content)?;
        if let Err(failed) = file.persist_noclobber(&whole) {
            if failed.error.kind() != ErrorKind::AlreadyExists {
                return Err(failed.error);
            }
            if !self.is_resumed || !self.is_listed(path)? {
                let message = "two keys have the same name on this file system; export to a file instead";
                return Err(io::Error::new(ErrorKind::AlreadyExists, message));
            }
            // In its place, not into it: it may be a link to somewhere else.
            failed.file.persist(&whole)?;
        }
        self.unsynced.push(whole);
        Ok(())
    }

    /// Whether a file that is there has exactly this name: where capitals do not count, it may be that of another key.
    fn is_listed(&mut self, path: &Path) -> io::Result<bool> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let Some(listed) = self.listed.get_mut(kind(path)) else { return Ok(false) };
        let names = match listed {
            Some((at, names)) if at == folder => names,
            _ => {
                let entries = fs::read_dir(self.root.join(folder))?;
                let names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
                &mut listed.insert((folder.to_owned(), names)).1
            }
        };
        Ok(path.file_name().is_some_and(|name| names.contains(name)))
    }
}

/// Which of two kinds of folders it is: 0 for values, 1 for sidecars.
fn kind(path: &Path) -> usize {
    usize::from(path.starts_with(RESERVED))
}

/// Makes the folders on a path in `root`, and says whether they are ones: `false` when a file is there.
fn make_folders(root: &Path, path: &Path) -> io::Result<bool> {
    let mut whole = root.to_owned();
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
    Ok(true)
}

/// Locks a file that is written, unless another process has done so. Where there are no locks, nothing is known.
pub(crate) fn lock_alone(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(ErrorKind::ResourceBusy, "another export is writing there"))
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
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

    /// A target in a folder where an earlier run is said to have been.
    fn resumed(root: &Path) -> FolderTarget {
        fs::create_dir_all(scratch(root)).unwrap();
        fs::write(scratch(root).join("mark"), "m").unwrap();
        FolderTarget::new(root, Some("m")).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_keys_that_are_folders_of_others_included() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("export");
        let long = "long/".repeat(200) + "key";
        let mut keys =
            ["a", "a!", "a/b", "a/b/c", "a//", "b/c", "b/c/d", "%", ".edgekv", "../up", "键", &long];
        keys.sort_unstable();
        let mut target = FolderTarget::new(&root, None).unwrap();
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
        target.finish().unwrap();
        assert_eq!(items(&root), expected);
        assert!(!scratch(&root).exists());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is outside of it");
    }

    #[test]
    fn reading_goes_on_behind_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut target = FolderTarget::new(folder.path(), None).unwrap();
        for key in ["a", "b/c", "b/d", "b!", "c/d/e", "d"] {
            target.write(&item(key, "")).unwrap();
        }
        let paths = |after: Option<&str>| -> Vec<_> {
            read(folder.path(), after).into_iter().map(|found| found.path).collect()
        };
        let all = paths(None);
        assert_eq!(all.len(), 6);
        for (place, path) in all.iter().enumerate() {
            assert_eq!(paths(Some(&encoded(path))), all[place + 1..], "after {path:?}");
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
        let mut target = resumed(&inside);
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
        for expected in [None, Some("m")] {
            let error = FolderTarget::new(folder.path(), expected).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        }
        let mut target = resumed(folder.path());
        target.write(&item("mine", "again")).unwrap();
        assert_eq!(items(folder.path())["mine"].value, "again");
    }

    #[test]
    fn what_a_run_has_left_that_wrote_nothing_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderTarget::new(folder.path(), None).unwrap();
        let mark = first.mark().to_owned();
        let error = FolderTarget::new(folder.path(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy, "one at a time: {error}");
        drop(first);
        fs::write(scratch(folder.path()).join("half"), "of a file").unwrap();
        let mut second = FolderTarget::new(folder.path(), None).unwrap();
        assert_ne!(second.mark(), mark);
        second.write(&item("k", "v")).unwrap();
        second.finish().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn files_of_other_keys_are_not_replaced_where_capitals_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("A"), "").unwrap();
        let mut target = resumed(folder.path());
        // What such a file system says is there, and what it lists.
        assert!(!target.is_listed(Path::new("a")).unwrap());
        assert!(target.is_listed(Path::new("A")).unwrap());
        let mut target = FolderTarget { is_resumed: false, ..target };
        let error = target.write(&item("A", "")).unwrap_err();
        assert!(error.to_string().contains("two keys"), "{error}");
    }

    #[test]
    fn files_are_counted_without_what_is_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut target = FolderTarget::new(folder.path(), None).unwrap();
        for key in ["a", "b/c", "b/d/.edgekv"] {
            let mut item = item(key, "v");
            item.insert.metadata = Metadata::new("m").unwrap();
            target.write(&item).unwrap();
        }
        assert_eq!(count(folder.path()).unwrap(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_have_a_place_in_the_order() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let names: [&[u8]; 4] = [b"%80", b"\x80", "é".as_bytes(), b"\xff"];
        for name in names {
            fs::write(folder.path().join(OsStr::from_bytes(name)), "").unwrap();
        }
        let all: Vec<_> = read(folder.path(), None).into_iter().map(|found| found.path).collect();
        assert_eq!(all.len(), names.len());
        for (place, path) in all.iter().enumerate() {
            let rest = read(folder.path(), Some(&encoded(path)));
            assert_eq!(rest.len(), all.len() - place - 1, "after {path:?}");
        }
    }
}
