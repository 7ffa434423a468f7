//! What is measured, a file each. Rounds are the outer loop and targets the inner one, so that whatever the
//! machine does meanwhile, it does to all of them.

pub mod cpu;
pub mod latency;
pub mod memory;
pub mod policy;
pub mod start;
pub mod stream;

use super::target::Target;

/// All targets, each of them first in its turn.
fn in_turns(targets: &[Target], round: usize) -> impl Iterator<Item = &Target> {
    let (before, first) = targets.split_at(round.checked_rem(targets.len()).unwrap_or_default());
    first.iter().chain(before)
}
