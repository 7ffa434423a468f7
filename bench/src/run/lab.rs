//! Where measurements are made: a mock provider, a folder for files, and the checks that a measurement is one.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::plan::Plan;
use super::record::{Judged, Wanted};
use super::target::{Launch, Name, OWN_PROGRAM, Programs, Target};
use crate::chat::request::{Api, Flush, Shape, Size, http};
use crate::http1::fetch;
use crate::load::tally::Report;
use crate::load::{Mode, Options};

/// What a server may still do for the last answer, before its CPU time is read.
const SETTLE: Duration = Duration::from_millis(50);
/// Pause between two readings of memory.
const MEMORY_POLL: Duration = Duration::from_millis(50);
/// Longest a load generator may take to be ready, and to report beyond the time asked for.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// The mock provider and everything to measure with.
pub struct Lab {
    /// How much of everything.
    pub plan: Plan,
    programs: Programs,
    mock: Target,
    folder: TempDir,
    starts: usize,
    expected: HashMap<(Size, Option<Shape>), Vec<u8>>,
    problems: Vec<String>,
}

/// One measurement.
pub struct Measured {
    /// What the client saw.
    pub report: Report,
    /// CPU time the server burned, in microseconds.
    pub cpu_us: f64,
    /// The most memory the server held, in KB.
    pub peak_kb: u64,
}

impl Lab {
    /// Starts the mock provider; `keep` keeps the files of all servers.
    pub async fn open(programs: Programs, plan: Plan, keep: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").disable_cleanup(keep).tempdir()?;
        if keep {
            crate::say(&format!("files are kept in {}\n", folder.path().display()))?;
        }
        let (process, address) = Launch::mock(folder.path())?.run().await?;
        let mock = Target { name: Name::Direct, address, process: Some(process), record: None };
        Ok(Self { plan, programs, mock, folder, starts: 0, expected: HashMap::new(), problems: Vec::new() })
    }

    /// Opens a way to the mock provider, with a server of its own.
    pub async fn start(&mut self, name: Name) -> Result<Target> {
        if name == Name::Direct {
            return Ok(Target { name, address: self.mock.address, process: None, record: None });
        }
        let (process, address) = self.launch(name, "/ready")?.run().await?;
        Ok(Target { name, address, process: Some(process), record: None })
    }

    /// Opens ways of the same kinds, with servers of their own.
    pub async fn start_again(&mut self, targets: &[Target]) -> Result<Vec<Target>> {
        let mut again = Vec::new();
        for target in targets {
            again.push(self.start(target.name).await?);
        }
        Ok(again)
    }

    /// Opens one through archestra without a policy, and one through archestra with this one.
    pub async fn start_pair(&mut self, policy: &str) -> Result<[Target; 2]> {
        let without = self.start(Name::Archestra).await?;
        let name = Name::Judging;
        let folder = self.folder(name)?;
        let launch = Launch::archestra(&self.programs, &folder, self.mock.address, "/ready")?;
        let (process, address) = launch.judging(&folder, policy)?.run().await?;
        let record = Some(folder.join("record.jsonl"));
        Ok([without, Target { name, address, process: Some(process), record }])
    }

    /// A server to be started, its files in a new folder.
    pub fn launch(&mut self, name: Name, probe: &'static str) -> Result<Launch> {
        let folder = self.folder(name)?;
        match name {
            Name::Direct => bail!("there is no server to start"),
            Name::Nginx => Launch::nginx(&self.programs, &folder, self.mock.address),
            Name::Archestra => Launch::archestra(&self.programs, &folder, self.mock.address, probe),
            Name::Judging => bail!("a policy is missing"),
        }
    }

