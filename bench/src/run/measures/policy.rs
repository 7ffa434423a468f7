//! What a policy costs: archestra with one beside archestra without, in front of the same mock provider.

mod agents;
mod allowed;
mod beside;
mod cold;

use anyhow::Result;

use crate::run::lab::Lab;
use crate::run::table::Table;
use crate::run::target::{Name, Target};

/// Everything may happen.
const ALLOW_ALL: &str = include_str!("../../../policies/allow-all.yaml");
/// Forty rules for the agent that the client plays.
const AGENT: &str = include_str!("../../../policies/agent.yaml");

/// Measures all, if archestra is to be measured. Each part has fresh servers.
pub async fn run(lab: &mut Lab, targets: &[Target], table: &mut Table) -> Result<()> {
    if targets.iter().any(|target| target.name == Name::Archestra) {
        Box::pin(allowed::run(lab, table)).await?;
        Box::pin(agents::run(lab, table)).await?;
        Box::pin(cold::run(lab, table)).await?;
        Box::pin(beside::run(lab, table)).await?;
    }
    Ok(())
}
