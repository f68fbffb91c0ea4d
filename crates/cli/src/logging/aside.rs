//! Messages of a server, written by a thread of its own: whoever stops to read them must not stop the server.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::LogFormat;

/// Most messages that wait to be written. Applications print up to 8 KiB in one.
const MAX_WAITING: usize = 4096;

/// How long the thread rests when it has written all that there was. Without, a server with much to do would wake it for each
/// message, and it would take the place of those that do the work: on two processors the slowest hundredth of requests
/// took four times as long.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes what is left, and waits for that a second at most.
pub(super) type Guard = WorkerGuard;

/// Begins to write to `to`.
pub(super) fn start(to: impl Write + Send + 'static, format: LogFormat) -> (NonBlocking, Guard) {
    start_with_room(MAX_WAITING, to, format)
}

fn start_with_room(room: usize, to: impl Write + Send + 'static, format: LogFormat) -> (NonBlocking, Guard) {
    let lost = Arc::new(OnceLock::new());
    let counted = Counted { to: BufWriter::new(to), format, lost: Arc::clone(&lost), told: 0 };
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(room);
    let (writer, guard) = builder.thread_name("edgekv-log").finish(counted);
    // The counter is made together with the thread that reads it, which has nothing to write before.
    let _ = lost.set(writer.error_counter());
    (writer, guard)
}

/// Says how many messages were lost, as soon as there is room for that.
struct Counted<W: Write> {
    to: BufWriter<W>,
    format: LogFormat,
    lost: Arc<OnceLock<ErrorCounter>>,
    told: usize,
}

impl<W: Write> Counted<W> {
    fn tell(&mut self) -> io::Result<()> {
        let lost = self.lost.get().map_or(0, ErrorCounter::dropped_lines);
        let new = lost.saturating_sub(self.told);
        if new == 0 {
            return Ok(());
        }
        self.told = lost;
        let message = format!("{new} messages were lost here: nobody was reading standard error");
        match self.format {
            LogFormat::Text => writeln!(self.to, "edgekv: warning: {message}"),
            LogFormat::Json => {
                let mut time = String::new();
                // Without its time it is still worth to be told.
                let _ = SystemTime.format_time(&mut Writer::new(&mut time));
                let line = serde_json::json!({
                    "timestamp": time, "level": "WARN", "message": message, "target": "edgekv", "lost": new,
                });
                writeln!(self.to, "{line}")
            }
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        self.write_all(message).map(|()| message.len())
    }

    fn write_all(&mut self, message: &[u8]) -> io::Result<()> {
        self.to.write_all(message)
    }

    /// Called whenever nothing is waiting: what was lost was lost before now.
    fn flush(&mut self) -> io::Result<()> {
        self.tell()?;
        self.to.flush()?;
        thread::sleep(PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes nothing before it may.
    struct Gate {
        arrived: Sender<()>,
        open: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.arrived.send(()).unwrap();
            // Nothing comes any more when it is open for good.
            let _ = self.open.recv();
            self.written.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when nobody reads for a while: one message is stuck, two wait, and two are too many.
    fn after_a_while(format: LogFormat) -> String {
        let (arrived, arrives) = channel();
        let (opener, open) = channel();
        let (written, writes) = channel();
        let (mut writer, guard) = start_with_room(2, Gate { arrived, open, written }, format);
        writer.write_all(b"1\n").unwrap();
        arrives.recv().unwrap();
        for message in [b"2\n", b"3\n", b"4\n", b"5\n"] {
            writer.write_all(message).unwrap();
        }
        drop(opener);
        drop(guard);
        String::from_utf8(writes.try_iter().flatten().collect()).unwrap()
    }

    #[test]
    fn nobody_waits_and_what_is_lost_is_counted() {
        assert_eq!(
            after_a_while(LogFormat::Text),
            "1\n2\n3\nedgekv: warning: 2 messages were lost here: nobody was reading standard error\n"
        );
    }

    #[test]
    fn the_count_is_json_where_messages_are() {
        let text = after_a_while(LogFormat::Json);
        let line: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&line["level"], &line["lost"]), (&"WARN".into(), &2.into()), "{text}");
        assert!(line["timestamp"].as_str().unwrap().starts_with("20"), "{text}");
    }
}
