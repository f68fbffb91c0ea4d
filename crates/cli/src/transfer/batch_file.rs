//! A batch that is read from a file or from standard input, and one that is written to a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use edgekv_store::KeyBuf;
use edgekv_store::batch::{self, Piece, Splitter};

use super::Tally;
use super::checkpoint::digest;
use crate::exit::{Failure, Status};

/// Bytes that are read at once, and how many such pieces may lie ready.
const CHUNK_BYTES: usize = 256 * 1024;
const CHUNKS: usize = 4;

/// How much of an input tells whether it is the same.
const HEAD_BYTES: usize = 64 * 1024;

enum Message {
    /// The first of what is left out.
    Head(Vec<u8>),
    Bytes(Vec<u8>),
    End,
    Failed(Failure),
    Interrupted,
}

/// What comes next of a batch.
pub(crate) enum Next {
    Piece(Piece),
    End,
    Interrupted,
}

/// A batch that is read by a thread of its own, so that an interrupt does not wait for a pipe.
pub(crate) struct BatchSource {
    receiver: Receiver<Message>,
    wake: SyncSender<Message>,
    splitter: Option<Splitter>,
    /// The first bytes.
    head: Vec<u8>,
    /// Where reading began: bytes and line feeds before.
    start: (u64, u64),
}

impl BatchSource {
    /// Reads `file` from `start` on, which is a number of bytes and a line that a checkpoint has; `head` is the hash that it
    /// has of what comes before.
    pub(crate) fn file(
        mut file: File,
        start: Option<(u64, u64)>,
        head: Option<&str>,
        max_value: u64,
    ) -> Result<Self, Failure> {
        let mut begin = Vec::new();
        if let Some((bytes, _)) = start {
            let head_bytes = bytes.min(HEAD_BYTES as u64);
            (&mut file).take(head_bytes).read_to_end(&mut begin).map_err(|error| cannot_read(&error))?;
            check_head(&begin, head)?;
            file.seek(SeekFrom::Start(bytes)).map_err(|error| cannot_read(&error))?;
        }
        Self::start(start, begin, max_value, move |to| read_all(file, to))
    }

    /// Reads standard input, or a pipe; what comes before `start` is read and forgotten. All of it is done by the thread that
    /// reads, as it may have to wait for who writes.
    pub(crate) fn stream<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        start: Option<(u64, u64)>,
        head: Option<&str>,
        max_value: u64,
    ) -> Result<Self, Failure> {
        let head = head.map(str::to_owned);
        let begin = move |to: &SyncSender<Message>| -> Result<R, Failure> {
            let mut from = open().map_err(|error| cannot_read(&error))?;
            if let Some((bytes, _)) = start {
                let head_bytes = bytes.min(HEAD_BYTES as u64);
                let mut begin = Vec::new();
                (&mut from).take(head_bytes).read_to_end(&mut begin).map_err(|error| cannot_read(&error))?;
                check_head(&begin, head.as_deref())?;
                // When nobody listens any more, that shows soon.
                let _ = to.send(Message::Head(begin));
                io::copy(&mut (&mut from).take(bytes - head_bytes), &mut io::sink())
                    .map_err(|error| cannot_read(&error))?;
            }
            Ok(from)
        };
        Self::start(start, Vec::new(), max_value, move |to| match begin(to) {
            Ok(from) => read_all(from, to),
            Err(failure) => drop(to.send(Message::Failed(failure))),
        })
    }

    fn start(
        start: Option<(u64, u64)>,
        head: Vec<u8>,
        max_value: u64,
        read: impl FnOnce(&SyncSender<Message>) + Send + 'static,
    ) -> Result<Self, Failure> {
        let (wake, receiver) = mpsc::sync_channel(CHUNKS);
        let sender = wake.clone();
        let read = move || read(&sender);
        thread::Builder::new().name("edgekv-input".into()).spawn(read).map_err(|error| {
            Failure::said(Status::Failed, format!("the system gives no thread to read with: {error}"))
        })?;
        let splitter = Some(Splitter::new(batch::max_item_bytes(max_value)));
        let start = start.map_or((0, 0), |(bytes, line)| (bytes, line.saturating_sub(1)));
        Ok(Self { receiver, wake, splitter, head, start })
    }

    /// Makes whoever waits for [`next`](Self::next) look for an interrupt.
    pub(crate) fn waker(&self) -> impl Fn() + Send + 'static {
        let wake = self.wake.clone();
        // When there is no room, nobody waits.
        move || drop(wake.try_send(Message::Interrupted))
    }

    pub(crate) fn next(&mut self) -> Result<Next, Failure> {
        loop {
            let Some(splitter) = &mut self.splitter else { return Ok(Next::End) };
            if let Some(piece) = splitter.next() {
                return Ok(Next::Piece(self.moved(piece)));
            }
            match self.receiver.recv() {
                Ok(Message::Bytes(bytes)) => {
                    let room = HEAD_BYTES.saturating_sub(self.head.len());
                    self.head.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
                    splitter.push(&bytes);
                }
                Ok(Message::Head(bytes)) => self.head = bytes,
                Ok(Message::Interrupted) => return Ok(Next::Interrupted),
                Ok(Message::Failed(failure)) => return Err(failure),
                Ok(Message::End) | Err(_) => {
                    let rest = self.splitter.take().and_then(|mut splitter| splitter.finish());
                    return Ok(rest.map_or(Next::End, |piece| Next::Piece(self.moved(piece))));
                }
            }
        }
    }

    /// A piece, as it is in the whole of the input.
    fn moved(&self, piece: Piece) -> Piece {
        let (bytes, lines) = self.start;
        Piece { line: piece.line + lines, end_line: piece.end_line + lines, end: piece.end + bytes, ..piece }
    }

    /// The hash of the start of the first `bytes` bytes.
    pub(crate) fn head(&self, bytes: u64) -> String {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(self.head.len());
        digest(self.head.get(..bytes).unwrap_or_default())
    }
}

