//! The log: fixed messages with fields on standard error, never content, never keys.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Starts logging. `directives` is a filter such as `info` or `proxy=debug`.
///
/// # Errors
/// The filter cannot be read.
pub fn start(directives: &str) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(directives)?;
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
    if started.is_err() {
        tracing::warn!("logging was started twice");
    }
    Ok(())
}