    /// A new folder for a server.
    fn folder(&mut self, name: Name) -> Result<PathBuf> {
        self.starts += 1;
        let folder = self.folder.path().join(format!("{name:?}-{}", self.starts));
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// The load that all measurements begin with, to be altered.
    pub fn load(&self, target: &Target, mode: Mode) -> Options {
        Options {
            address: target.address,
            path: target.path(Api::Chat, mode == Mode::Stream),
            mode,
            connections: 16,
            measure_ms: self.plan.cpu_ms,
            warm_ms: self.plan.warm_ms,
            size: Size::Kb1,
            rate: 500,
            chunks: 200,
            delay_us: 0,
            flush: Flush::Each,
            repeat: 1,
            conversation: 0,
            stranger: false,
            handshake: true,
        }
    }

    /// Checks that every target answers byte for byte as the mock provider does.
    pub async fn compare_answers(&mut self, targets: &[Target]) -> Result<()> {
        let shape = |api| Some(Shape { api, chunks: 50, delay_us: 0, flush: Flush::Each });
        let kinds = [
            (Size::Kb1, None),
            (Size::Kb20, None),
            (Size::Kb200, None),
            (Size::Kb1, shape(Api::Chat)),
            (Size::Kb1, shape(Api::Responses)),
        ];
        for (size, shape) in kinds {
            let wanted = self.expected(size, shape).await?.to_vec();
            for target in targets {
                let (status, body) = fetch(target.address, &request(target, size, shape)).await?;
                if status != 200 || body != wanted {
                    let same = body.iter().zip(&wanted).take_while(|(body, wanted)| body == wanted).count();
                    let [got, wanted] = [&body, &wanted].map(|body| {
                        String::from_utf8_lossy(
                            body.get(same..(same + 60).min(body.len())).unwrap_or_default(),
                        )
                    });
                    self.problems.push(format!(
                        "{:?} answers {size:?}, {shape:?}, with status {status} and a body that differs from the \
                         mock's at byte {same}: {got:?} instead of {wanted:?}",
                        target.name
                    ));
                }
            }
        }
        Ok(())
    }

    /// Runs a load against a target and reads what the server burned and held meanwhile.
    pub async fn measure(&mut self, target: &Target, load: &Options) -> Result<Measured> {
        let limit = LOAD_LIMIT.saturating_add(Duration::from_millis(load.measure_ms));
        let measured =
            tokio::time::timeout(limit, measure(target, load)).await.context("load generator hangs")??;
        self.check(target, load, &measured.report).await?;
        Ok(measured)
    }

    /// Checks that the calls of a load were judged, if the target judges, and became what they should. The load made so
    /// many `exchanges`, its warm-up among them, beginning where the record had `offset` bytes.
    pub async fn check_calls(
        &mut self,
        target: &Target,
        report: &Report,
        (offset, exchanges): (u64, u64),
        wanted: Wanted,
    ) -> Result<()> {
        let is_refused = wanted == Wanted::Refused && target.record.is_some();
        let changed = if is_refused { report.requests } else { 0 };
        if report.changed != changed {
            let what =
                format!("{} of {} answers were changed, not {changed}", report.changed, report.requests);
            self.problem(format!("{:?}: {what}", target.name));
        }
        let Some(record) = &target.record else { return Ok(()) };
        let judged = Judged::read(record, offset, exchanges).await?;
        let became = if is_refused { judged.refused } else { judged.allowed };
        let searched = report.requests.saturating_sub(judged.dropped);
        if judged.exchanges != exchanges
            || became != exchanges.saturating_sub(judged.dropped)
            || judged.searched < searched
        {
            self.problem(format!(
                "{:?}: of {exchanges} calls, each to be {wanted:?}: {judged:?}",
                target.name
            ));
        }
        Ok(())
    }

    /// Checks that the policy of a target was in force in all its exchanges so far.
    pub async fn check_judging(&mut self, target: &Target) -> Result<()> {
        if let Some(record) = &target.record {
            let judged = Judged::read(record, 0, 1).await?;
            if judged.judged == 0 || judged.judged + judged.dropped != judged.exchanges {
                self.problem(format!("{:?}: {judged:?}", target.name));
            }
        }
        Ok(())
    }

    /// How much the archestras wrote to their records, in KB: that of one that does not record is cheap work.
    pub fn recorded_kb(&self) -> u64 {
        let folders = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let records = folders.filter_map(|folder| std::fs::metadata(folder.path().join("record.jsonl")).ok());
        records.map(|record| record.len()).sum::<u64>() / 1024
    }

    /// Notes what makes the figures worthless.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// What makes the figures worthless.
    pub fn into_problems(self) -> Vec<String> {
        self.problems
    }

    async fn check(&mut self, target: &Target, load: &Options, report: &Report) -> Result<()> {
        if matches!(load.mode, Mode::Agents | Mode::Beside | Mode::Cold) {
            // The client compared the answers itself.
            if report.errors > 0 || report.requests == 0 {
                let first = report.first_error.as_deref().unwrap_or("no answers");
                let Report { errors, requests, .. } = report;
                let what = format!("{errors} failed beside {requests}, first: {first}");
                self.problems.push(format!("{:?}, {:?} load: {what}", target.name, load.mode));
            }
            return Ok(());
        }
        let shape = load.shape();
        let bytes = self.expected(load.size, shape).await?.len() as u64;
        let events = shape.map_or(0, |shape| report.requests * shape.events() as u64);
        let streams = load.connections as u64 * load.repeat;
        let what = if report.errors > 0 {
            format!("{} failed, first: {}", report.errors, report.first_error.as_deref().unwrap_or("?"))
        } else if report.requests == 0 {
            "no answers".to_owned()
        } else if (report.shortest, report.longest) != (bytes, bytes) {
            format!("answers of {} to {} bytes, not {bytes}", report.shortest, report.longest)
        } else if report.events != events {
            format!("{} events, not {events}", report.events)
        } else if load.mode == Mode::Stream && report.requests != streams {
            format!("{} of {streams} streams", report.requests)
        } else {
            return Ok(());
        };
        self.problems.push(format!("{:?}, {:?} load of {:?}: {what}", target.name, load.mode, load.size));
        Ok(())
    }

    /// The mock provider's answer, without pauses.
    async fn expected(&mut self, size: Size, shape: Option<Shape>) -> Result<&[u8]> {
        let shape = shape.map(|shape| Shape { delay_us: 0, flush: Flush::Each, ..shape });
        if !self.expected.contains_key(&(size, shape)) {
            let (status, body) = fetch(self.mock.address, &request(&self.mock, size, shape)).await?;
            ensure!(status == 200, "the mock provider answers {status}");
            self.expected.insert((size, shape), body);
        }
        self.expected.get(&(size, shape)).map(Vec::as_slice).context("no expectation")
    }
}

/// One request of a target.
fn request(target: &Target, size: Size, shape: Option<Shape>) -> Bytes {
    let api = shape.map_or(Api::Chat, |shape| shape.api);
    http(&target.path(api, shape.is_some()), size, shape)
}

async fn measure(target: &Target, load: &Options) -> Result<Measured> {
    let mut child = Command::new(OWN_PROGRAM)
        .args(load.to_arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the load generator")?;
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    line(&mut lines).await?;
    let before = target.cpu()?;
    child.stdin.as_mut().context("no stdin")?.write_all(b"go\n").await?;
    let (report, peak_kb) = report(target, &mut lines).await?;
    tokio::time::sleep(SETTLE).await;
    let cpu = target.cpu()?.saturating_sub(before);
    finish(child).await?;
    Ok(Measured { report, cpu_us: cpu.as_secs_f64() * 1e6, peak_kb })
}

/// Waits for the report, reading the server's memory meanwhile.
async fn report(target: &Target, lines: &mut Lines<BufReader<ChildStdout>>) -> Result<(Report, u64)> {
    let mut peak_kb = 0;
    loop {
        // Reading a line can be given up and taken up again: what was read of it stays in the buffer.
        match tokio::time::timeout(MEMORY_POLL, line(lines)).await {
            Ok(report) => return Ok((serde_json::from_str(&report?)?, peak_kb)),
            Err(_) => peak_kb = target.resident_kb()?.max(peak_kb),
        }
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    lines.next_line().await?.context("the load generator ended without a report")
}

async fn finish(mut child: Child) -> Result<()> {
    let status = child.wait().await?;
    ensure!(status.success(), "the load generator failed: {status}");
    Ok(())
}
