//! Why a provider did not answer.

use crate::body::BodyError;

/// A failed exchange with a provider.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No connection: refused, no such host, TLS failed, or not in time.
    #[error("no connection to the provider")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client's own body ended in an error, so the request could not be completed.
    #[error("the request's body was not received completely")]
    RequestBody(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client fell silent within its body.
    #[error("the request's body did not arrive in time")]
    RequestStalled,
    /// The connection broke, or what came was no HTTP.
    #[error("the connection to the provider broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not one of the providers that this client was made for.
    #[error("there is no way to this provider")]
    NoTransport,
    /// No answer began in time.
    #[error("the provider did not answer in time")]
    FirstByteTimeout,
}

impl From<hyper_util::client::legacy::Error> for UpstreamError {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        let causes = || std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let body = causes().find_map(|cause| cause.downcast_ref::<BodyError>());
        match body {
            Some(BodyError::Stalled) => Self::RequestStalled,
            Some(BodyError::Broken(_)) => Self::RequestBody(error.into()),
            None if error.is_connect() => Self::Connect(error.into()),
            None => Self::Broken(error.into()),
        }
    }
}
