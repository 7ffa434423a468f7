//! The one place that reads real time, which elsewhere in the workspace is an argument.

use std::time::{Duration, Instant};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Blocks the thread for a time too short for tokio's millisecond timer.
#[expect(clippy::disallowed_methods, reason = "bounded polling of a process that tells nobody when it is up")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
