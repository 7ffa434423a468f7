//! How providers are reached: directly or through a proxy, trusting whom, within what time.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use config::built::HttpProxy;
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::auth;

/// One way of reaching providers.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    /// Certificates of authorities that are trusted beside the platform's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Longest time to establish a connection, TLS included.
    pub(crate) connect: Duration,
    /// The proxy, and whether it was meant for plain HTTP too.
    pub(crate) proxy: Option<(Arc<HttpProxy>, bool)>,
}

impl PartialEq for Transport {
    fn eq(&self, other: &Self) -> bool {
        let same_proxy = match (&self.proxy, &other.proxy) {
            (Some((one, _)), Some((two, _))) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        same_proxy && self.ca_file == other.ca_file && self.connect == other.connect
    }
}

impl Transport {
    /// What makes its TCP connections.
    pub(crate) fn connector(&self) -> Through {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(Duration::from_secs(60)));
        let proxy = self.proxy.as_ref().map(|(proxy, all)| Arc::new(auth::proxy::matcher(proxy, *all)));
        Through { http, proxy }
    }
}

/// Connects directly, or through the proxy where one is meant.
#[derive(Clone, Debug)]
pub(crate) struct Through {
    http: HttpConnector,
    proxy: Option<Arc<Matcher>>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Through {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.intercept(&to));
        let Some(proxy) = proxy else {
            let connecting = self.http.call(to);
            return Box::pin(async { connecting.await.map_err(Into::into) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.http.clone());
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let connecting = tunnel.call(with_port(to));
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}

/// With its port written out: a tunnel takes 443 for the default of every scheme.
fn with_port(to: Uri) -> Uri {
    if to.port().is_some() || to.scheme() != Some(&Scheme::HTTP) {
        return to;
    }
    let mut parts = to.clone().into_parts();
    let host = to.host().unwrap_or_default();
    parts.authority = Authority::try_from(format!("{host}:80")).ok();
    Uri::from_parts(parts).unwrap_or(to)
}
