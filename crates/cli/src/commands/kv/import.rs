//! `edgekv kv import`: a file or a folder of items into a store.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, UNIX_EPOCH};

use clap::Args;
use edgekv_store::Key;
use edgekv_store::batch::Item;
use serde_json::json;

use super::StoreArgs;
use crate::access::{Absent, Access, OnInterrupt, Outcome, Store, Writer};
use crate::exit::{self, Failure, Status};
use crate::interrupt::Asked;
use crate::quoted::Quoted;
use crate::report;
use crate::transfer::batch_file::{BatchSource, Next};
use crate::transfer::checkpoint::{Before, Job, Keeper, Place, Position};
use crate::transfer::folder::{self, FolderSource};
use crate::transfer::progress::Progress;
use crate::transfer::{Count, Summary, Tally};

/// Problems that a report in JSON lists.
const MAX_REPORTED: usize = 1000;

const EXAMPLES: &str = "\
Examples:
  edgekv kv import mystore items.ndjson
  edgekv kv import mystore ./site --create
  ssh host edgekv kv export mystore - | edgekv kv import mystore - --api-url http://127.0.0.1:7677";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::DATA_HELP))]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// A file of items in JSON, one after the other; a folder, with a file for each item; `-` is standard input
    #[arg(value_name = "FILE|DIR|-")]
    input: PathBuf,
    /// Make the store if it is missing
    #[arg(long)]
    create: bool,
    /// Stop when more items than these are refused
    #[arg(long, value_name = "N", default_value = "100")]
    max_errors: u64,
    /// The file to keep the place in, for an import that is interrupted [default: beside the input; none for standard input]
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// No progress, no summary
    #[arg(long, short)]
    quiet: bool,
}

/// An item on its way.
struct Tag {
    /// Where it is from: "line 7", or a file.
    origin: Origin,
    key: Option<String>,
    bytes: u64,
    /// Where to go on behind it.
    position: Position,
}

enum Origin {
    Line(u64),
    File(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::File(path) => f.write_str(&crate::quoted::UrlText(path).to_string()),
        }
    }
}

enum Source {
    Batch(BatchSource),
    Folder(FolderSource),
}

enum Step {
    Item(Tag, Result<Item, String>),
    End,
    Interrupted,
}

impl Source {
    fn next(&mut self) -> Result<Step, Failure> {
        match self {
            Self::Batch(source) => Ok(match source.next()? {
                Next::End => Step::End,
                Next::Interrupted => Step::Interrupted,
                Next::Piece(piece) => {
                    let origin = Origin::Line(piece.line);
                    let position = Position::Offset { bytes: piece.end, line: piece.end_line };
                    match piece.item() {
                        Ok(item) => {
                            let key = Some(item.key.to_string());
                            Step::Item(
                                Tag { origin, key, bytes: item.insert.value.len() as u64, position },
                                Ok(item),
                            )
                        }
                        Err(problem) => {
                            let key = problem.key().map(str::to_owned);
                            Step::Item(Tag { origin, key, bytes: 0, position }, Err(problem.to_string()))
                        }
                    }
                }
            }),
            Self::Folder(source) => {
                let found = source.next().map_err(|error| {
                    Failure::said(Status::BadData, format!("cannot read the folder: {error}"))
                })?;
                let Some(found) = found else { return Ok(Step::End) };
                let position = Position::After(folder::encoded(&found.path));
                let origin = Origin::File(found.path.to_string_lossy().into_owned());
                Ok(match found.item {
                    Ok(item) => {
                        let key = Some(item.key.to_string());
                        Step::Item(
                            Tag { origin, key, bytes: item.insert.value.len() as u64, position },
                            Ok(item),
                        )
                    }
                    Err((key, why)) => Step::Item(Tag { origin, key, bytes: 0, position }, Err(why)),
                })
            }
        }
    }

    /// What shows later whether an input is the same up to there.
    fn head(&self, position: &Position) -> Option<String> {
        match (self, position) {
            (Self::Batch(source), Position::Offset { bytes, .. }) => Some(source.head(*bytes)),
            _ => None,
        }
    }
}

