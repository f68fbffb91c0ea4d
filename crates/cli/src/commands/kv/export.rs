//! `edgekv kv export`: a store into a file or a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use edgekv_store::batch::{self, Item};
use edgekv_store::{Key, KeyBuf};

use super::StoreArgs;
use crate::access::{Absent, Access, OnInterrupt, Store};
use crate::exit::{self, Failure, Status};
use crate::interrupt::Asked;
use crate::report;
use crate::transfer::batch_file::{self, Written};
use crate::transfer::checkpoint::{Before, Job, Keeper, Place, Position, beside};
use crate::transfer::folder::{self, FolderTarget, lock_alone};
use crate::transfer::progress::Progress;
use crate::transfer::{Count, Summary, Tally, sync_folder};

const EXAMPLES: &str = "\
Examples:
  edgekv kv export mystore items.ndjson
  edgekv kv export mystore ./site/ --prefix pages/
  edgekv kv export mystore - | gzip > items.ndjson.gz";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::DATA_HELP))]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// The file to write, an item on each line; a folder (one that is there, or a name with a `/` at its end), with a file
    /// for each item; `-` is standard output
    #[arg(value_name = "FILE|DIR|-")]
    output: PathBuf,
    /// Only keys that begin so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,
    /// The file to keep the place in, for an export that is interrupted [default: beside the output]
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// No progress, no summary
    #[arg(long, short)]
    quiet: bool,
}

/// Where items go.
enum Target {
    /// Standard output, or what is no regular file: a pipe, a device.
    Stream(BufWriter<Box<dyn Write>>),
    /// A file that takes its name when it is complete.
    File {
        file: BufWriter<File>,
        bytes: u64,
        partial: PathBuf,
        path: PathBuf,
    },
    Folder(FolderTarget),
}

impl Target {
    fn write(&mut self, item: &Item, line: &mut Vec<u8>) -> io::Result<()> {
        if let Self::Folder(folder) = self {
            return folder.write(item);
        }
        line.clear();
        batch::write_item(line, item.key.as_key(), &item.insert);
        match self {
            Self::Stream(out) => out.write_all(line),
            Self::File { file, bytes, .. } => {
                file.write_all(line)?;
                // Only now: half of a line is none.
                *bytes += line.len() as u64;
                Ok(())
            }
            Self::Folder(_) => Ok(()),
        }
    }

    /// Gives what was written to the system.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
            Self::Folder(_) => Ok(()),
        }
    }

    /// Makes durable what was written.
    fn sync(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(_) => Ok(()),
            Self::File { file, .. } => file.get_ref().sync_data(),
            Self::Folder(folder) => folder.sync(),
        }
    }

    /// Where to go on when this is what is done.
    fn place(&self, at: &Progressed) -> Place {
        let position = match self {
            Self::File { bytes, .. } => Position::Offset { bytes: *bytes, line: 0 },
            _ => Position::After(at.last.as_ref().map(ToString::to_string).unwrap_or_default()),
        };
        let mark = match self {
            Self::Folder(folder) => Some(folder.mark().to_owned()),
            _ => None,
        };
        Place { position, done: at.tally, head: None, last: None, mark }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Stream(_) => Ok(()),
            Self::File { file, partial, path, .. } => {
                file.get_ref().sync_all()?;
                fs::rename(partial, &path)?;
                sync_folder(path.parent().unwrap_or(Path::new("")))
            }
            Self::Folder(folder) => folder.finish(),
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Default)]
struct Progressed {
    tally: Tally,
    /// The last key that was written.
    last: Option<KeyBuf>,
}

