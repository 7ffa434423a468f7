//! A policy that allows every call and trusts every result: the loads of [`cpu`](super::super::cpu) and
//! [`stream`](super::super::stream).

use std::ops::Range;

use anyhow::Result;

use super::super::in_turns;
use super::ALLOW_ALL;
use crate::chat::request::Size;
use crate::load::{Mode, Options};
use crate::run::lab::Lab;
use crate::run::plan::Plan;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// How many times the CPU time without a policy is acceptable.
const GOAL: Option<Goal> = Some(Goal::Times(1.1));
const SIZES: [(Size, &str); 3] = [(Size::Kb1, "1 KB"), (Size::Kb20, "20 KB"), (Size::Kb200, "200 KB")];
/// Content events of a stream in a burst.
const BURST: usize = 500;

/// Measures requests of all sizes, and chunks.
pub async fn run(lab: &mut Lab, table: &mut Table) -> Result<()> {
    let mut requests =
        SIZES.map(|(_, label)| Row::of_policy(format!("allow all: CPU per request, {label}"), "µs", GOAL));
    let [mut apart, mut bursts] = ["5 ms apart, 32 streams", "burst of 500, 4 streams"]
        .map(|label| Row::of_policy(format!("allow all: CPU per chunk, {label}"), "µs", GOAL));
    let Plan { burst_repeat: repeat, burst_rounds, paced_chunks: chunks, .. } = lab.plan;
    let paced = |load: &mut Options| {
        (load.connections, load.chunks, load.delay_us) = (32, chunks, 5_000);
    };
    let burst = |load: &mut Options| {
        (load.connections, load.chunks, load.repeat) = (4, BURST, repeat);
    };
    for server in 0..lab.plan.servers {
        let pair = lab.start_pair(ALLOW_ALL).await?;
        lab.compare_answers(&pair).await?;
        let [_, judging] = &pair;
        lab.check_judging(judging).await?;
        for ((size, _), row) in SIZES.into_iter().zip(&mut requests) {
            for round in 0..lab.plan.closed_rounds {
                for target in in_turns(&pair, round) {
                    let mut load = lab.load(target, Mode::Closed);
                    load.size = size;
                    let measured = lab.measure(target, &load).await?;
                    row.sample(target.name, measured.cpu_us / measured.report.requests as f64);
                }
            }
        }
        per_chunk(lab, &pair, server..server + 1, paced, &mut apart).await?;
        per_chunk(lab, &pair, 0..burst_rounds, burst, &mut bursts).await?;
    }
    requests.into_iter().chain([apart, bursts]).for_each(|row| table.add(row));
    Ok(())
}

async fn per_chunk(
    lab: &mut Lab,
    pair: &[Target; 2],
    rounds: Range<usize>,
    alter: impl Fn(&mut Options),
    row: &mut Row,
) -> Result<()> {
    for round in rounds {
        for target in in_turns(pair, round) {
            let mut load = lab.load(target, Mode::Stream);
            // Ends by count; the time is only a bound.
            load.measure_ms = 10_000;
            alter(&mut load);
            let measured = lab.measure(target, &load).await?;
            row.sample(target.name, measured.cpu_us / measured.report.events as f64);
        }
    }
    Ok(())
}
