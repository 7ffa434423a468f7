//! A server process and all it forks: what it burns, what it holds, and its end.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// A running server; dropping it kills its whole tree.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a server, its output going to the file `log`.
    pub fn spawn(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let program = command.get_program().to_string_lossy().into_owned();
        Ok(Self { child: command.spawn().with_context(|| format!("cannot start {program}"))? })
    }

    /// Fails when the process has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "ended early: {}", ended.unwrap_or_default());
        Ok(())
    }

    /// Asks the process to stop; fails unless it does so in time and of its own accord.
    pub async fn stop(&mut self, limit: Duration) -> Result<()> {
        kill(self.pid(), Signal::SIGTERM)?;
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    ensure!(status.success(), "{status}");
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(limit, ended).await.with_context(|| format!("not within {limit:?}"))?
    }

    /// CPU time of the tree so far: user and system, of ended threads too, to the nanosecond.
    ///
    /// From each process's CPU clock (clock_getcpuclockid(3)). `/proc/PID/stat` has the same sum but counts
    /// in hundredths of a second; `/proc/PID/task/*/schedstat` forgets threads that ended.
    pub fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for pid in self.tree() {
            let clock =
                clock_getcpuclockid(pid).with_context(|| format!("process {pid} has no CPU clock"))?;
            total += Duration::from(clock_gettime(clock)?);
        }
        Ok(total)
    }

    /// Resident memory in KB, `VmRSS` in `/proc/PID/status`. Of a process with workers, theirs alone, added
    /// up: pages they share count each time.
    pub fn resident_kb(&self) -> Result<u64> {
        let tree = self.tree();
        let workers = tree.get(1..).filter(|workers| !workers.is_empty()).unwrap_or(&tree);
        workers.iter().try_fold(0, |total, pid| Ok(total + resident_kb(*pid)?))
    }

    /// Open file descriptors of the process itself.
    pub fn open_files(&self) -> Result<u64> {
        let path = format!("/proc/{}/fd", self.pid());
        let entries = std::fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?;
        Ok(entries.count() as u64)
    }

    /// Threads of the process itself.
    pub fn threads(&self) -> Result<u64> {
        let path = format!("/proc/{}/task", self.pid());
        let entries = std::fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?;
        Ok(entries.count() as u64)
    }

    /// The process and its descendants, itself first.
    fn tree(&self) -> Vec<Pid> {
        let mut tree = vec![self.pid()];
        let mut next = 0;
        while let Some(pid) = tree.get(next) {
            let children = children(*pid);
            tree.extend(children);
            next += 1;
        }
        tree
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Taken before the root dies, as its orphans are no longer found below it.
        let tree = self.tree();
        for pid in &tree {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        let _ = self.child.wait();
        for orphan in tree.get(1..).unwrap_or_default() {
            let _ = waitpid(*orphan, None);
        }
    }
}

/// Makes orphans of killed servers children of this process, to be waited for in [`Process`]'s `drop`: not
/// every machine's first process does that in time.
pub fn adopt_orphans() -> Result<()> {
    set_child_subreaper(true).context("cannot adopt orphans")
}

fn children(pid: Pid) -> Vec<Pid> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .map(Pid::from_raw)
        .collect()
}

fn resident_kb(pid: Pid) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).with_context(|| format!("no VmRSS in {path}"))
}