fn cannot_read(error: &io::Error) -> Failure {
    Failure::said(Status::BadData, format!("cannot read the input: {error}"))
}

fn check_head(begin: &[u8], head: Option<&str>) -> Result<(), Failure> {
    if head.is_some_and(|head| head == digest(begin)) {
        return Ok(());
    }
    let message = "the input is another than that of the checkpoint; remove the checkpoint to begin anew";
    Err(Failure::said(Status::BadData, message))
}

fn read_all(mut from: impl Read, to: &SyncSender<Message>) {
    loop {
        let mut bytes = vec![0; CHUNK_BYTES];
        let message = match from.read(&mut bytes) {
            Ok(0) => Message::End,
            Ok(count) => {
                bytes.truncate(count);
                Message::Bytes(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Message::Failed(cannot_read(&error)),
        };
        let is_last = !matches!(message, Message::Bytes(_));
        // Nobody listens any more, or there is nothing more to say.
        if to.send(message).is_err() || is_last {
            return;
        }
    }
}

/// What a file that was being written has got: the key of its last complete line, and where that ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) last: Option<KeyBuf>,
    pub(crate) bytes: u64,
}

/// What there is of a file that had `noted` bytes when `done` was noted, and what is done in all: lines that were completed
/// later count. A file that does not fit that is as good as none.
pub(crate) fn written(
    file: &mut File,
    noted: u64,
    done: Tally,
    max_value: u64,
) -> io::Result<(Written, Tally)> {
    let nothing = || Ok((Written::default(), Tally::default()));
    let Some(end) = line_feed_before(file, None)?.map(|at| at + 1).filter(|end| *end >= noted) else {
        return nothing();
    };
    // From the last line that was noted on: its key is needed if none came after it.
    let start = match noted.checked_sub(1) {
        Some(feed) => line_feed_before(file, Some(feed))?.map_or(0, |at| at + 1),
        None => 0,
    };
    file.seek(SeekFrom::Start(start))?;
    let mut source = file.take(end - start);
    let mut splitter = Splitter::new(batch::max_item_bytes(max_value));
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut last, mut done) = (None, done);
    loop {
        while let Some(piece) = splitter.next() {
            let is_new = start + piece.end > noted;
            let Ok(item) = piece.item() else { return nothing() };
            if is_new {
                done.items += 1;
                done.bytes += item.insert.value.len() as u64;
            }
            last = Some(item.key);
        }
        match source.read(&mut chunk)? {
            0 => break,
            count => splitter.push(chunk.get(..count).unwrap_or_default()),
        }
    }
    if last.is_none() { nothing() } else { Ok((Written { last, bytes: end }, done)) }
}

