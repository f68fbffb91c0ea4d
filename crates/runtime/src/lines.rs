//! What a served guest prints, line by line.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Longest line that is passed on as one, 8 KiB.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// How much a guest may write at once. More is asked for again by whoever copies it out of the guest.
const WRITE_BYTES: usize = 64 * 1024;

/// Receives what a guest prints on one of its streams.
pub trait LineSink: Send + 'static {
    /// A line without its end. Bytes that are not UTF-8 are replaced by `U+FFFD`; a line of more than 8 KiB comes in
    /// several pieces; the last line comes when the guest has ended, also if it has no end.
    ///
    /// Called on the thread of the guest, which waits.
    fn line(&mut self, line: &str);
}

impl<F: FnMut(&str) + Send + 'static> LineSink for F {
    fn line(&mut self, line: &str) {
        self(line);
    }
}

/// A stream of a guest, cut into lines.
pub(crate) struct Lines(Arc<Mutex<Buffer>>);

struct Buffer {
    /// The beginning of a line whose end is yet to come.
    begun: Vec<u8>,
    sink: Box<dyn LineSink>,
}

impl Lines {
    pub(crate) fn new(sink: Box<dyn LineSink>) -> Self {
        Self(Arc::new(Mutex::new(Buffer { begun: Vec::new(), sink })))
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    fn write(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.begun.is_empty() && line.len() <= MAX_LINE_BYTES {
                self.send(line);
            } else {
                self.hold(line);
                self.end();
            }
        }
        self.hold(bytes);
    }

    /// Keeps the beginning of a line, and passes on what would make it too long.
    fn hold(&mut self, mut bytes: &[u8]) {
        while self.begun.len() + bytes.len() > MAX_LINE_BYTES {
            let (fits, rest) = bytes.split_at(MAX_LINE_BYTES.saturating_sub(self.begun.len()));
            self.begun.extend_from_slice(fits);
            bytes = rest;
            let mut piece = mem::take(&mut self.begun);
            self.begun = piece.split_off(piece.len() - unfinished(&piece));
            self.send(&piece);
        }
        self.begun.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        let line = mem::take(&mut self.begun);
        self.send(&line);
    }

    fn send(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.sink.line(&String::from_utf8_lossy(line));
    }
}

/// How many bytes at the end begin a character that is not complete.
fn unfinished(bytes: &[u8]) -> usize {
    match str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // Complete, or wrong somewhere before: then characters at the end do not matter either.
        _ => 0,
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.end();
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Self(Arc::clone(&self.0)))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.buffer().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl Pollable for Lines {
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.buffer().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// The lines that come of these writes.
    fn lines(writes: &[&[u8]]) -> Vec<String> {
        let (sender, lines) = channel();
        let stream = Lines::new(Box::new(move |line: &str| sender.send(line.to_owned()).unwrap()));
        for bytes in writes {
            stream.buffer().write(bytes);
        }
        drop(stream);
        lines.iter().collect()
    }

    #[test]
    fn lines_are_whole_however_they_were_written() {
        assert_eq!(lines(&[b"one\ntwo\n"]), ["one", "two"]);
        assert_eq!(lines(&[b"o", b"ne", b"\r\n\nthr", b"ee"]), ["one", "", "three"]);
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(lines(&[b"\n"]), [""]);
    }

    #[test]
    fn what_is_not_utf_8_is_replaced() {
        assert_eq!(lines(&[b"a\xffb\n\xc3", b"\xa9"]), ["a\u{fffd}b", "é"]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_break_no_character() {
        let long = format!("x{}", "é".repeat(MAX_LINE_BYTES));
        for size in [1, 5, 4096, usize::MAX] {
            let writes: Vec<&[u8]> = long.as_bytes().chunks(size).collect();
            let pieces = lines(&writes);
            assert_eq!(pieces.len(), 3, "{size}");
            assert!(pieces.iter().all(|piece| piece.len() <= MAX_LINE_BYTES));
            assert_eq!(pieces.concat(), long);
        }
        let mut bytes = vec![b'y'; MAX_LINE_BYTES];
        bytes.push(b'\n');
        assert_eq!(lines(&[&bytes]), ["y".repeat(MAX_LINE_BYTES)]);
    }
}
