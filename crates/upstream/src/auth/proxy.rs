//! HTTP proxies, whose address may hold a password.

use config::built::HttpProxy;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::ExposeSecret;

/// What says which destinations are reached through a proxy: all of them, or only those of TLS.
pub(crate) fn matcher(proxy: &HttpProxy, all: bool) -> Matcher {
    let url = proxy.url.expose_secret();
    let matcher = Matcher::builder().no(proxy.except.as_str());
    if all { matcher.all(url) } else { matcher.https(url) }.build()
}