/// How an import came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Interrupted,
    TooManyErrors,
}

/// How far it is.
#[derive(Debug, Clone, Default)]
struct Progressed {
    tally: Tally,
    /// Nowhere yet, without one.
    position: Option<Position>,
    /// The last key that was written.
    last: Option<String>,
}

/// What has become of the items so far.
struct Record {
    at: Progressed,
    /// Where it was before the first item that was refused in this run.
    before_refused: Option<Progressed>,
    /// Items that were refused in this run.
    refused: u64,
    problems: Vec<serde_json::Value>,
}

impl ImportArgs {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let input = Input::find(&self.input)?;
        let absent = if self.create { Absent::Make } else { Absent::Refuse };
        let asked = Asked::on_interrupt()?;
        let access = self.store.access.open(absent, OnInterrupt::Leave)?;
        let done = self.import(&access, &input, &asked);
        // Whatever has become of it: what was written is kept, and the database need not be repaired.
        access.close()?;
        done
    }

    fn import(&self, access: &Access, input: &Input, asked: &Asked) -> Result<ExitCode, Failure> {
        let store = match access.find(&self.store.name)? {
            Some(store) => store,
            None if self.create => access.create(&self.store.name)?,
            None => access.store(&self.store.name)?,
        };
        let mut keeper = self.keeper(access, &store, input);
        let before = match &mut keeper {
            Some(keeper) => keeper.load()?.unless(|place| lost(&store, place))?,
            None => Before::Nothing,
        };
        if let (Some(keeper), Before::Stale(_)) = (&mut keeper, &before) {
            keeper.forget()?;
        }
        let mut source = input.open(before.place(), store.max_value_bytes())?;
        if let Source::Batch(source) = &source {
            asked.wake_by(source.waker());
        }
        let progress = Progress::new(self.quiet || self.store.report.json, input.bytes);
        if let Some(notice) = before.notice()
            && !self.quiet
            && !self.store.report.json
        {
            progress.say(&notice);
        }
        let started = Instant::now();
        let at = before.place().map_or_else(Progressed::default, |place| Progressed {
            tally: place.done,
            position: Some(place.position.clone()),
            last: place.last.clone(),
        });
        let done_before = at.tally;
        let mut record = Record { at, before_refused: None, refused: 0, problems: Vec::new() };
        let ended = self.transfer(&store, &mut source, &mut keeper, asked, &progress, &mut record);
        progress.clear();
        let tally = record.at.tally;
        let summary = Summary { tally, before: done_before, elapsed: started.elapsed() };
        let is_moved = before.place().map(|place| &place.position) != record.at.position.as_ref();
        // What is mended is to be read again.
        let noted = match (&ended, record.before_refused) {
            (Ok(End::TooManyErrors), Some(before)) => before,
            _ => record.at,
        };
        let has_place = noted.position.is_some();
        if !matches!(ended, Ok(End::Complete))
            && is_moved
            && let Some(keeper) = &mut keeper
        {
            let noted = match place(noted, &source) {
                Some(place) => keeper.note(place, || Ok(())),
                None => keeper.forget(),
            };
            // What came first is what went wrong.
            if ended.is_ok() {
                noted?;
            }
        }
        let advice = || match &keeper {
            Some(keeper) if has_place => keeper.advice(),
            _ => "run it again to begin anew".to_owned(),
        };
        if self.store.report.json {
            // Also when it is not complete: what was refused until then is in it.
            let mut answer = summary.json();
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("store".into(), self.store.name.as_str().into());
                answer.insert("complete".into(), matches!(ended, Ok(End::Complete)).into());
                answer.insert("problems".into(), record.problems.into());
                if let Before::Stale(why) = &before {
                    answer.insert("begins_anew".into(), why.as_str().into());
                }
            }
            report::line(answer)?;
        }
        match ended {
            Ok(End::Complete) => {
                if let Some(keeper) = &keeper {
                    keeper.remove()?;
                }
            }
            Ok(End::Interrupted) => {
                let message = format!("interrupted; {} imported; {}", Count(tally.items), advice());
                return Err(Failure::said(Status::Interrupted, message));
            }
            Ok(End::TooManyErrors) => {
                let how = match (&keeper, input.kind) {
                    (Some(_), Kind::Folder) if has_place => {
                        format!("mend them, or raise --max-errors: {}", advice())
                    }
                    (Some(_), _) if has_place => format!(
                        "mend the input, which is then imported from its beginning, or raise --max-errors: {}",
                        advice()
                    ),
                    _ => format!("mend the input, or raise --max-errors, and {}", advice()),
                };
                let message = format!(
                    "stopped, as more than {} items were refused; {} imported; {how}",
                    self.max_errors,
                    Count(tally.items)
                );
                return Err(Failure::said(Status::BadData, message));
            }
            Err(failure) => {
                let Failure { status, error } = failure;
                let error = anyhow::anyhow!("{error:#}; {} imported; {}", Count(tally.items), advice());
                return Err(Failure { status, error });
            }
        }
        if !self.quiet && !self.store.report.json {
            report::line(summary.line("imported"))?;
        }
        Ok(if tally.errors > 0 { Status::BadData.into() } else { ExitCode::SUCCESS })
    }

    /// Writes until the end, an interrupt, or too many errors; what is acknowledged by then is in `record`, also after
    /// a failure.
    fn transfer(
        &self,
        store: &Store,
        source: &mut Source,
        keeper: &mut Option<Keeper>,
        asked: &Asked,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<End, Failure> {
        let mut writer = Writer::new(store);
        let end = loop {
            if asked.is() {
                break End::Interrupted;
            }
            match source.next()? {
                Step::End => break End::Complete,
                Step::Interrupted => break End::Interrupted,
                Step::Item(tag, Ok(item)) => {
                    writer.write(tag, item, &mut |outcome| self.settle(outcome, record, progress))?;
                }
                Step::Item(tag, Err(why)) => {
                    writer.refuse(tag, why, &mut |outcome| self.settle(outcome, record, progress))?;
                }
            }
            if record.refused > self.max_errors {
                break End::TooManyErrors;
            }
            if let Some(keeper) = keeper.as_mut()
                && keeper.is_due()
                && let Some(place) = place(record.at.clone(), source)
            {
                // What is settled is durable.
                keeper.note(place, || Ok(()))?;
            }
        };
        writer.finish(&mut |outcome| self.settle(outcome, record, progress))?;
        Ok(if record.refused > self.max_errors { End::TooManyErrors } else { end })
    }

    fn settle(&self, outcome: Outcome<Tag>, record: &mut Record, progress: &Progress) {
        let Outcome { tag, refused } = outcome;
        let is_written = refused.is_none();
        match refused {
            None => {
                record.at.tally.items += 1;
                record.at.tally.bytes += tag.bytes;
            }
            Some(why) => {
                record.before_refused.get_or_insert_with(|| record.at.clone());
                record.refused += 1;
                record.at.tally.errors += 1;
                if self.store.report.json {
                    if record.problems.len() < MAX_REPORTED {
                        record.problems.push(problem(&tag, &why));
                    }
                } else if record.refused <= self.max_errors.saturating_add(1) {
                    let key = tag.key.as_deref().map(|key| format!(", key {}", Quoted(key)));
                    progress.say(&format!("{}{}: {why}", tag.origin, key.unwrap_or_default()));
                }
            }
        }
        let position = match &tag.position {
            Position::Offset { bytes, .. } => Some(*bytes),
            Position::After(_) => None,
        };
        progress.at(position, &record.at.tally);
        record.at.position = Some(tag.position);
        if is_written {
            record.at.last = tag.key;
        }
    }

    fn keeper(&self, access: &Access, store: &Store, input: &Input) -> Option<Keeper> {
        // What a pipe has given is gone.
        if matches!(input.kind, Kind::Standard | Kind::Stream) && self.resume.is_none() {
            return None;
        }
        let job = Job {
            what: "import".into(),
            data: access.name().to_owned(),
            store: store.about().id,
            created: store.created(),
            prefix: String::new(),
            path: input.path.to_string_lossy().into_owned(),
            input: input.bytes.zip(input.modified),
        };
        Some(Keeper::new(self.resume.as_deref(), &input.path, job))
    }
}

