//! Serving: a listener that hands connections to workers, and the way to stop.
//!
//! Each worker is a thread with its own single-threaded runtime and its own connections to providers. A request
//! is served by one thread from its first byte to its last, so that nothing on its way is shared, locked or woken
//! across threads.

mod connection;
mod opening;
mod probe;
mod stall;
mod state;
mod streams;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use config::Config;
use socket2::{Domain, Protocol, Socket, Type};
use telemetry::record::Writer;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use upstream::{CredentialSettings, GoogleCredentials, Pools, Providers};

use crate::policies::{self, Revision};
use crate::snapshot::Snapshot;
use crate::vertex::Google;
use state::Phase;
pub(crate) use state::State;
pub(crate) use streams::{asked, handed_over};
pub(crate) use worker::Worker;
use worker::{Connection, Crew};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 4096;

/// How long accepting rests when it fails, for example for want of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How long the last lines of the record may take to be written.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Why serving cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A configuration that was checked before does not hold together.
    #[error("{0}")]
    Config(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// The policy cannot be used.
    #[error("ARCHESTRA_POLICY_FILE: {0}")]
    Policy(String),
    /// The record cannot be opened.
    #[error("ARCHESTRA_RECORD_FILE: cannot open the record: {0}")]
    Record(io::Error),
    /// The system gives no more threads or sockets.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

/// A server that listens and has not stopped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    config: Config,
    crew: Crew,
    listener: TcpListener,
    state: Arc<State>,
    writer: Writer,
}

impl Server {
    /// Opens the record, listens, and starts the workers. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub fn start(config: Config) -> Result<Self, ServeError> {
        let providers = Arc::new(Providers::new(&config).map_err(ServeError::Config)?);
        let pools = Pools::new(&providers).map_err(ServeError::Config)?;
        let policy = config.policy_file.as_deref().map(Revision::read).transpose();
        let policy = policy.map_err(ServeError::Policy)?.map(Arc::new);
        let snapshot = Snapshot::new(config.agents.clone(), providers, policy)
            .ok_or_else(|| ServeError::Config("the built-in agent is missing".to_owned()))?;
        let writer = Writer::start(config.record_file.as_deref(), config.limits.record_queue)
            .map_err(ServeError::Record)?;
        let listener =
            listen(config.listen).map_err(|error| ServeError::Listen { address: config.listen, error })?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(&config, snapshot, google(&config), writer.recorder()));
        let crew = Crew::start(config.workers, &state, &pools)?;
        Ok(Self { address, config, crew, listener, state, writer })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then lets running exchanges finish within the grace time.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let timeouts = self.config.timeouts;
        let policy = self.config.policy_file.clone();
        let watching = policy.map(|file| tokio::spawn(policies::watch(file, Arc::clone(&self.state))));
        tokio::select! {
            () = accept(&self.listener, &self.crew, self.config.limits.connections) => {}
            () = async {
                stop.await;
                tracing::info!(delay_seconds = timeouts.drain_delay.as_secs(), "draining");
                self.state.enter(Phase::Draining);
                tokio::time::sleep(timeouts.drain_delay).await;
            } => {}
        }
        self.state.enter(Phase::Closing);
        drop(self.listener);
        if let Some(watching) = watching {
            watching.abort();
        }
        let left = self.crew.finish(timeouts.shutdown).await;
        tracing::info!(cut_off = left, "stopped");
        self.writer.close(LAST_LINES);
    }
}

/// The way to Vertex AI, if an agent uses it. Tokens are fetched on the runtime that this is called in.
fn google(config: &Config) -> Option<Google> {
    config.agents.iter().any(|agent| agent.vertex_ai.is_some()).then(|| Google {
        base: config.vertex_ai.base.clone(),
        credentials: GoogleCredentials::start(
            config.vertex_ai.credentials_file.clone(),
            CredentialSettings::default(),
            &Handle::current(),
        ),
    })
}

/// Listens with a backlog for bursts, and for IPv4 as well where the address is IPv6's wildcard.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts connections, as many at a time as allowed, and hands each to a worker.
async fn accept(listener: &TcpListener, crew: &Crew, limit: usize) {
    let places = Arc::new(Semaphore::new(limit));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((socket, _)) => crew.hand(Connection { place, socket }).await,
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}
