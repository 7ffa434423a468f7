//! A child process whose stderr is read all the time and whose end can be awaited.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal as UnixSignal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::journal::Journal;
use crate::signal::Signal;

/// What a program that ran to its end left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Runs a program, such as the script of an SDK, to its end.
///
/// # Panics
///
/// If it cannot be started or has not ended after `timeout`; it is killed then.
pub fn run(command: &mut Command, timeout: Duration) -> Finished {
    let mut stdout = tempfile::tempfile().expect("a temporary file");
    let writer = stdout.try_clone().expect("a second handle of an open file");
    let mut process = Process::spawn(command, Stdio::from(writer))
        .unwrap_or_else(|error| panic!("cannot start {:?}: {error}", command.get_program()));
    let status = process.wait_exit(timeout);
    let (stdout, stderr) = (read_all(&mut stdout), process.log_text());
    let status =
        status.unwrap_or_else(|| panic!("{command:?} still runs after {timeout:?}\n{stdout}\n{stderr}"));
    Finished { status, stdout, stderr }
}

fn read_all(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("reading a temporary file");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Log lines beyond this many are read and forgotten, so that a process that logs without end does not fill
/// memory.
const LOG_LINES: usize = 200_000;
/// A longer log line is cut.
const LINE_BYTES: u64 = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: Arc<Journal<String>>,
    /// Raised by a thread of its own when the child has ended, before anyone has reaped it: its id stays its
    /// own.
    exited: Signal,
    /// Raised when the log was read to its end.
    drained: Signal,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command, stdout: Stdio) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let process = Self { log: Arc::default(), exited: Signal::new(), drained: Signal::new(), child };
        process.watch_log(stderr)?;
        process.watch_exit()?;
        Ok(process)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> &Journal<String> {
        &self.log
    }

    pub(crate) fn log_text(&self) -> String {
        self.log.all().concat()
    }

    pub(crate) fn signal_term(&self) {
        if !self.exited.is_raised() {
            // It fails only if the child has just ended, which is what it was asked to do.
            let _ = kill_process(Pid::from_child(&self.child), UnixSignal::TERM);
        }
    }

    /// How it ended, with the log complete, or `None` if it still runs after `timeout`.
    pub(crate) fn wait_exit(&mut self, timeout: Duration) -> Option<ExitStatus> {
        if !self.exited.wait(timeout) {
            return None;
        }
        self.drained.wait(Duration::from_secs(1));
        self.child.wait().ok()
    }

    fn watch_log(&self, stderr: ChildStderr) -> io::Result<()> {
        let (log, drained) = (Arc::clone(&self.log), self.drained.clone());
        thread::Builder::new().name("child stderr".to_owned()).spawn(move || {
            drain(BufReader::new(stderr), &log);
            log.close();
            drained.raise();
        })?;
        Ok(())
    }

    fn watch_exit(&self) -> io::Result<()> {
        let (pid, exited) = (Pid::from_child(&self.child), self.exited.clone());
        thread::Builder::new().name("child exit".to_owned()).spawn(move || {
            let ended_not_reaped = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), ended_not_reaped), Err(Errno::INTR)) {}
            exited.raise();
        })?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it was waited for before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drain(mut stderr: impl BufRead, log: &Journal<String>) {
    loop {
        let mut line = Vec::new();
        match stderr.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if log.len() < LOG_LINES => log.append(String::from_utf8_lossy(&line).into_owned()),
            Ok(_) => {}
        }
    }
}
