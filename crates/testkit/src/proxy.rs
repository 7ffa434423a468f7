//! The proxy under test as a child process.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::deadline::Deadline;
use crate::fake_upstream::FakeUpstream;
use crate::process::Process;

/// How long the binary may take to say where it listens. Generous, because tests start many at once.
const START_BOUND: Duration = Duration::from_secs(20);

/// What the proxy is started with. Variables named `ARCHESTRA_…` of the surroundings are not passed on.
#[derive(Debug)]
pub struct Builder {
    binary: PathBuf,
    variables: Vec<(OsString, OsString)>,
    config: Option<String>,
}

impl Builder {
    /// Sets `ARCHESTRA_OPENAI_BASE_URL`.
    #[must_use]
    pub fn openai(self, url: &str) -> Self {
        self.env("ARCHESTRA_OPENAI_BASE_URL", url)
    }

    /// Sets `ARCHESTRA_ANTHROPIC_BASE_URL`.
    #[must_use]
    pub fn anthropic(self, url: &str) -> Self {
        self.env("ARCHESTRA_ANTHROPIC_BASE_URL", url)
    }

    /// Sets `ARCHESTRA_GEMINI_BASE_URL`.
    #[must_use]
    pub fn gemini(self, url: &str) -> Self {
        self.env("ARCHESTRA_GEMINI_BASE_URL", url)
    }

    /// Makes `upstream` all three providers; OpenAI's base URL ends in `/v1`, as the real one does.
    #[must_use]
    pub fn upstream(self, upstream: &FakeUpstream) -> Self {
        let url = upstream.url();
        self.openai(&format!("{url}/v1")).anthropic(&url).gemini(&url)
    }

    /// Sets any variable; the last one of a name wins, also over what this kit sets itself.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Writes `toml` to a file and names it in `ARCHESTRA_CONFIG`.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config = Some(toml.to_owned());
        self
    }

    /// Starts `archestra serve` and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it ends or stays silent instead; the message has its log.
    pub fn start(self) -> Proxy {
        let (scratch, mut process) = self.spawn();
        let address = process.log().find(START_BOUND, |line| listening(line)).unwrap_or_else(|| {
            let status = process.wait_exit(Duration::ZERO);
            panic!(
                "the proxy did not say where it listens (exit: {status:?}), its log:\n{}",
                process.log_text()
            )
        });
        Proxy { address, records: scratch.path().join(RECORDS), process, _scratch: scratch }
    }

    /// Starts `archestra serve` where it is expected to give up, and returns how it ended and its log.
    ///
    /// # Panics
    ///
    /// If it has not ended after `timeout`.
    pub fn start_failing(self, timeout: Duration) -> (ExitStatus, String) {
        let (_scratch, mut process) = self.spawn();
        let status = process.wait_exit(timeout).unwrap_or_else(|| {
            panic!("the proxy still runs after {timeout:?}, its log:\n{}", process.log_text())
        });
        (status, process.log_text())
    }

    fn spawn(self) -> (TempDir, Process) {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(&self.binary);
        // Its default data directory is relative, and must not be the source tree.
        command.arg("serve").current_dir(scratch.path());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if text.starts_with("ARCHESTRA_")
                || text.starts_with("GOOGLE_")
                || text == "HTTPS_PROXY"
                || text == "NO_PROXY"
            {
                command.env_remove(name);
            }
        }
        command.env("ARCHESTRA_LISTEN", "127.0.0.1:0");
        command.env("ARCHESTRA_RECORD_FILE", scratch.path().join(RECORDS));
        // Colours would stand between the words that are looked for in the log.
        command.env("NO_COLOR", "1");
        if let Some(config) = &self.config {
            let path = scratch.path().join("archestra.toml");
            fs::write(&path, config).expect("a file in a temporary directory");
            command.env("ARCHESTRA_CONFIG", path);
        }
        command.envs(self.variables);
        let process = Process::spawn(&mut command, Stdio::null())
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        (scratch, process)
    }
}

const RECORDS: &str = "records.jsonl";

/// A running proxy, killed when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    records: PathBuf,
    process: Process,
    _scratch: TempDir,
}

impl Proxy {
    /// Prepares a start of this binary; tests of the crate `app` give `env!("CARGO_BIN_EXE_archestra")`.
    pub fn builder(binary: impl AsRef<Path>) -> Builder {
        Builder { binary: binary.as_ref().to_owned(), variables: Vec::new(), config: None }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` with `path` after it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has written to stderr so far.
    pub fn log(&self) -> String {
        self.process.log_text()
    }

    /// The first line of its log that contains `text`.
    ///
    /// # Panics
    ///
    /// If none comes within `timeout`.
    pub fn wait_log(&self, text: &str, timeout: Duration) -> String {
        let found =
            self.process.log().find(timeout, |line: &String| line.contains(text).then(|| line.clone()));
        found.unwrap_or_else(|| panic!("{text:?} is not in the log after {timeout:?}:\n{}", self.log()))
    }

    /// The records it has written so far, whole lines only.
    ///
    /// # Panics
    ///
    /// If a line is not JSON.
    pub fn records(&self) -> Vec<Value> {
        // No file yet: no records yet.
        let text = fs::read_to_string(&self.records).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("record {line:?}: {e}")))
            .collect()
    }

    /// The records, once there are at least `count` of them.
    ///
    /// # Panics
    ///
    /// If there are fewer after `timeout`.
    pub fn wait_records(&self, count: usize, timeout: Duration) -> Vec<Value> {
        let enough = || Some(self.records()).filter(|records| records.len() >= count);
        Deadline::after(timeout).poll(enough).unwrap_or_else(|| {
            panic!(
                "fewer than {count} records after {timeout:?}: {:#?}\nlog:\n{}",
                self.records(),
                self.log()
            )
        })
    }

    /// Asks it to end (SIGTERM).
    pub fn signal_term(&self) {
        self.process.signal_term();
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// If it has not ended after `timeout`.
    pub fn wait_exit(&mut self, timeout: Duration) -> ExitStatus {
        let status = self.process.wait_exit(timeout);
        status.unwrap_or_else(|| panic!("the proxy still runs after {timeout:?}, its log:\n{}", self.log()))
    }

    /// Its resident memory in KiB (`VmRSS`; Linux only).
    pub fn rss_kb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok())
            .unwrap_or_else(|| panic!("{path} has no VmRSS: the proxy has ended"))
    }

    /// How many file descriptors it has open (Linux only).
    pub fn open_fds(&self) -> usize {
        let path = format!("/proc/{}/fd", self.pid());
        fs::read_dir(&path).unwrap_or_else(|error| panic!("{path}: {error}")).count()
    }
}

/// The address in the log line that says where the proxy listens, in the human and in the JSON format.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("listening")?;
    let (_, after) = after.split_once("addr")?;
    let address = after.trim_start_matches(['"', ':', '=', ' ']);
    let end = address.find(|c: char| !matches!(c, '0'..='9' | '.' | ':')).unwrap_or(address.len());
    address.get(..end)?.parse().ok()
}
