//! The pooled client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use config::built::Timeouts;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::connect::Timed;
use crate::{Providers, RequestBody, UpstreamError, tls};

/// Longest time that an unused connection is kept. Below the idle time-outs of common load balancers, so that
/// a request seldom meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Unused connections kept for one provider by one worker.
const POOL_SIZE: usize = 256;

/// A provider's answer, its body still arriving.
pub type Answer = Response<Incoming>;

/// What the clients of all workers share.
#[derive(Clone, Debug)]
pub struct Pools {
    connector: HttpsConnector<HttpConnector>,
    timeouts: Timeouts,
}

impl Pools {
    /// Prepares for these providers.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(providers: &Providers, timeouts: Timeouts) -> Result<Self, String> {
        let tls = tls::config(providers.need_tls()).map_err(|e| e.to_string())?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(Duration::from_secs(60)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        Ok(Self { connector, timeouts })
    }

    /// A client with connections of its own, for one worker.
    pub fn client(&self) -> Client {
        let connector = Timed::new(self.connector.clone(), self.timeouts.connect);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_while_idle(false)
            // A whole conversation or image may be in flight on one stream of a connection that others share.
            .http2_initial_stream_window_size(1 << 20)
            .http2_initial_connection_window_size(16 << 20)
            .build(connector);
        Client { first_byte: self.timeouts.first_byte, inner }
    }
}

/// Sends requests to providers. Dropping the future or the answer's body cancels the request.
#[derive(Clone, Debug)]
pub struct Client {
    first_byte: Duration,
    inner: legacy::Client<Timed<HttpsConnector<HttpConnector>>, RequestBody>,
}

impl Client {
    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// See [`UpstreamError`]. Nothing is ever sent twice: a request is repeated only if none of it was
    /// written, on a pooled connection that turned out to be closed.
    pub async fn send(&self, request: Request<RequestBody>) -> Result<Answer, UpstreamError> {
        let progress = request.body().progress();
        let answer = self.inner.request(request);
        match progress {
            None => match tokio::time::timeout(self.first_byte, answer).await {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(UpstreamError::FirstByteTimeout),
            },
            Some(progress) => {
                tokio::select! {
                    answer = answer => Ok(answer?),
                    () = stalled(&progress, self.first_byte) => Err(UpstreamError::FirstByteTimeout),
                }
            }
        }
    }
}

/// Resolves once nothing was sent for as long as `limit`: the clock for the first byte starts anew with every
/// piece of a long upload.
async fn stalled(progress: &Arc<AtomicU64>, limit: Duration) {
    loop {
        let before = progress.load(Ordering::Relaxed);
        tokio::time::sleep(limit).await;
        if progress.load(Ordering::Relaxed) == before {
            return;
        }
    }
}
