//! Agents at work under forty rules: conversations of about 200 KB that grow with every turn.

use anyhow::Result;

use super::super::in_turns;
use super::AGENT;
use crate::load::Mode;
use crate::load::agents::WARM_TURNS;
use crate::run::lab::Lab;
use crate::run::record::Wanted;
use crate::run::table::{Goal, Row, Table};

/// Conversations at a time.
const AGENTS: u64 = 16;
/// Turns that are measured of each: from 45 results to 75.
const TURNS: u64 = 30;

/// Measures the CPU time of a turn.
pub async fn run(lab: &mut Lab, table: &mut Table) -> Result<()> {
    let pair = lab.start_pair(AGENT).await?;
    let mut row = Row::of_policy("40 rules: CPU per turn, 60 results, 200 KB", "µs", Some(Goal::Times(1.5)));
    for (round, first) in (0..lab.plan.agents_rounds).zip((0..).step_by(1_000)) {
        for target in in_turns(&pair, round) {
            let mut load = lab.load(target, Mode::Agents);
            // Ends by count; the time is only a bound.
            load.measure_ms = 10_000;
            (load.connections, load.repeat, load.conversation) = (AGENTS as usize, TURNS, first);
            let offset = target.recorded()?;
            let measured = lab.measure(target, &load).await?;
            row.sample(target.name, measured.cpu_us / measured.report.requests as f64);
            let exchanges = AGENTS * (WARM_TURNS + TURNS);
            lab.check_calls(target, &measured.report, (offset, exchanges), Wanted::Allowed).await?;
        }
    }
    table.add(row);
    Ok(())
}