/// What there is to note.
fn place(at: Progressed, source: &Source) -> Option<Place> {
    let Progressed { tally, position, last } = at;
    let position = position?;
    Some(Place { head: source.head(&position), position, done: tally, last, mark: None })
}

/// Why what is said to be done may not be: the last of it is not there. Somebody may have emptied the store, or brought an
/// older state of it back.
fn lost(store: &Store, place: &Place) -> Result<Option<String>, Failure> {
    if place.done.items == 0 {
        return Ok(None);
    }
    let Some(key) = place.last.as_deref().and_then(|key| Key::new(key).ok()) else {
        return Ok(Some("it is not known which item was the last".to_owned()));
    };
    Ok((!store.has(key)?).then(|| {
        format!("the last item that was imported, {}, is not in the store any more", Quoted(key.as_str()))
    }))
}

/// A problem in a report in JSON.
fn problem(tag: &Tag, why: &str) -> serde_json::Value {
    let mut problem = match &tag.origin {
        Origin::Line(line) => json!({ "line": line, "reason": why }),
        Origin::File(path) => json!({ "file": path, "reason": why }),
    };
    if let (Some(key), Some(problem)) = (&tag.key, problem.as_object_mut()) {
        problem.insert("key".into(), key.as_str().into());
    }
    problem
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standard,
    /// What is read once, from its beginning: a pipe, a device.
    Stream,
    File,
    Folder,
}

