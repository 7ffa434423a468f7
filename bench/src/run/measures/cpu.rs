//! CPU time per request and throughput: 16 connections, each with a request always under way.

use anyhow::Result;

use super::in_turns;
use crate::chat::request::Size;
use crate::load::Mode;
use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// Request sizes, and how many times nginx's CPU time is acceptable. nginx does not look at bodies; the larger
/// they are, the more looking shows, until copying outweighs it.
const SIZES: [(Size, &str, f64); 3] =
    [(Size::Kb1, "1 KB", 1.75), (Size::Kb20, "20 KB", 3.5), (Size::Kb200, "200 KB", 2.2)];

/// Measures all sizes.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    let mut rows = SIZES.map(|(_, label, limit)| {
        let cpu = Row::new(format!("CPU per request, {label}"), "µs", Some(Goal::Times(limit)));
        [cpu, Row::new(format!("throughput, {label}"), "requests/s", None)]
    });
    for _ in 0..lab.plan.servers {
        let fresh = lab.start_again(targets).await?;
        for ((size, ..), [cpu, throughput]) in SIZES.into_iter().zip(&mut rows) {
            for round in 0..lab.plan.closed_rounds {
                for target in in_turns(&fresh, round) {
                    let mut load = lab.load(target, Mode::Closed);
                    load.size = size;
                    let measured = lab.measure(target, &load).await?;
                    let requests = measured.report.requests as f64;
                    throughput.sample(target.name, requests / measured.report.seconds);
                    if target.process.is_some() {
                        cpu.sample(target.name, measured.cpu_us / requests);
                    }
                }
            }
        }
    }
    rows.into_iter().flatten().for_each(|row| table.add(row));
    Ok(())
}
