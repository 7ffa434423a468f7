//! The three ways to the mock provider, and how to start what stands in each.

mod nginx;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::process::Process;
use crate::chat::request::Api;
use crate::clock::{now, pause};
use crate::http1::fetch;

/// This program, under a name that still leads to it after it was built anew.
pub const OWN_PROGRAM: &str = "/proc/self/exe";
/// Longest a server may take to get ready.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// Pause between two looks whether it is.
const READY_POLL: Duration = Duration::from_micros(100);

/// A way to the mock provider.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// No proxy.
    Direct,
    /// A plain reverse proxy.
    Nginx,
    /// What this is all about.
    Archestra,
    /// The same with a policy.
    #[value(skip)]
    Judging,
}

/// Where the programs are.
#[derive(Args, Clone, Debug)]
pub struct Programs {
    /// The archestra to measure.
    #[arg(long, default_value = "target/release/archestra")]
    pub archestra: PathBuf,
    /// More environment for it, as NAME=VALUE; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub archestra_env: Vec<String>,
    /// The nginx to compare with; by default the one on PATH, or /usr/sbin/nginx.
    #[arg(long)]
    pub nginx: Option<PathBuf>,
}

impl Programs {
    /// The nginx to run.
    pub fn nginx(&self) -> PathBuf {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found =
            std::env::split_paths(&path).map(|folder| folder.join("nginx")).find(|path| path.exists());
        self.nginx.clone().or(found).unwrap_or_else(|| PathBuf::from("/usr/sbin/nginx"))
    }
}

/// A way that is open.
pub struct Target {
    /// Which.
    pub name: Name,
    /// Where the client connects.
    pub address: SocketAddr,
    /// The server in the way, if any.
    pub process: Option<Process>,
    /// What it records, if it does.
    pub record: Option<PathBuf>,
}

impl Target {
    /// The path of an API here.
    pub fn path(&self, api: Api, streamed: bool) -> String {
        let base = match self.name {
            Name::Archestra | Name::Judging => "/v1/openai",
            // A location of its own, where nginx does not buffer answers.
            Name::Nginx if streamed => "/stream/v1",
            Name::Direct | Name::Nginx => "/v1",
        };
        [base, api.path()].concat()
    }

    /// Bytes of its record so far.
    pub fn recorded(&self) -> Result<u64> {
        self.record.as_ref().map_or(Ok(0), |record| Ok(std::fs::metadata(record)?.len()))
    }

    /// The server's CPU time so far; nothing where there is none.
    pub fn cpu(&self) -> Result<Duration> {
        self.process.as_ref().map_or(Ok(Duration::ZERO), Process::cpu)
    }

    /// The server's resident memory in KB; nothing where there is none.
    pub fn resident_kb(&self) -> Result<u64> {
        self.process.as_ref().map_or(Ok(0), Process::resident_kb)
    }
}

/// A server about to be started.
pub struct Launch {
    command: Command,
    address: SocketAddr,
    log: PathBuf,
    probe: &'static str,
}

impl Launch {
    /// The mock provider: this very program.
    pub fn mock(folder: &Path) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(OWN_PROGRAM);
        command.args(["mock", "--port", &address.port().to_string()]);
        Ok(Self { command, address, log: folder.join("mock.log"), probe: "/health" })
    }

    /// nginx before `mock`, its files in `folder`.
    pub fn nginx(programs: &Programs, folder: &Path, mock: SocketAddr) -> Result<Self> {
        let address = free_address()?;
        let config = folder.join("nginx.conf");
        std::fs::write(&config, nginx::config(folder, address, mock))?;
        let mut command = Command::new(programs.nginx());
        command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(config);
        Ok(Self { command, address, log: folder.join("nginx.log"), probe: "/health" })
    }

    /// Archestra before `mock`, its files in `folder`; `probe` is the path that tells it is up.
    pub fn archestra(
        programs: &Programs,
        folder: &Path,
        mock: SocketAddr,
        probe: &'static str,
    ) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&programs.archestra);
        command
            .arg("serve")
            .env("ARCHESTRA_LISTEN", address.to_string())
            .env("ARCHESTRA_OPENAI_BASE_URL", format!("http://{mock}/v1"))
            .env("ARCHESTRA_ANTHROPIC_BASE_URL", format!("http://{mock}"))
            .env("ARCHESTRA_GEMINI_BASE_URL", format!("http://{mock}"))
            .env("ARCHESTRA_RECORD_FILE", folder.join("record.jsonl"))
            .env("ARCHESTRA_DATA_DIR", folder);
        for variable in &programs.archestra_env {
            let (name, value) =
                variable.split_once('=').with_context(|| format!("not NAME=VALUE: {variable:?}"))?;
            command.env(name, value);
        }
        Ok(Self { command, address, log: folder.join("archestra.log"), probe })
    }

    /// The same with a policy, which is written to `folder`.
    pub fn judging(mut self, folder: &Path, policy: &str) -> Result<Self> {
        let file = folder.join("policy.yaml");
        std::fs::write(&file, policy).with_context(|| format!("cannot write {}", file.display()))?;
        self.command.env("ARCHESTRA_POLICY_FILE", file);
        Ok(self)
    }

    /// Starts it, to live no longer than this process, and waits until it answers.
    pub async fn run(mut self) -> Result<(Process, SocketAddr)> {
        self.command = tethered(&self.command);
        let address = self.address;
        Ok((self.up().await?.0, address))
    }

    /// Starts it, measures the time to its first good answer, and ends it.
    pub async fn time(self) -> Result<Duration> {
        Ok(self.up().await?.1)
    }

    async fn up(self) -> Result<(Process, Duration)> {
        let request = format!("GET {} HTTP/1.1\r\nhost: bench.local\r\n\r\n", self.probe);
        let begin = now();
        let mut process = Process::spawn(self.command, &self.log)?;
        loop {
            let answer = tokio::time::timeout(READY_LIMIT, fetch(self.address, request.as_bytes())).await;
            let took = begin.elapsed();
            let last = match answer {
                Ok(Ok((200, _))) => return Ok((process, took)),
                Ok(Ok((status, _))) => format!("GET {} answers {status}", self.probe),
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "no answer".to_owned(),
            };
            let hope = process.ensure_alive().and_then(|()| {
                ensure!(took < READY_LIMIT, "not up within {READY_LIMIT:?}");
                Ok(())
            });
            if let Err(error) = hope {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("{}: {error:#} ({last}); it said:\n{log}", self.log.display());
            }
            pause(READY_POLL);
        }
    }
}

/// The same command, ending when this process does.
fn tethered(command: &Command) -> Command {
    let mut outer = Command::new(OWN_PROGRAM);
    outer.args(["tether", "--"]).arg(command.get_program()).args(command.get_args());
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}
