//! Conversations of 1 MB that the proxy has never seen, as after a restart: the call at their end is allowed, or
//! refused, for which its argument is looked for wherever it could come from.

use anyhow::Result;

use super::super::in_turns;
use super::AGENT;
use crate::load::Mode;
use crate::load::cold::WARM;
use crate::run::lab::Lab;
use crate::run::record::Wanted;
use crate::run::table::{Goal, Row, Table};

/// Most milliseconds beyond what it takes without a policy.
const GOAL: Option<Goal> = Some(Goal::AtMost(10.0));

/// Measures CPU time and time.
pub async fn run(lab: &mut Lab, table: &mut Table) -> Result<()> {
    let pair = lab.start_pair(AGENT).await?;
    for (label, is_stranger, wanted) in
        [("call allowed", false, Wanted::Allowed), ("call refused", true, Wanted::Refused)]
    {
        let mut cpu = Row::of_policy(format!("1 MB from cold, {label}: CPU"), "ms", None);
        let mut time = Row::of_policy(format!("1 MB from cold, {label}: time, p50"), "ms", None);
        for round in 0..lab.plan.rounds {
            for target in in_turns(&pair, round) {
                let mut load = lab.load(target, Mode::Cold);
                (load.connections, load.repeat) = (1, lab.plan.cold);
                (load.conversation, load.stranger) = (conversation(round, is_stranger), is_stranger);
                // Ends by count; the time is only a bound.
                load.measure_ms = 10_000;
                let offset = target.recorded()?;
                let measured = lab.measure(target, &load).await?;
                cpu.sample(target.name, measured.cpu_us / 1e3 / measured.report.requests as f64);
                time.sample(target.name, measured.report.p50_us / 1e3);
                let exchanges = WARM + lab.plan.cold;
                lab.check_calls(target, &measured.report, (offset, exchanges), wanted).await?;
            }
        }
        let added_cpu = cpu.beyond_first(format!("1 MB from cold, {label}: added CPU"), GOAL);
        let added_time = time.beyond_first(format!("1 MB from cold, {label}: added time, p50"), GOAL);
        for row in [cpu, added_cpu, time, added_time] {
            table.add(row);
        }
    }
    Ok(())
}

/// The first conversation of a round; each is new to its proxy.
fn conversation(round: usize, is_stranger: bool) -> u64 {
    1_000_000 + 2_000 * round as u64 + 1_000 * u64::from(is_stranger)
}
