//! A latch that orders what happens on both sides of the proxy.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Something that has happened or not yet. Raised once, it stays raised; clones are the same signal.
///
/// A test gives one to a [`Script`](crate::Script) and raises it when the other side has seen what it had to
/// see.
#[derive(Clone, Debug, Default)]
pub struct Signal {
    latch: Arc<Latch>,
}

#[derive(Debug, Default)]
struct Latch {
    raised: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// A signal that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it and wakes all who wait.
    pub fn raise(&self) {
        *self.latch.raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.latch.changed.notify_all();
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        *self.latch.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is raised, at most `timeout`; says whether it was.
    pub fn wait(&self, timeout: Duration) -> bool {
        let raised = self.latch.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let (raised, _) = self
            .latch
            .changed
            .wait_timeout_while(raised, timeout, |raised| !*raised)
            .unwrap_or_else(PoisonError::into_inner);
        *raised
    }
}
