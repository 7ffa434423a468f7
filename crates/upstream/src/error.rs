//! Why a provider did not answer.

/// A failed exchange with a provider.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No connection: refused, no such host, TLS failed, or not in time.
    #[error("no connection to the provider")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client's own body ended in an error, so the request could not be completed.
    #[error("the request's body was not received completely")]
    RequestBody(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke, or what came was no HTTP.
    #[error("the connection to the provider broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer began in time.
    #[error("the provider did not answer in time")]
    FirstByteTimeout,
}

impl From<hyper_util::client::legacy::Error> for UpstreamError {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        let source = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<hyper::Error>());
        // hyper calls the error of a body that it is given a user error.
        let body = source.is_some_and(hyper::Error::is_user);
        match (error.is_connect(), body) {
            (true, _) => Self::Connect(error.into()),
            (false, true) => Self::RequestBody(error.into()),
            (false, false) => Self::Broken(error.into()),
        }
    }
}