/// Where the last line feed is, of those before `end`, or of all.
fn line_feed_before(file: &mut File, end: Option<u64>) -> io::Result<Option<u64>> {
    let mut end = match end {
        Some(end) => end,
        None => file.metadata()?.len(),
    };
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK_BYTES as u64);
        block.clear();
        file.seek(SeekFrom::Start(start))?;
        (&mut *file).take(end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(start + at as u64));
        }
        end = start;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_last_complete_line_is_found_wherever_the_file_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let long = format!(r#"{{"key":"c","value":"{}"}}"#, "YWFh".repeat(200_000));
        let lines = [r#"{"key":"a","value":"YQ=="}"#, r#"{"key":"b","value":""}"#, &long];
        let sizes = [1, 0, 600_000];
        let text = lines.map(|line| line.to_owned() + "\n").concat();
        let ends: Vec<usize> =
            (1..=3).map(|lines_| lines[..lines_].iter().map(|line| line.len() + 1).sum()).collect();
        for cut in (0..80).chain([300_000, text.len() - 1, text.len()]) {
            fs::write(&path, &text[..cut]).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count();
            for noted in 0..=complete {
                let tally = |items: usize| Tally {
                    items: items as u64,
                    bytes: sizes[..items].iter().sum(),
                    errors: 0,
                };
                let end = |items: usize| items.checked_sub(1).map_or(0, |at| ends[at]) as u64;
                let (found, done) =
                    written(&mut File::open(&path).unwrap(), end(noted), tally(noted), 1_000_000).unwrap();
                let last = complete.checked_sub(1).map(|at| ["a", "b", "c"][at]);
                assert_eq!(found.last.as_ref().map(KeyBuf::as_str), last, "cut at {cut}, noted {noted}");
                assert_eq!(
                    (found.bytes, done),
                    (end(complete), tally(complete)),
                    "cut at {cut}, noted {noted}"
                );
            }
        }
        let nothing = (Written::default(), Tally::default());
        let tally = Tally { items: 9, bytes: 9, errors: 0 };
        fs::write(&path, "no item\n").unwrap();
        let open = || File::open(&path).unwrap();
        assert_eq!(written(&mut open(), 3, tally, 100).unwrap(), nothing);
        fs::write(&path, lines[1]).unwrap();
        assert_eq!(written(&mut open(), 10, tally, 100).unwrap(), nothing, "less is there than was noted");
    }

    fn pieces(mut source: BatchSource) -> Vec<(u64, u64, u64)> {
        let mut pieces = Vec::new();
        while let Next::Piece(piece) = source.next().unwrap() {
            pieces.push((piece.line, piece.end_line, piece.end));
        }
        pieces
    }

    #[test]
    fn reading_goes_on_with_the_places_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "{}\n{\n}\n\n{}").unwrap();
        let open = || File::open(&path).unwrap();
        let all = pieces(BatchSource::file(open(), None, None, 100).unwrap());
        assert_eq!(all, [(1, 1, 2), (2, 3, 6), (5, 5, 10)]);
        for (place, (_, line, bytes)) in all.iter().enumerate() {
            let head = digest(&b"{}\n{\n}\n\n{}"[..usize::try_from(*bytes).unwrap()]);
            let rest = BatchSource::file(open(), Some((*bytes, *line)), Some(&head), 100).unwrap();
            assert_eq!(pieces(rest), all[place + 1..]);
        }
        let other = BatchSource::file(open(), Some((2, 1)), Some("other"), 100);
        assert_eq!(other.err().unwrap().status, Status::BadData);
    }
}
