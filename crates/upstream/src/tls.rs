//! TLS towards providers: rustls on aws-lc-rs with the platform's roots.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// A configuration that trusts what the platform trusts. `load` is false where no provider needs TLS; reading
/// the roots is then saved.
pub(crate) fn config(load: bool) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    if load {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate could not be read");
        }
        let (added, ignored) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(added, ignored, "root certificates");
        if added == 0 {
            tracing::error!(
                "no root certificates found: no provider can be reached by TLS; install ca-certificates"
            );
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
