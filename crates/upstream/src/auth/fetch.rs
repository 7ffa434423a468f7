//! Gets one token, within a time, and knows afterwards whether it is still valid.
//!
//! `google-cloud-auth` does not tell when a token expires, waits for endpoints without a limit, and refreshes in
//! tasks that it starts by itself and that cannot be stopped. So each token has credentials and a runtime of its
//! own. The runtime is driven, by a thread, only until the token is there: after that the credentials do nothing
//! any more, but still say whether their token is valid. If the token does not come in time the runtime is
//! dropped, and with it every task, connection and timer of the attempt.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials, EntityTag};
use http::{Extensions, HeaderMap};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::error::Problem;
use super::{Authorization, CredentialError, diagnosis, source};

/// How much longer than an attempt its thread is waited for: a file on a dead network drive cannot be interrupted.
const THREAD_GRACE: Duration = Duration::from_secs(2);

/// A token and what knows whether it is valid.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) number: u64,
    authorization: Authorization,
    credentials: Credentials,
    tag: EntityTag,
    /// Whether a refusal of this token leads to another one at once.
    refusable: AtomicBool,
    _parked: Parked,
}

impl Grant {
    /// What to send, as long as the token is valid. Never waits.
    pub(super) fn authorization(&self) -> Option<&Authorization> {
        let mut extensions = Extensions::new();
        extensions.insert(self.tag.clone());
        // The credentials answer at once, unless the token has expired: then they would wait for a new one.
        match pin!(self.credentials.headers(extensions)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(CacheableResource::NotModified)) => Some(&self.authorization),
            Poll::Ready(_) | Poll::Pending => None,
        }
    }

    pub(super) fn is_refusable(&self) -> bool {
        self.refusable.load(Ordering::Relaxed)
    }

    pub(super) fn set_refusable(&self, refusable: bool) {
        self.refusable.store(refusable, Ordering::Relaxed);
    }
}

/// A runtime that is not driven. Its tasks stand still; dropping it ends them without waiting.
#[derive(Debug)]
struct Parked(Option<Runtime>);

impl Drop for Parked {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Fetches tokens one after the other.
#[derive(Debug)]
pub(super) struct Fetcher {
    file: Option<PathBuf>,
    limit: Duration,
    number: u64,
    thread: Option<JoinHandle<()>>,
}

impl Fetcher {
    pub(super) fn new(file: Option<PathBuf>, limit: Duration) -> Self {
        Self { file, limit, number: 0, thread: None }
    }

    /// One attempt to get a token. Dropping the future ends the attempt.
    pub(super) async fn fetch(&mut self) -> Result<Grant, CredentialError> {
        let error = |problem| CredentialError::new(problem, self.file.as_deref());
        // There is never a second one beside it, so that a dead drive does not cost a thread with each attempt.
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Err(error(Problem::NoAnswer(self.limit)));
        }
        self.number = self.number.saturating_add(1);
        let (done, answer) = oneshot::channel();
        let (file, limit, number) = (self.file.clone(), self.limit, self.number);
        let started = thread::Builder::new()
            .name("google-credentials".to_owned())
            .spawn(move || work(file.as_deref(), limit, number, done));
        let Ok(thread) = started else {
            return Err(error(Problem::Internal("a thread could not be started")));
        };
        self.thread = Some(thread);
        let Ok(answer) = tokio::time::timeout(limit.saturating_add(THREAD_GRACE), answer).await else {
            return Err(error(Problem::NoAnswer(limit)));
        };
        // It has said what it had to say, and ends by itself.
        self.thread = None;
        answer.unwrap_or(Err(Problem::Internal("the library for credentials broke down"))).map_err(error)
    }
}

type Answer = oneshot::Sender<Result<Grant, Problem>>;

/// One attempt, on a thread of its own.
fn work(file: Option<&Path>, limit: Duration, number: u64, mut done: Answer) {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        // Nobody listens any more if it cannot be sent, here and below.
        let _ = done.send(Err(Problem::Internal("a runtime could not be started")));
        return;
    };
    let runtime = Parked(Some(runtime));
    let Some(driven) = &runtime.0 else { return };
    let obtained = driven.block_on(async {
        tokio::select! {
            obtained = tokio::time::timeout(limit, obtain(file)) => {
                Some(obtained.unwrap_or(Err(Problem::NoAnswer(limit))))
            }
            () = done.closed() => None,
        }
    });
    let Some(obtained) = obtained else { return };
    let _ = done.send(obtained.and_then(|(credentials, tag, fields)| {
        let authorization = Authorization::new(number, &fields).ok_or(Problem::Garbage)?;
        let refusable = AtomicBool::new(true);
        let grant = Grant { number, authorization, credentials, tag, refusable, _parked: runtime };
        // An expired token would be given out once.
        if grant.authorization().is_some() { Ok(grant) } else { Err(Problem::ExpiredOnArrival) }
    }));
}

async fn obtain(file: Option<&Path>) -> Result<(Credentials, EntityTag, HeaderMap), Problem> {
    // The library panics where there are none.
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        return Err(Problem::NoRootCertificates);
    }
    let credentials = source::build(file)?;
    let (tag, fields) = match credentials.headers(Extensions::new()).await {
        Ok(CacheableResource::New { entity_tag, data }) => (entity_tag, data),
        Ok(CacheableResource::NotModified) => return Err(Problem::Internal("no token was given out")),
        Err(error) => return Err(diagnosis::of_fetching(&error)),
    };
    // Lets the connections close, which would stand open as long as the token lives.
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    Ok((credentials, tag, fields))
}
