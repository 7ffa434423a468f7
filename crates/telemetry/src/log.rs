//! The log: fixed messages with fields on standard error, never content, never keys.

use tracing_subscriber::EnvFilter;

/// Starts logging. `directives` is a filter such as `info` or `proxy=debug`; one that cannot be read is
/// replaced by `info`.
pub fn start(directives: &str) {
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
    if started.is_err() {
        tracing::warn!("logging was started twice");
    }
}
