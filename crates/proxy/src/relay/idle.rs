//! The longest silence within an answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::clock;

/// Runs out when nothing was [heard](Self::heard) for a time. The timer is set once and looked at again when it
/// fires, which costs a busy stream nothing.
#[derive(Debug)]
pub(super) struct Idle {
    /// Something arrived since the timer was last looked at.
    fresh: bool,
    last: Instant,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) fn new(limit: Duration) -> Self {
        Self { fresh: false, last: clock::now(), limit, timer: None }
    }

    /// Something arrived; how long after the last time.
    pub(super) fn heard(&mut self) -> Duration {
        self.fresh = true;
        let now = clock::now();
        now.saturating_duration_since(std::mem::replace(&mut self.last, now))
    }

    /// Ready when the silence has lasted too long. Always to be polled by the same task: a timer that is set knows
    /// whom to wake.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let set = self.timer.as_ref().is_some_and(|timer| !timer.is_elapsed());
        if std::mem::take(&mut self.fresh) && set {
            return Poll::Pending;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        while timer.as_mut().poll(cx).is_ready() {
            let end = self.last + limit;
            if end <= clock::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}
