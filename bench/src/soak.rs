//! The soak: mixed traffic, with failures of clients and of the provider, against the real proxy for long. Does
//! anything leak, is every exchange recorded once and told as it ended, is what should be right still right?

mod books;
mod judge;
mod kind;
mod lane;
mod report;
mod request;
mod vitals;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use nix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clock::now;
use crate::run::process::{self, Process};
use crate::run::target::{Launch, Programs};
use books::Books;
use lane::Lane;
use report::Report;
use request::Stock;
use vitals::Sample;

/// The proxy's limit of the time for a head, short so that it is met often.
const HEADER_TIMEOUT: Duration = Duration::from_secs(3);
/// The proxy's limit of the time that a client takes nothing.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// The proxy's limits of all other silences.
const SILENCE: Duration = Duration::from_secs(2);
/// Between two readings.
const SAMPLE: Duration = Duration::from_secs(5);
/// Longest that idle connections to the provider are kept: the proxy drops them after 50 s, and looks every 50 s.
const IDLE_LIMIT: Duration = Duration::from_secs(120);
/// Shortest warm-up, unless the whole is shorter than twice that.
const WARM: Duration = Duration::from_secs(60);
/// Longest soak, in minutes.
const LONGEST: u64 = 24 * 60;

/// How long, how much, and of what.
#[derive(Args)]
pub struct Options {
    /// How long the traffic lasts; up to 3 minutes more pass until all is closed.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Clients, each with one request at a time; 24 make about 80 requests per second.
    #[arg(long, default_value_t = 24)]
    connections: u64,
    /// The archestra to soak.
    #[arg(long, default_value = "target/release/archestra")]
    archestra: PathBuf,
    /// More environment for it, as NAME=VALUE; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    archestra_env: Vec<String>,
    /// Also write everything to this file, as JSON.
    #[arg(long)]
    json_out: Option<PathBuf>,
    /// Keep the record and the logs, and say where.
    #[arg(long)]
    keep: bool,
}

/// Soaks; success means that every verdict is good.
pub async fn main(options: Options) -> Result<ExitCode> {
    ensure!((1..=LONGEST).contains(&options.minutes), "1 to {LONGEST} minutes");
    ensure!((1..=1_000).contains(&options.connections), "1 to 1,000 connections");
    process::adopt_orphans()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let limit = Duration::from_secs(options.minutes * 60 + 300);
    // Whatever ends the wait drops the run, and with it every child.
    let report = tokio::select! {
        report = Box::pin(soak(&options)) => report?,
        () = sleep(limit) => bail!("not done within {limit:?}"),
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    };
    crate::say(&report.markdown())?;
    if let Some(path) = &options.json_out {
        std::fs::write(path, report.json()?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn soak(options: &Options) -> Result<Report> {
    let folder = tempfile::Builder::new().prefix("soak-").disable_cleanup(options.keep).tempdir()?;
    if options.keep {
        crate::say(&format!("files are kept in {}\n", folder.path().display()))?;
    }
    let (mock, mock_address) = Launch::mock(folder.path())?.run().await?;
    let programs = programs(options, &folder)?;
    let launch = Launch::archestra(&programs, folder.path(), mock_address, "/ready")?;
    let (mut proxy, address) = launch.run().await?;
    // The probe's connection is to be gone from what counts as idle.
    sleep(Duration::from_secs(1)).await;
    let begin = now();
    let before = Sample::take(&proxy, begin)?;
    let books = Arc::new(Mutex::new(Books::new()));
    let cpu = burned([&mock, &proxy])?;
    let time = Duration::from_secs(options.minutes * 60);
    let mut problems = Vec::new();
    let samples = traffic(options, &proxy, address, &books, begin + time, &mut problems).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let spent = burned([&mock, &proxy])?;
    let part = |after: Duration, before| after.saturating_sub(before).as_secs_f64() / seconds;
    let cpu = [part(spent[0], cpu[0]), part(spent[1], cpu[1]), part(spent[2], cpu[2])];
    let (after, closing) = settle(&proxy, before.fds, begin).await?;
    if let Err(error) = proxy.stop(SILENCE * 5).await {
        problems.push(format!("the proxy did not stop well: {error:#}"));
    }
    let books = Arc::into_inner(books).context("a client is still there")?;
    let mut books = books.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A record that cannot be understood is a finding, not the end of the report.
    if let Err(error) = books.audit(&folder.path().join("record.jsonl")) {
        problems.push(format!("the audit ended early: {error:#}"));
    }
    let warm = (time / 10).max(WARM).min(time / 2).as_secs_f64();
    let warm = samples.iter().filter(|sample| sample.at < warm).count();
    Ok(Report {
        books,
        cpu,
        idle_files: (before.fds, after.fds, closing.as_secs_f64()),
        idle_rss_kb: (before.rss_kb, after.rss_kb),
        seconds,
        samples: (samples, warm),
        problems,
    })
}

/// The proxy with short limits, and an agent for each kind of request.
fn programs(options: &Options, folder: &TempDir) -> Result<Programs> {
    let agents = folder.path().join("agents.toml");
    std::fs::write(&agents, kind::agents())?;
    let limit = |name: &str, limit: Duration| format!("ARCHESTRA_{name}_TIMEOUT_MS={}", limit.as_millis());
    let mut archestra_env = vec![
        format!("ARCHESTRA_CONFIG={}", agents.display()),
        limit("CLIENT_IDLE", SILENCE),
        limit("FIRST_BYTE", SILENCE),
        limit("HEADER", HEADER_TIMEOUT),
        limit("IDLE", SILENCE),
        limit("WRITE", WRITE_TIMEOUT),
    ];
    archestra_env.extend_from_slice(&options.archestra_env);
    Ok(Programs { archestra: absolute(&options.archestra)?, archestra_env, nginx: None })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("no archestra at {}: build it", path.display()))
}

/// Runs all clients until then, reading meanwhile what the proxy holds.
async fn traffic(
    options: &Options,
    proxy: &Process,
    address: SocketAddr,
    books: &Arc<Mutex<Books>>,
    until: Instant,
    problems: &mut Vec<String>,
) -> Result<Vec<Sample>> {
    let begin = now();
    let stock = Arc::new(Stock::new());
    let mut lanes = JoinSet::new();
    for number in 0..options.connections {
        lanes.spawn(Lane::new(number, address, &stock, books).run(until));
    }
    let mut samples = Vec::new();
    while now() < until {
        sleep(SAMPLE.min(until.saturating_duration_since(now()))).await;
        samples.push(Sample::take(proxy, begin)?);
    }
    let ended = timeout(lane::LIMIT * 2, async {
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended {
                problems.push(format!("a client failed: {error}"));
            }
        }
    });
    if ended.await.is_err() {
        lanes.shutdown().await;
        problems.push("clients did not come to an end".to_owned());
    }
    Ok(samples)
}

/// Waits until the proxy has no more files open than when it was idle, or for as long as that may take.
async fn settle(proxy: &Process, idle: u64, begin: Instant) -> Result<(Sample, Duration)> {
    let since = now();
    loop {
        let sample = Sample::take(proxy, begin)?;
        if sample.fds <= idle || since.elapsed() > IDLE_LIMIT {
            return Ok((sample, since.elapsed()));
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// CPU time of this process, and of others, so far.
fn burned([mock, proxy]: [&Process; 2]) -> Result<[Duration; 3]> {
    let own = Duration::from(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?);
    Ok([own, mock.cpu()?, proxy.cpu()?])
}
