//! The task that fetches tokens: when, how often, and what is said about it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::CredentialError;
use super::credentials::{Shared, State};
use super::fetch::{Fetcher, Grant};

/// Pauses before the second and the third attempt where trouble may pass at once.
const RETRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Tokens are not fetched more often than this because they last so short.
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);

/// Why another token is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is time.
    Due,
    /// A request found it expired.
    Expired,
    /// The provider refused it.
    Refused,
    /// The provider refused it, and will refuse the next one as well.
    RefusedForLong,
}

/// Keeps the shared state supplied, for ever.
pub(super) async fn run(shared: Arc<Shared>, mut fetcher: Fetcher) {
    let settings = shared.settings;
    let mut refresh = settings.refresh;
    let mut pause = settings.first_pause;
    let mut why = Why::Due;
    let mut told: Option<CredentialError> = None;
    loop {
        match round(&mut fetcher).await {
            Ok(grant) => {
                if told.take().is_some() {
                    tracing::info!("credentials for Vertex AI are there again");
                }
                grant.set_refusable(why != Why::Refused);
                let grant = Arc::new(grant);
                shared.state.send_replace(State { current: Some(Arc::clone(&grant)), trouble: None });
                pause = settings.first_pause;
                why = keep(&shared, &grant, refresh).await;
                drop(grant);
                match why {
                    Why::Expired => refresh = (refresh / 2).max(SHORTEST_REFRESH.min(refresh)),
                    Why::RefusedForLong => sleep(settings.longest_pause).await,
                    Why::Due | Why::Refused => {}
                }
            }
            Err(error) => {
                if told.as_ref().is_none_or(|told| told.problem() != error.problem()) {
                    tracing::error!(error = %error.for_log(), "Vertex AI cannot be used or soon cannot");
                    told = Some(error.clone());
                }
                shared.state.send_modify(|state| state.trouble = Some(error));
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(settings.longest_pause);
            }
        }
    }
}

/// A few attempts.
async fn round(fetcher: &mut Fetcher) -> Result<Grant, CredentialError> {
    for wait in RETRIES {
        match fetcher.fetch().await {
            Err(error) if error.is_transient() => sleep(wait).await,
            answer => return answer,
        }
    }
    fetcher.fetch().await
}

/// Waits until another token is needed.
async fn keep(shared: &Shared, grant: &Grant, refresh: Duration) -> Why {
    let mut due = pin!(sleep(refresh));
    let mut rested = pin!(sleep(shared.settings.between_refusals));
    loop {
        tokio::select! {
            () = &mut due => return Why::Due,
            () = &mut rested, if !grant.is_refusable() => grant.set_refusable(true),
            () = shared.poke.notified() => {
                let state = shared.state.borrow().clone();
                match (state.current, state.trouble) {
                    (None, Some(_)) => return Why::RefusedForLong,
                    (None, None) => return Why::Refused,
                    (Some(current), _) if current.authorization().is_none() => return Why::Expired,
                    (Some(_), _) => {}
                }
            }
        }
    }
}
