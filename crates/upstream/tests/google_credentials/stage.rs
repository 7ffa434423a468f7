//! What the tests stand on.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::FakeGoogle;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tracing_subscriber::fmt::MakeWriter;
use upstream::{Authorization, CredentialError, CredentialSettings, GoogleCredentials};

/// Longest time that a test waits for something that must happen.
pub const SOON: Duration = Duration::from_secs(20);

/// Times that a test can wait for.
pub fn brisk() -> CredentialSettings {
    CredentialSettings {
        wait: SOON,
        attempt: Duration::from_secs(10),
        refresh: Duration::from_secs(3600),
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(40),
        between_refusals: Duration::from_secs(3600),
    }
}

/// Google, a directory, and a thread in the place of the process's main one.
pub struct Stage {
    pub google: FakeGoogle,
    pub directory: TempDir,
    pub log: Log,
    main: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    pub fn new() -> Self {
        let runtime = runtime();
        let main = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let log = Log::default();
        let thread = thread::spawn({
            let log = log.clone();
            move || {
                log.listening(|| {
                    // Ends when the stage is dropped, which is an error of the channel.
                    let _ = runtime.block_on(ended);
                });
            }
        });
        let directory = tempfile::tempdir().expect("a directory for the test");
        Self { google: FakeGoogle::start(), directory, log, main, end: Some(end), thread: Some(thread) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    /// Credentials from a file with this content.
    pub fn start(&self, file: &Value, settings: CredentialSettings) -> GoogleCredentials {
        self.start_from(self.write("credentials.json", file.to_string()), settings)
    }

    pub fn start_from(&self, file: PathBuf, settings: CredentialSettings) -> GoogleCredentials {
        GoogleCredentials::start(Some(file), settings, &self.main)
    }

    /// Whether this is a good token, by Google's own judgement.
    pub fn check(&self, authorization: &Authorization) -> Result<(), String> {
        self.google.check(authorization.value().to_str().expect("a token is ASCII"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.end.take();
        // If it panicked, it has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A worker's.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Asks on a runtime that is not the one that fetches.
pub fn token(credentials: &GoogleCredentials) -> Result<Authorization, CredentialError> {
    runtime().block_on(credentials.token())
}

/// The lines that were logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes in what this thread logs in `work`.
    pub fn listening<T>(&self, work: impl FnOnce() -> T) -> T {
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(self.clone()).finish();
        tracing::subscriber::with_default(subscriber, work)
    }

    pub fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
