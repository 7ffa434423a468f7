//! What is measured, a file each. Rounds are the outer loop and targets the inner one, so that whatever the
//! machine does meanwhile, it does to all of them.

pub mod cpu;
pub mod latency;
pub mod memory;
pub mod policy;
pub mod start;
pub mod stream;
