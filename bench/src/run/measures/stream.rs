//! CPU time per streamed event: paced as a model speaks, and as fast as it can be written.

use anyhow::Result;

use crate::load::{Mode, Options};
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// Measures both.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    let chunks = lab.plan.paced_chunks;
    let paced = Row::new("CPU per chunk, 5 ms apart, 32 streams", "µs", Some(Goal::TimesNginx(1.35)));
    let paced = rounds(lab, targets, paced, |load| {
        load.connections = 32;
        load.chunks = chunks;
        load.delay_us = 5_000;
    });
    table.add(paced.await?);
    let repeat = lab.plan.burst_repeat;
    let burst = Row::new("CPU per chunk, burst of 500, 4 streams", "µs", Some(Goal::AtMost(7.0)));
    let burst = rounds(lab, targets, burst, |load| {
        load.connections = 4;
        load.chunks = 500;
        load.repeat = repeat;
    });
    table.add(burst.await?);
    Ok(())
}

async fn rounds(
    lab: &mut Lab,
    targets: &[Target],
    mut row: Row,
    alter: impl Fn(&mut Options),
) -> Result<Row> {
    for _ in 0..lab.plan.rounds {
        for target in targets.iter().filter(|target| target.process.is_some()) {
            let mut load = lab.load(target, Mode::Stream);
            // Ends by count; the time is only a bound.
            load.measure_ms = 10_000;
            alter(&mut load);
            let measured = lab.measure(target, &load).await?;
            row.sample(target.name, measured.cpu_us / measured.report.events as f64);
        }
    }
    Ok(row)
}