impl ExportArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let asked = Asked::on_interrupt()?;
        let access = self.store.access.open(Absent::Refuse, OnInterrupt::Leave)?;
        let done = self.export(&access, &asked);
        access.close()?;
        done
    }

    fn export(&self, access: &Access, asked: &Asked) -> Result<ExitCode, Failure> {
        let store = access.store(&self.store.name)?;
        let mut keeper = self.keeper(access, &store)?;
        let before = match &mut keeper {
            Some(keeper) => keeper.load()?.unless(|place| self.lost(place))?,
            None => Before::Nothing,
        };
        let (mut target, mut at) = self.target(&before, &mut keeper, store.max_value_bytes())?;
        if let Some(keeper) = &mut keeper {
            // From now on there may be half of an export, which nobody must take for something else.
            keeper.note(target.place(&at), || Ok(()))?;
        }
        let progress = Progress::new(self.quiet || self.store.report.json, None);
        let anew = match &before {
            Before::Stale(why) => Some(why.as_str()),
            Before::There(place) if place.done.items > 0 && at.tally.items == 0 => {
                Some("what there is of it does not fit the checkpoint")
            }
            Before::There(_) | Before::Nothing => None,
        };
        if !self.quiet && !self.store.report.json {
            match anew {
                Some(why) => progress.say(&format!("begins anew, because {why}")),
                None if at.tally.items > 0 => progress.say(&format!("goes on after item {}", at.tally.items)),
                None => {}
            }
        }
        let started = Instant::now();
        let done_before = at.tally;
        let ended = self.transfer(&store, &mut target, &mut keeper, asked, &progress, &mut at);
        progress.clear();
        let tally = at.tally;
        let summary = Summary { tally, before: done_before, elapsed: started.elapsed() };
        let advice = keeper.as_ref().map_or_else(|| "run it again to begin anew".to_owned(), Keeper::advice);
        match ended {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("interrupted; {} exported; {advice}", Count(tally.items));
                return Err(Failure::said(Status::Interrupted, message));
            }
            Err(failure) if failure.status == Status::ReaderGone => return Err(failure),
            Err(Failure { status, error }) => {
                let error = anyhow::anyhow!("{error:#}; {} exported; {advice}", Count(tally.items));
                return Err(Failure { status, error });
            }
        }
        if let Some(keeper) = &keeper {
            keeper.remove()?;
        }
        let answer = if self.store.report.json {
            let mut answer = summary.json();
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("store".into(), self.store.name.as_str().into());
                if let Some(why) = anew {
                    answer.insert("begins_anew".into(), why.into());
                }
            }
            answer.to_string()
        } else {
            summary.line("exported")
        };
        if self.quiet && !self.store.report.json {
            return Ok(ExitCode::SUCCESS);
        }
        // Standard output is for the items, if it is for them.
        if self.is_standard() {
            eprintln!("{answer}");
        } else {
            report::line(answer)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Reads until the end, which is `true`, or an interrupt. What is complete by then is noted, also after a failure.
    fn transfer(
        &self,
        store: &Store,
        target: &mut Target,
        keeper: &mut Option<Keeper>,
        asked: &Asked,
        progress: &Progress,
        at: &mut Progressed,
    ) -> Result<bool, Failure> {
        let moved = self.items(store, target, keeper, asked, progress, at);
        if !matches!(moved, Ok(true))
            && let Some(keeper) = keeper
        {
            let noted = match target.flush() {
                Ok(()) => keeper.note(target.place(at), || target.sync()),
                // What could not be given to the system is not done; what was noted before still is.
                Err(error) => Err(self.cannot_write(&error)),
            };
            // What came first is what went wrong.
            if moved.is_ok() {
                noted?;
            }
        }
        if moved? {
            target.finish().map_err(|error| self.cannot_write(&error))?;
            return Ok(true);
        }
        Ok(false)
    }

    fn items(
        &self,
        store: &Store,
        target: &mut Target,
        keeper: &mut Option<Keeper>,
        asked: &Asked,
        progress: &Progress,
        at: &mut Progressed,
    ) -> Result<bool, Failure> {
        let mut items = store.items(&self.prefix, at.last.as_ref().map(KeyBuf::as_key))?;
        let mut line = Vec::new();
        while let Some(item) = items.next()? {
            if asked.is() {
                return Ok(false);
            }
            target.write(&item, &mut line).map_err(|error| self.cannot_write(&error))?;
            at.tally.items += 1;
            at.tally.bytes += item.insert.value.len() as u64;
            progress.at(None, &at.tally);
            at.last = Some(item.key);
            if let Some(keeper) = keeper.as_mut()
                && keeper.is_due()
            {
                target.flush().map_err(|error| self.cannot_write(&error))?;
                keeper.note(target.place(at), || target.sync())?;
            }
        }
        Ok(true)
    }

    fn cannot_write(&self, error: &io::Error) -> Failure {
        if self.is_standard() {
            return report::cannot_print(error);
        }
        Failure::said(Status::CannotWrite, format!("cannot write to {}: {error}", self.output.display()))
    }

    fn is_standard(&self) -> bool {
        self.output == Path::new("-")
    }

    /// Whether there is something that takes bytes and is no file: it is written to, and not replaced.
    fn is_stream(&self) -> bool {
        self.is_standard() || self.output.metadata().is_ok_and(|is| !is.is_file() && !is.is_dir())
    }

    fn is_folder(&self) -> bool {
        let has_slash = self
            .output
            .as_os_str()
            .as_encoded_bytes()
            .last()
            .is_some_and(|last| std::path::is_separator(char::from(*last)));
        has_slash || self.output.is_dir()
    }

    fn keeper(&self, access: &Access, store: &Store) -> Result<Option<Keeper>, Failure> {
        if self.is_stream() {
            if self.resume.is_some() {
                let message = "what was written to standard output or a device cannot be gone on with; export to a file";
                return Err(Failure::said(Status::Usage, message));
            }
            return Ok(None);
        }
        let path = std::path::absolute(&self.output).map_err(|error| self.cannot_write(&error))?;
        // Without a slash at its end it names the place beside the folder, and not one in it.
        let path: PathBuf = path.components().collect();
        let job = Job {
            what: "export".into(),
            data: access.name().to_owned(),
            store: store.about().id,
            created: store.created(),
            prefix: self.prefix.clone(),
            path: path.to_string_lossy().into_owned(),
            input: None,
        };
        Ok(Some(Keeper::new(self.resume.as_deref(), &path, job)))
    }

    /// Why what is said to be done is not there.
    fn lost(&self, place: &Place) -> Result<Option<String>, Failure> {
        let cannot = |error: io::Error| self.cannot_write(&error);
        if self.is_folder() {
            let expected = place.mark.as_deref();
            if expected.is_none() || folder::mark(&self.output).as_deref() != expected {
                return Ok(Some("the folder is another one, or has been emptied".to_owned()));
            }
            if folder::count(&self.output).map_err(cannot)? < place.done.items {
                return Ok(Some("files are missing in the folder".to_owned()));
            }
            return Ok(None);
        }
        let Position::Offset { bytes, .. } = place.position else {
            return Ok(Some("the last export was one to a folder".to_owned()));
        };
        let (_, partial) = self.paths();
        let is_there = fs::symlink_metadata(&partial).is_ok_and(|is| is.is_file() && is.len() >= bytes);
        // Nothing has been lost of nothing.
        Ok((!is_there && bytes > 0).then(|| format!("{} is not what it was", partial.display())))
    }

    /// The file to write, and what it is called until it is complete.
    fn paths(&self) -> (PathBuf, PathBuf) {
        // What a link leads to is replaced, and not the link.
        let path = fs::canonicalize(&self.output).unwrap_or_else(|_| self.output.clone());
        let partial = beside(&path, ".partial");
        (path, partial)
    }

    /// Where to write, and what is there already.
    fn target(
        &self,
        before: &Before,
        keeper: &mut Option<Keeper>,
        max_value: u64,
    ) -> Result<(Target, Progressed), Failure> {
        let cannot = |error: io::Error| self.cannot_write(&error);
        if self.is_standard() {
            let out: Box<dyn Write> = Box::new(io::stdout());
            return Ok((Target::Stream(BufWriter::new(out)), Progressed::default()));
        }
        if self.is_stream() {
            let out = OpenOptions::new().write(true).open(&self.output).map_err(cannot)?;
            let out: Box<dyn Write> = Box::new(out);
            return Ok((Target::Stream(BufWriter::new(out)), Progressed::default()));
        }
        if self.is_folder() {
            let mark = before.place().and_then(|place| place.mark.as_deref());
            let target = FolderTarget::new(&self.output, mark).map_err(|error| match before {
                Before::Stale(why) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                    let output = self.output.display();
                    let message = format!(
                        "the export to {output} has to begin anew, because {why}; but {output} is not empty: name a new \
                         folder, or empty it"
                    );
                    Failure::said(Status::CannotWrite, message)
                }
                _ => cannot(error),
            })?;
            let last = match before.place().map(|place| &place.position) {
                Some(Position::After(key)) => Key::new(key).ok().map(Key::to_buf),
                _ => None,
            };
            let tally = match (&last, before.place()) {
                (Some(_), Some(place)) => place.done,
                _ => Tally::default(),
            };
            return Ok((Target::Folder(target), Progressed { tally, last }));
        }
        let (path, partial) = self.paths();
        let is_ours = !matches!(before, Before::Nothing);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::metadata(folder.unwrap_or(Path::new("."))).map_err(cannot)?;
        let exists = fs::symlink_metadata(&partial);
        if exists.as_ref().is_ok_and(|exists| !is_ours || !exists.is_file()) {
            let message = format!(
                "{} is there already, and this export has not begun it; remove it, or name another file",
                partial.display()
            );
            return Err(Failure::said(Status::CannotWrite, message));
        }
        if let Some(keeper) = keeper
            && exists.is_err()
        {
            // First: so it is known later whose file it is.
            let position = Position::Offset { bytes: 0, line: 0 };
            let nowhere = Place { position, done: Tally::default(), head: None, last: None, mark: None };
            keeper.note(nowhere, || Ok(()))?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let opened =
            if exists.is_ok() { options.open(&partial) } else { options.create_new(true).open(&partial) };
        let mut file = opened.map_err(cannot)?;
        lock_alone(&file).map_err(cannot)?;
        if !partial.exists() {
            let message = "another export has just been there; try again";
            return Err(Failure::said(Status::CannotWrite, message));
        }
        let (written, tally) = match before.place() {
            Some(Place { position: Position::Offset { bytes, .. }, done, .. }) => {
                batch_file::written(&mut file, *bytes, *done, max_value).map_err(cannot)?
            }
            _ => (Written::default(), Tally::default()),
        };
        file.set_len(written.bytes).map_err(cannot)?;
        file.seek(SeekFrom::End(0)).map_err(cannot)?;
        let (file, bytes) = (BufWriter::new(file), written.bytes);
        Ok((Target::File { file, bytes, partial, path }, Progressed { tally, last: written.last }))
    }
}
