//! The pooled client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::connect::Timed;
use crate::transport::{Through, Transport};
use crate::{Provider, Providers, RequestBody, UpstreamError, tls};

/// Longest time that an unused connection is kept. Below the idle time-outs of common load balancers, so that
/// a request seldom meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Unused connections kept for one provider by one worker.
const POOL_SIZE: usize = 256;

/// A provider's answer, its body still arriving.
pub type Answer = Response<Incoming>;

/// What the clients of all workers share.
#[derive(Clone, Debug)]
pub struct Pools(Vec<Connector>);

/// Makes connections of one transport.
type Connector = Timed<HttpsConnector<Through>>;

impl Pools {
    /// Prepares for these providers.
    ///
    /// # Errors
    /// A file with certificates cannot be used.
    pub fn new(providers: &Providers) -> Result<Self, String> {
        let roots = tls::roots(providers.need_tls());
        let connector = |transport: &Transport| {
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls::config(roots.clone(), transport.ca_file.as_deref())?)
                .https_or_http()
                .enable_all_versions()
                .wrap_connector(transport.connector());
            Ok(Timed::new(connector, transport.connect))
        };
        providers.transports().iter().map(connector).collect::<Result<_, _>>().map(Self)
    }

    /// A client with connections of its own, for one worker.
    pub fn client(&self) -> Client {
        Client(self.0.iter().cloned().map(pool).collect())
    }
}

fn pool(connector: Connector) -> Pool {
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(POOL_SIZE)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_while_idle(false)
        // A whole conversation or image may be in flight on one stream of a connection that others share.
        .http2_initial_stream_window_size(1 << 20)
        .http2_initial_connection_window_size(16 << 20)
        .build(connector)
}

/// Sends requests to providers. Dropping the future or the answer's body cancels the request.
#[derive(Clone, Debug)]
pub struct Client(Vec<Pool>);

/// The connections of one transport.
type Pool = legacy::Client<Connector, RequestBody>;

impl Client {
    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// See [`UpstreamError`]. Nothing is ever sent twice: a request is repeated only if none of it was
    /// written, on a pooled connection that turned out to be closed.
    pub async fn send(
        &self,
        provider: &Provider,
        mut request: Request<RequestBody>,
    ) -> Result<Answer, UpstreamError> {
        announce_nothing(&mut request);
        let pool = self.0.get(provider.transport).ok_or(UpstreamError::NoTransport)?;
        let progress = request.body().progress();
        let answer = pool.request(request);
        match progress {
            None => match tokio::time::timeout(provider.first_byte, answer).await {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(UpstreamError::FirstByteTimeout),
            },
            Some(progress) => {
                tokio::select! {
                    answer = answer => Ok(answer?),
                    () = stalled(&progress, provider.first_byte) => Err(UpstreamError::FirstByteTimeout),
                }
            }
        }
    }
}

/// Says that there is no body where one would have a meaning (RFC 9110, section 8.6). hyper leaves that out, and servers
/// answer 411 to it.
fn announce_nothing(request: &mut Request<RequestBody>) {
    if request.body().is_end_stream()
        && matches!(*request.method(), Method::PATCH | Method::POST | Method::PUT)
    {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
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
