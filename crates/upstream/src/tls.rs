//! TLS towards providers: rustls on aws-lc-rs with the platform's roots.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What the platform trusts. `load` is false where no provider needs TLS; reading
/// the roots is then saved.
pub(crate) fn roots(load: bool) -> RootCertStore {
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
    roots
}

/// A configuration that trusts these and the certificates of a PEM file.
pub(crate) fn config(mut roots: RootCertStore, ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    if let Some(path) = ca_file {
        let added = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| error.to_string())
            .map(|certificates| roots.add_parsable_certificates(certificates).0)
            .map_err(|error| format!("ca_file {}: {error}", path.display()))?;
        if added == 0 {
            return Err(format!("ca_file {}: no certificate in it", path.display()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
