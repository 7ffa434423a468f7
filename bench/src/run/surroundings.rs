//! What the figures depend on and say nothing about by themselves.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::plan::Plan;
use super::target::{Name, Programs};

/// Lines for the head of the table. Fails when a program that is to be measured is missing.
pub fn describe(programs: &Programs, targets: &[Name], plan: &Plan) -> Result<Vec<String>> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read("/proc/cpuinfo");
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let mut lines = vec![
        format!("{cores} cores, {}", model.map_or("unknown CPU", |(_, model)| model.trim())),
        format!(
            "Linux {}, load average {} before the run",
            read("/proc/sys/kernel/osrelease").trim(),
            read("/proc/loadavg").split(' ').next().unwrap_or("?")
        ),
    ];
    if targets.contains(&Name::Nginx) {
        let nginx = programs.nginx();
        let output = Command::new(&nginx).arg("-v").output();
        let output = output.with_context(|| format!("no nginx at {}", nginx.display()))?;
        lines.push(format!("{}, 2 workers", String::from_utf8_lossy(&output.stderr).trim()));
    }
    if targets.contains(&Name::Archestra) {
        let path = &programs.archestra;
        let Ok(metadata) = std::fs::metadata(path) else {
            bail!(
                "no archestra at {}: build it, or leave it out with --targets direct,nginx",
                path.display()
            );
        };
        lines.push(format!("archestra: {}, {} KB", path.display(), metadata.len() / 1024));
    }
    lines.push(format!("{} rounds; {plan:?}", plan.rounds));
    Ok(lines)
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
