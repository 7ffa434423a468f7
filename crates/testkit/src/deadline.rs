//! How long a test is willing to wait.

use std::thread;
use std::time::{Duration, Instant};

/// How often [`Deadline::poll`] looks. Short enough not to be felt, long enough to leave the CPU to what is
/// awaited.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The point in time at which a wait is given up.
///
/// One deadline is handed from step to step, so that a wait of many reads is bounded as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        Self { at: now() + timeout }
    }

    /// What is left, or `None` once the deadline has passed. Never zero, which sockets take for "no bound".
    pub fn remaining(&self) -> Option<Duration> {
        self.at.checked_duration_since(now()).filter(|left| !left.is_zero())
    }

    /// Asks `ready` until it has an answer, at least once; `None` if the deadline passes first.
    ///
    /// For conditions that nothing announces, such as a line in a file of another process.
    pub fn poll<T>(&self, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            if let Some(answer) = ready() {
                return Some(answer);
            }
            thread::park_timeout(self.remaining()?.min(POLL_INTERVAL));
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "sockets and child processes live in real time, and so do their tests"
)]
fn now() -> Instant {
    Instant::now()
}
