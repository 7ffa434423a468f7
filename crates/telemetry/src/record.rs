//! Writing the record: one line for every exchange, through a bounded queue that never blocks the data path.
//!
//! Lines are put into a buffer under a lock that is held for the copy only. One thread takes the whole buffer
//! at a time and writes it. When the buffer is full, lines are dropped and counted, and a line of their own in the
//! record says how many.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long lines gather before they are written. Waking the writer for every line would cost each request a
/// context switch.
const GATHER: Duration = Duration::from_millis(20);

/// Takes lines. Clones write to the same record.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    arrived: Condvar,
    limit: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    closed: bool,
    dropped: u64,
    lines: Vec<u8>,
}

/// The thread that writes. Dropping it without [`close`](Self::close) leaves it running.
#[derive(Debug)]
pub struct Writer {
    /// Disconnected when the thread has ended.
    ended: mpsc::Receiver<()>,
    recorder: Recorder,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Queues a line, which must end in a line feed. Returns at once; if the queue is full, the line is counted
    /// and dropped.
    pub fn line(&self, line: &[u8]) {
        let mut queue = self.0.lock();
        if queue.closed || queue.lines.len().saturating_add(line.len()) > self.0.limit {
            queue.dropped = queue.dropped.saturating_add(1);
            return;
        }
        let first = queue.lines.is_empty();
        queue.lines.extend_from_slice(line);
        drop(queue);
        if first {
            self.0.arrived.notify_one();
        }
    }
}

impl Shared {
    /// A panic elsewhere must not end the record.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts lines that were taken and not written. They are told of with the next ones that are.
    fn lose(&self, lines: u64) {
        let mut queue = self.lock();
        if !queue.closed {
            queue.dropped = queue.dropped.saturating_add(lines);
        }
    }

    /// Waits for lines, lets some more gather, and takes them all. `None` when closed and empty.
    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let queue = self.lock();
        let waiting = |queue: &mut Queue| queue.lines.is_empty() && !queue.closed;
        let queue = self.arrived.wait_while(queue, waiting).unwrap_or_else(PoisonError::into_inner);
        let gather = self.arrived.wait_timeout_while(queue, GATHER, |queue| !queue.closed);
        let (mut queue, _) = gather.unwrap_or_else(PoisonError::into_inner);
        if queue.lines.is_empty() && queue.dropped == 0 {
            return None;
        }
        // As many will come as came: then none of them is moved because the buffer has to grow.
        let next = Vec::with_capacity(queue.lines.len());
        Some((std::mem::replace(&mut queue.lines, next), std::mem::take(&mut queue.dropped)))
    }
}

impl Writer {
    /// Opens the record: `file`, appended to, or standard output. At most `limit` bytes of lines wait.
    ///
    /// # Errors
    /// The file cannot be opened or the thread not started.
    pub fn start(file: Option<&Path>, limit: usize) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match file {
            Some(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
            None => Box::new(io::stdout()),
        };
        Self::onto(out, limit)
    }

    fn onto(mut out: Box<dyn Write + Send>, limit: usize) -> io::Result<Self> {
        let shared = Shared { arrived: Condvar::new(), limit, queue: Mutex::default() };
        let recorder = Recorder(Arc::new(shared));
        let shared = Arc::clone(&recorder.0);
        let (alive, ended) = mpsc::sync_channel::<()>(1);
        let work = move || {
            let _alive = alive; // dropped at the end, also by a panic
            while let Some((lines, dropped)) = shared.take() {
                if let Err(error) = write(&mut *out, &lines, dropped) {
                    let lost = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
                    tracing::error!(%error, lost, "record not written");
                    shared.lose(lost.saturating_add(dropped));
                }
            }
        };
        let thread = std::thread::Builder::new().name("record".to_owned()).spawn(work)?;
        Ok(Self { ended, recorder, thread })
    }

    /// What lines are given to.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Writes what waits and ends, within `limit`: a disk or reader that takes nothing must not keep the process.
    pub fn close(self, limit: Duration) {
        self.recorder.0.lock().closed = true;
        self.recorder.0.arrived.notify_one();
        if self.ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the record takes no more lines: what still waited is lost");
        } else if self.thread.join().is_err() {
            tracing::error!("the record's writer panicked");
        }
    }
}

/// Writes lines and, if some were dropped before them, how many. That line begins with a line feed, for what came
/// before may have been cut short by a full disk.
fn write(out: &mut dyn Write, lines: &[u8], dropped: u64) -> io::Result<()> {
    if dropped > 0 {
        tracing::warn!(dropped, "record lines dropped");
        writeln!(out, "\n{{\"dropped_lines\":{dropped}}}")?;
    }
    out.write_all(lines)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_in_the_file_after_close() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.jsonl");
        let writer = Writer::start(Some(&path), 1 << 20).unwrap();
        let recorder = writer.recorder();
        let threads: Vec<_> = (0..4)
            .map(|t| {
                let recorder = recorder.clone();
                std::thread::spawn(move || {
                    (0..500).for_each(|i| recorder.line(format!("{t} {i}\n").as_bytes()))
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        writer.close(Duration::from_secs(10));
        assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 2000);
    }

    /// Blocks in its first write until told to go on.
    struct Stuck(std::sync::mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().ok();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_disk_costs_lines_and_never_time_and_the_loss_is_recorded() {
        let (go, stuck) = std::sync::mpsc::sync_channel(16);
        let written = Arc::default();
        let writer = Writer::onto(Box::new(Stuck(stuck, Arc::clone(&written))), 100).unwrap();
        let recorder = writer.recorder();
        for _ in 0..1000 {
            recorder.line(b"0123456789\n");
        }
        drop(go);
        writer.close(Duration::from_secs(10));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let kept = text.lines().filter(|line| *line == "0123456789").count();
        let dropped: usize = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("{\"dropped_lines\":")?.strip_suffix('}')?.parse::<usize>().ok()
            })
            .sum();
        assert!(kept >= 9 && dropped > 0, "{text}");
        assert_eq!(kept + dropped, 1000);
    }

    #[test]
    fn a_disk_that_takes_nothing_does_not_keep_the_process() {
        let (_never, stuck) = std::sync::mpsc::sync_channel(1);
        let writer = Writer::onto(Box::new(Stuck(stuck, Arc::default())), 100).unwrap();
        writer.recorder().line(b"0123456789\n");
        writer.close(Duration::from_millis(10));
    }
}
