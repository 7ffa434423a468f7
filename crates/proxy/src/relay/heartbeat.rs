//! Signs of life to a client whose stream waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::clock;

/// Runs out when nothing was sent for a time. No timer is set before somebody waits for it.
#[derive(Debug)]
pub(super) struct Heartbeat {
    every: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Heartbeat {
    /// Never runs out if `every` is none.
    pub(super) fn new(every: Option<Duration>) -> Self {
        Self { every, timer: None }
    }

    /// Something was sent.
    pub(super) fn beat(&mut self) {
        if let (Some(every), Some(timer)) = (self.every, &mut self.timer) {
            timer.as_mut().reset(clock::now() + every);
        }
    }

    /// Ready when nothing was sent for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(every) = self.every else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
        timer.as_mut().poll(cx)
    }
}
