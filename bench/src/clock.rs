//! The one place that reads real time, which elsewhere in the workspace is an argument.

use std::time::{Duration, Instant};

use anyhow::Result;
use nix::time::{ClockId, clock_gettime};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// The same in nanoseconds since a moment that all processes share: the start of the machine.
pub fn nanoseconds() -> Result<u64> {
    let time = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
    Ok(u64::try_from(time.as_nanos())?)
}

/// Blocks the thread for a time too short for tokio's millisecond timer.
#[expect(clippy::disallowed_methods, reason = "bounded polling of a process that tells nobody when it is up")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
