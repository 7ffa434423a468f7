//! The token that all workers share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::error::Problem;
use super::fetch::{Fetcher, Grant};
use super::{Authorization, CredentialError, refresh, skew};

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Longest time that [`GoogleCredentials::token`] waits.
    pub wait: Duration,
    /// Longest time of one attempt to get a token, with all the requests that it takes.
    pub attempt: Duration,
    /// Age at which a token is replaced while it is valid. Google's metadata servers give out tokens with at least
    /// four minutes left, all other sources tokens for an hour, so with less than four minutes there is always a
    /// valid one, and one that outlives most outages.
    pub refresh: Duration,
    /// First pause after a failure; doubled with each further one. Meanwhile requests get the failure at once.
    pub first_pause: Duration,
    /// Longest pause after a failure.
    pub longest_pause: Duration,
    /// Least time between two tokens that are fetched because the one before was refused.
    pub between_refusals: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(10),
            attempt: Duration::from_secs(20),
            refresh: Duration::from_secs(180),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(15),
            between_refusals: Duration::from_secs(10),
        }
    }
}

/// Google's Application Default Credentials, for Vertex AI. Clones share one token.
///
/// A single task, on the runtime that [`GoogleCredentials::start`] is given, fetches tokens; so there is at most one
/// request to Google for one at any time. It ends with the last clone.
#[derive(Clone, Debug)]
pub struct GoogleCredentials {
    shared: Arc<Shared>,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What requests read and the task writes.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) poke: Notify,
    pub(super) settings: Settings,
    pub(super) state: watch::Sender<State>,
}

/// Neither of the two: wait.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The latest token, unless it was refused. May have expired.
    pub(super) current: Option<Arc<Grant>>,
    /// Why there is no newer one.
    pub(super) trouble: Option<CredentialError>,
}

impl State {
    fn answer(&self) -> Option<Result<Authorization, CredentialError>> {
        match self.current.as_ref().and_then(|grant| grant.authorization()) {
            Some(authorization) => Some(Ok(authorization.clone())),
            None => self.trouble.clone().map(Err),
        }
    }
}

impl Shared {
    fn answer(&self) -> Option<Result<Authorization, CredentialError>> {
        // Copied, so that the lock is not held while the credentials are asked.
        let state = self.state.borrow().clone();
        state.answer()
    }
}

impl GoogleCredentials {
    /// Starts fetching on this runtime and returns at once. `file` is a credentials file of any type; without it the
    /// standard places are searched: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, the metadata server
    /// (<https://google.aip.dev/auth/4110>). Nothing that is wrong with them ends the process: it is logged once,
    /// and tried again.
    pub fn start(file: Option<PathBuf>, settings: Settings, runtime: &Handle) -> Self {
        let shared =
            Arc::new(Shared { poke: Notify::new(), settings, state: watch::Sender::new(State::default()) });
        let fetcher = Fetcher::new(file, settings.attempt);
        let task = runtime.spawn(refresh::run(Arc::clone(&shared), fetcher));
        Self { shared, _task: Arc::new(Task(task.abort_handle())) }
    }

    /// The token to send, which is valid now. Waits only if there is none, and not longer than
    /// [`Settings::wait`]; may be dropped at any time.
    ///
    /// # Errors
    /// There is no valid token, and none could be got.
    pub async fn token(&self) -> Result<Authorization, CredentialError> {
        if let Some(answer) = self.shared.answer() {
            return answer;
        }
        let limit = self.shared.settings.wait;
        let waited = tokio::time::timeout(limit, self.next()).await;
        waited.unwrap_or_else(|_| Err(CredentialError::new(Problem::NoAnswer(limit), None)))
    }

    async fn next(&self) -> Result<Authorization, CredentialError> {
        let mut states = self.shared.state.subscribe();
        loop {
            let state = states.borrow_and_update().clone();
            if let Some(answer) = state.answer() {
                return answer;
            }
            // Expired or refused: the task may be waiting for the time to refresh.
            self.shared.poke.notify_one();
            if states.changed().await.is_err() {
                let ended = Problem::Internal("the task that fetches tokens has ended");
                return Err(CredentialError::new(ended, None));
            }
        }
    }

    /// The provider answered 401 to this token; `date` is that field of its answer. If it is still the current one it
    /// is not given out any more, and the next [`GoogleCredentials::token`] waits for another.
    ///
    /// Call it once for a request, and repeat the request once. If the new token is refused as well, further
    /// refusals are passed over for [`Settings::between_refusals`]. If `date` shows that the clock of this machine is
    /// wrong, that is what `token` says for a while, because another token would be refused too.
    pub fn refused(&self, used: &Authorization, date: Option<&HeaderValue>) {
        let skew = skew::minutes(used, date)
            .map(|minutes| CredentialError::new(Problem::ClockSkew(Some(minutes)), None));
        let is_taken_back = self.shared.state.send_if_modified(|state| {
            let is_current = state
                .current
                .as_ref()
                .is_some_and(|grant| grant.number == used.number && (grant.is_refusable() || skew.is_some()));
            if is_current {
                state.current = None;
                state.trouble = skew.clone().or_else(|| state.trouble.take());
            }
            is_current
        });
        if is_taken_back {
            match skew {
                Some(error) => {
                    tracing::error!(error = %error.for_log(), "the provider refused our credentials")
                }
                None => tracing::warn!("the provider refused our credentials, which are fetched anew"),
            }
            self.shared.poke.notify_one();
        }
    }
}