/// What is imported.
struct Input {
    kind: Kind,
    /// The same wherever it is named from.
    path: PathBuf,
    bytes: Option<u64>,
    /// When it was written, in microseconds since 1970.
    modified: Option<u64>,
}

impl Input {
    fn find(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self { kind: Kind::Standard, path: path.to_owned(), bytes: None, modified: None });
        }
        let metadata = path.metadata().map_err(|error| cannot_read(path, &error))?;
        if !metadata.is_dir() && !metadata.is_file() {
            // It may have no other name than a link that leads nowhere.
            let path = std::path::absolute(path).map_err(|error| cannot_read(path, &error))?;
            return Ok(Self { kind: Kind::Stream, path, bytes: None, modified: None });
        }
        let path = path.canonicalize().map_err(|error| cannot_read(path, &error))?;
        if metadata.is_dir() {
            return Ok(Self { kind: Kind::Folder, path, bytes: None, modified: None });
        }
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map(|since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        Ok(Self { kind: Kind::File, path, bytes: Some(metadata.len()), modified })
    }

    fn open(&self, before: Option<&Place>, max_value: u64) -> Result<Source, Failure> {
        let cannot = |error: io::Error| cannot_read(&self.path, &error);
        let head = before.and_then(|before| before.head.as_deref());
        let start = before.and_then(|before| match &before.position {
            Position::Offset { bytes, line } => Some((*bytes, *line)),
            Position::After(_) => None,
        });
        Ok(match self.kind {
            Kind::Standard => Source::Batch(BatchSource::stream(|| Ok(io::stdin()), start, head, max_value)?),
            Kind::Stream => {
                let path = self.path.clone();
                Source::Batch(BatchSource::stream(move || File::open(path), start, head, max_value)?)
            }
            Kind::File => {
                let file = File::open(&self.path).map_err(cannot)?;
                Source::Batch(BatchSource::file(file, start, head, max_value)?)
            }
            Kind::Folder => {
                let after = before.and_then(|before| match &before.position {
                    Position::After(path) => Some(path.as_str()),
                    Position::Offset { .. } => None,
                });
                Source::Folder(FolderSource::new(&self.path, after, max_value).map_err(cannot)?)
            }
        })
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let status = if error.kind() == io::ErrorKind::NotFound { Status::Missing } else { Status::BadData };
    Failure::said(status, format!("cannot read {}: {error}", path.display()))
}
