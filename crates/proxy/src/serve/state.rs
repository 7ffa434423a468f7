//! What all workers share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use config::Config;
use config::built::{Limits, Timeouts};
use telemetry::record::Recorder;
use tokio::sync::watch;

use crate::budget::Budget;
use crate::kept::Kept;
use crate::recall::Recall;
use crate::snapshot::Snapshot;
use crate::vertex::Google;

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everything is served.
    Serving,
    /// Everything is still served, and `/ready` says that it will not be for long.
    Draining,
    /// Nothing new is served.
    Closing,
    /// What still runs is cut off.
    Over,
}

/// Shared state. The snapshot is the only part that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) budget: Arc<Budget>,
    /// The way to Vertex AI, if an agent uses it.
    pub(crate) google: Option<Google>,
    /// What providers keep, and for whom.
    pub(crate) kept: Kept,
    pub(crate) limits: Limits,
    /// What judging remembers.
    pub(crate) recall: Arc<Recall>,
    pub(crate) recorder: Recorder,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) timeouts: Timeouts,
    phase: watch::Sender<Phase>,
}

impl State {
    pub(crate) fn new(
        config: &Config,
        snapshot: Snapshot,
        google: Option<Google>,
        recorder: Recorder,
    ) -> Self {
        Self {
            recall: Arc::new(Recall::new(config.limits.policy_memory)),
            budget: Budget::new(config.limits.bodies),
            google,
            kept: Kept::default(),
            limits: config.limits,
            recorder,
            snapshot: ArcSwap::from_pointee(snapshot),
            timeouts: config.timeouts,
            phase: watch::Sender::new(Phase::Serving),
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Whether new requests are refused.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Closing | Phase::Over)
    }

    /// Whether what is unfinished was cut off by us.
    pub(crate) fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    /// Whether the process wants to be sent requests.
    pub(crate) fn is_ready(&self) -> bool {
        *self.phase.borrow() == Phase::Serving
    }

    /// Resolves when nothing new is served any more.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut phase = self.phase.subscribe();
        async move {
            while matches!(*phase.borrow_and_update(), Phase::Serving | Phase::Draining) {
                if phase.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}
