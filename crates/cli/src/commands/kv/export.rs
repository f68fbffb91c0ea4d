//! `edgekv kv export`: a store into a file or a folder.

use std::ffi::OsString;
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
use crate::transfer::checkpoint::{Checkpoint, Job, Keeper, Position};
use crate::transfer::folder::FolderTarget;
use crate::transfer::progress::Progress;
use crate::transfer::{Summary, Tally};

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
                *bytes += line.len() as u64;
                file.write_all(line)
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

    /// Where to go on when `last` was the last item.
    fn position(&self, last: Option<&KeyBuf>) -> Position {
        match self {
            Self::File { bytes, .. } => Position::Offset { bytes: *bytes, line: 0 },
            _ => Position::After(last.map(ToString::to_string).unwrap_or_default()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::File { file, partial, path, .. } = self {
            file.get_ref().sync_all()?;
            fs::rename(partial, path)?;
        }
        Ok(())
    }
}

impl ExportArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let access = self.store.access.open(Absent::Refuse, OnInterrupt::Leave)?;
        let done = self.export(&access);
        access.close()?;
        done
    }

    fn export(&self, access: &Access) -> Result<ExitCode, Failure> {
        let store = access.store(&self.store.name)?;
        let asked = Asked::on_interrupt(|| ())?;
        let mut keeper = self.keeper(access, &store)?;
        let before = match &keeper {
            Some(keeper) => keeper.load()?,
            None => None,
        };
        let (mut target, after, done_before) = self.target(before, store.max_value_bytes())?;
        if let Some(keeper) = &mut keeper {
            // From now on there may be half of an export, which nobody must take for something else.
            keeper.note(target.position(after.as_ref()), None, done_before)?;
        }
        let progress = Progress::new(self.quiet || self.store.report.json, None);
        let started = Instant::now();
        let mut tally = done_before;
        let mut last = after;
        let ended = self.transfer(&store, &mut target, &mut keeper, &asked, &progress, &mut tally, &mut last);
        progress.clear();
        let summary = Summary { tally, before: done_before, elapsed: started.elapsed() };
        let advice = keeper.as_ref().map_or_else(|| "run it again to begin anew".to_owned(), Keeper::advice);
        match ended {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("interrupted; {} items are exported; {advice}", tally.items);
                return Err(Failure::said(Status::Interrupted, message));
            }
            Err(failure) if failure.status == Status::ReaderGone => return Err(failure),
            Err(Failure { status, error }) => {
                let error = anyhow::anyhow!("{error:#}; {} items are exported; {advice}", tally.items);
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
    #[expect(clippy::too_many_arguments, reason = "what is done has to be known after a failure as well")]
    fn transfer(
        &self,
        store: &Store,
        target: &mut Target,
        keeper: &mut Option<Keeper>,
        asked: &Asked,
        progress: &Progress,
        tally: &mut Tally,
        last: &mut Option<KeyBuf>,
    ) -> Result<bool, Failure> {
        let moved = self.items(store, target, keeper, asked, progress, tally, last);
        if !matches!(moved, Ok(true))
            && let Some(keeper) = keeper
        {
            target.flush().map_err(|error| self.cannot_write(&error))?;
            keeper.note(target.position(last.as_ref()), None, *tally)?;
        }
        if moved? {
            target.finish().map_err(|error| self.cannot_write(&error))?;
            return Ok(true);
        }
        Ok(false)
    }

    #[expect(clippy::too_many_arguments, reason = "what is done has to be known after a failure as well")]
    fn items(
        &self,
        store: &Store,
        target: &mut Target,
        keeper: &mut Option<Keeper>,
        asked: &Asked,
        progress: &Progress,
        tally: &mut Tally,
        last: &mut Option<KeyBuf>,
    ) -> Result<bool, Failure> {
        let mut items = store.items(&self.prefix, last.as_ref().map(KeyBuf::as_key))?;
        let mut line = Vec::new();
        while let Some(item) = items.next()? {
            if asked.is() {
                return Ok(false);
            }
            target.write(&item, &mut line).map_err(|error| self.cannot_write(&error))?;
            tally.items += 1;
            tally.bytes += item.insert.value.len() as u64;
            progress.at(None, tally);
            *last = Some(item.key);
            if let Some(keeper) = keeper.as_mut()
                && keeper.is_due()
            {
                target.flush().map_err(|error| self.cannot_write(&error))?;
                keeper.note(target.position(last.as_ref()), None, *tally)?;
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
            prefix: self.prefix.clone(),
            path: path.to_string_lossy().into_owned(),
            input: None,
        };
        Ok(Some(Keeper::new(self.resume.as_deref(), &path, job)))
    }

    /// Where to write, behind which key, and what is there already.
    fn target(
        &self,
        before: Option<Checkpoint>,
        max_value: u64,
    ) -> Result<(Target, Option<KeyBuf>, Tally), Failure> {
        let cannot = |error: io::Error| self.cannot_write(&error);
        if self.is_standard() {
            let out: Box<dyn Write> = Box::new(io::stdout());
            return Ok((Target::Stream(BufWriter::new(out)), None, Tally::default()));
        }
        if self.is_stream() {
            let out = OpenOptions::new().write(true).open(&self.output).map_err(cannot)?;
            let out: Box<dyn Write> = Box::new(out);
            return Ok((Target::Stream(BufWriter::new(out)), None, Tally::default()));
        }
        if self.is_folder() {
            let target = FolderTarget::new(&self.output, before.is_some()).map_err(cannot)?;
            let done = before.as_ref().map(|before| before.done).unwrap_or_default();
            let after = before.and_then(|before| match before.position {
                Position::After(key) => Key::new(&key).ok().map(Key::to_buf),
                Position::Offset { .. } => None,
            });
            let done = if after.is_some() { done } else { Tally::default() };
            return Ok((Target::Folder(target), after, done));
        }
        // What a link leads to is replaced, and not the link.
        let path = fs::canonicalize(&self.output).unwrap_or_else(|_| self.output.clone());
        let mut partial = OsString::from(&path);
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let (written, done) = match before {
            Some(Checkpoint { position: Position::Offset { bytes, .. }, done, .. }) => {
                batch_file::written(&partial, bytes, done, max_value).map_err(cannot)?
            }
            _ => (Written::default(), Tally::default()),
        };
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&partial).map_err(cannot)?;
        file.set_len(written.bytes).map_err(cannot)?;
        file.seek(SeekFrom::End(0)).map_err(cannot)?;
        let (file, bytes) = (BufWriter::new(file), written.bytes);
        let target = Target::File { file, bytes, partial, path };
        Ok((target, written.last, done))
    }
}
