//! `archestra serve`.

use std::path::PathBuf;

use clap::Args;
use config::{Config, Settings};
use proxy::Server;
use tokio::signal::unix::{SignalKind, signal};

use crate::variables;

/// Flags of `archestra serve`. Each is an environment variable and a key of the file too.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// TOML file with any of these settings, and agents
    #[arg(long, env = "ARCHESTRA_CONFIG")]
    config: Option<PathBuf>,
    /// What is logged to standard error, for example debug or proxy=debug [default: info]
    #[arg(long, env = "ARCHESTRA_LOG")]
    log: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Takes as many open files as the system allows: every exchange needs two.
fn raise_open_files() {
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let log = arguments.log.as_deref().unwrap_or("info");
    telemetry::log::start(log).map_err(|error| {
        anyhow::anyhow!("ARCHESTRA_LOG: {log:?} cannot be read ({error}); for example proxy=debug")
    })?;
    variables::warn_of_unknown();
    raise_open_files();
    let file = arguments.config.as_deref().map(Settings::from_file).transpose()?;
    let mut settings = arguments.settings;
    settings.https_proxy = settings.https_proxy.or_else(|| variables::lower_case("https_proxy"));
    settings.no_proxy = settings.no_proxy.or_else(|| variables::lower_case("no_proxy"));
    let config = Config::build(settings.or(file.unwrap_or_default()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = Server::start(config)?;
        tracing::info!(addr = %server.address(), "listening");
        server
            .run(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await;
        anyhow::Ok(())
    })
}
