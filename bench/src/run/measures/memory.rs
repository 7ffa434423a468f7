//! Resident memory: of a fresh server each, as memory once taken is seldom given back.

use std::time::Duration;

use anyhow::Result;

use crate::load::{Mode, Options};
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::{Name, Target};

/// Connections or streams held at once.
const HELD: u32 = 1_000;
/// What a server may do after its start before it counts as idle.
const SETTLE: Duration = Duration::from_millis(300);

/// Measures idle, busy, with connections held, with slow streams.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    let mut idle = Row::new("RSS, idle", "MB", Some(Goal::AtMost(15.0)));
    let mut busy = Row::new("RSS, 256 busy connections", "MB", Some(Goal::AtMost(40.0)));
    let mut held = Row::new("RSS per idle connection, of 1,000", "KB", None);
    let mut slow = Row::new("RSS per slow stream, of 1,000", "KB", Some(Goal::AtMost(60.0)));
    for name in targets.iter().filter(|target| target.process.is_some()).map(|target| target.name) {
        for _ in 0..lab.plan.servers {
            let (before, peak) = fresh(lab, name, Mode::Closed, |load| load.connections = 256).await?;
            idle.sample(name, before / 1024.0);
            busy.sample(name, peak / 1024.0);
        }
        let hold = |load: &mut Options| load.warm_ms = 0;
        let (before, peak) = fresh(lab, name, Mode::Idle, hold).await?;
        held.sample(name, (peak - before) / f64::from(HELD));
        let chunks = lab.plan.slow_chunks;
        let speak_slowly = |load: &mut Options| {
            load.chunks = chunks;
            load.delay_us = 250_000;
            load.measure_ms = 10_000;
        };
        let (before, peak) = fresh(lab, name, Mode::Stream, speak_slowly).await?;
        slow.sample(name, (peak - before) / f64::from(HELD));
    }
    for row in [idle, busy, held, slow] {
        table.add(row);
    }
    Ok(())
}

/// KB of a fresh server before a load and at most during it.
async fn fresh(lab: &mut Lab, name: Name, mode: Mode, alter: impl Fn(&mut Options)) -> Result<(f64, f64)> {
    let target = lab.start(name).await?;
    tokio::time::sleep(SETTLE).await;
    let before = target.resident_kb()?;
    let mut load = lab.load(&target, mode);
    load.connections = HELD as usize;
    load.measure_ms = lab.plan.busy_ms;
    alter(&mut load);
    let peak = lab.measure(&target, &load).await?.peak_kb;
    Ok((before as f64, peak as f64))
}
