//! Text beside a call that is held until its arguments are complete: what the text has to wait.

use anyhow::Result;

use super::super::in_turns;
use super::AGENT;
use crate::load::Mode;
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Name;

/// Streams at a time.
const STREAMS: usize = 16;

/// Measures the time from the mock provider's writing to the client's reading.
pub async fn run(lab: &mut Lab, table: &mut Table) -> Result<()> {
    let pair = lab.start_pair(AGENT).await?;
    let mut p50 = Row::of_policy("text beside a held call: delay p50", "µs", None);
    let mut p99 = Row::of_policy("text beside a held call: delay p99", "µs", None);
    for round in 0..lab.plan.rounds {
        for target in in_turns(&pair, round) {
            let mut load = lab.load(target, Mode::Beside);
            (load.connections, load.chunks, load.delay_us) = (STREAMS, lab.plan.paced_chunks, 5_000);
            // Ends by count; the time is only a bound.
            load.measure_ms = 10_000;
            let report = lab.measure(target, &load).await?.report;
            let wanted = if target.name == Name::Judging { STREAMS as u64 } else { 0 };
            if report.held != wanted {
                lab.problem(format!(
                    "{:?} held the call in {} of {wanted} streams",
                    target.name, report.held
                ));
            }
            p50.sample(target.name, report.p50_us);
            p99.sample(target.name, report.p99_us);
        }
    }
    let added_p50 = p50.beyond_first("text beside a held call: added p50".to_owned(), None);
    let goal = Some(Goal::AtMost(1_000.0));
    let added_p99 = p99.beyond_first("text beside a held call: added p99".to_owned(), goal);
    for row in [p50, added_p50, p99, added_p99] {
        table.add(row);
    }
    Ok(())
}
