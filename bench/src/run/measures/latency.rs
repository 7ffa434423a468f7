//! Latency at a fixed arrival rate, far below what any target can do.

use anyhow::Result;

use crate::load::Mode;
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// Arrivals per second, and how many times nginx's added median is acceptable.
const RATES: [(u32, Option<Goal>); 2] = [(500, Some(Goal::Times(1.6))), (1_000, None)];

/// Measures all rates.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    for (rate, goal) in RATES {
        let mut p50 = Row::new(format!("latency p50 at {rate}/s"), "µs", None);
        let mut p99 = Row::new(format!("latency p99 at {rate}/s"), "µs", None);
        for _ in 0..lab.plan.rounds {
            for target in targets {
                let mut load = lab.load(target, Mode::Open);
                load.rate = rate;
                load.measure_ms = lab.plan.latency_ms;
                let report = lab.measure(target, &load).await?.report;
                p50.sample(target.name, report.p50_us);
                p99.sample(target.name, report.p99_us);
            }
        }
        let added_p50 = p50.beyond_first(format!("added p50 at {rate}/s"), goal);
        let added_p99 = p99.beyond_first(format!("added p99 at {rate}/s"), None);
        for row in [p50, added_p50, p99, added_p99] {
            table.add(row);
        }
    }
    Ok(())
}
