//! From the start of the process to its first answer.

use anyhow::Result;

use crate::run::lab::Lab;
use crate::run::table::{Goal, Row, Table};
use crate::run::target::Target;

/// Measures as many starts as planned. nginx's first answer comes through it, as it has none of its own.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    let mut row = Row::new("start to first answer", "ms", Some(Goal::AtMost(40.0)));
    for _ in 0..lab.plan.starts {
        for target in targets.iter().filter(|target| target.process.is_some()) {
            let took = lab.launch(target.name, "/health")?.time().await?;
            row.sample(target.name, took.as_secs_f64() * 1e3);
        }
    }
    table.add(row);
    Ok(())
}
