//! A policy that allows every call and trusts every result: the loads of [`cpu`](super::super::cpu) and
//! [`stream`](super::super::stream).

use anyhow::Result;

use super::super::in_turns;
use super::ALLOW_ALL;
use crate::chat::request::Size;
use crate::load::{Mode, Options};
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// How many times the CPU time without a policy is acceptable.
const GOAL: Option<Goal> = Some(Goal::Times(1.1));
const SIZES: [(Size, &str); 3] = [(Size::Kb1, "1 KB"), (Size::Kb20, "20 KB"), (Size::Kb200, "200 KB")];
/// Content events of a stream in a burst.
const BURST: usize = 500;

/// Measures requests of all sizes, and chunks.
pub async fn run(lab: &mut Lab, table: &mut Table) -> Result<()> {
    let pair = lab.start_pair(ALLOW_ALL).await?;
    lab.compare_answers(&pair).await?;
    let [_, judging] = &pair;
    lab.check_judging(judging).await?;
    for (size, label) in SIZES {
        let mut row = Row::of_policy(format!("allow all: CPU per request, {label}"), "µs", GOAL);
        for round in 0..lab.plan.closed_rounds {
            for target in in_turns(&pair, round) {
                let mut load = lab.load(target, Mode::Closed);
                load.size = size;
                let measured = lab.measure(target, &load).await?;
                row.sample(target.name, measured.cpu_us / measured.report.requests as f64);
            }
        }
        table.add(row);
    }
    let (chunks, repeat) = (lab.plan.paced_chunks, lab.plan.burst_repeat);
    let paced = |load: &mut Options| {
        (load.connections, load.chunks, load.delay_us) = (32, chunks, 5_000);
    };
    let burst = |load: &mut Options| {
        (load.connections, load.chunks, load.repeat) = (4, BURST, repeat);
    };
    table.add(per_chunk(lab, &pair, "5 ms apart, 32 streams", paced).await?);
    table.add(per_chunk(lab, &pair, "burst of 500, 4 streams", burst).await?);
    Ok(())
}

async fn per_chunk(
    lab: &mut Lab,
    pair: &[Target; 2],
    label: &str,
    alter: impl Fn(&mut Options),
) -> Result<Row> {
    let mut row = Row::of_policy(format!("allow all: CPU per chunk, {label}"), "µs", GOAL);
    for round in 0..lab.plan.rounds {
        for target in in_turns(pair, round) {
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
