//! The threads that serve.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinSet;
use upstream::{Client, Pools};

use super::connection::connection;
use super::state::{Phase, State};

/// How long threads that resolve names or read large bodies may go on when everything else has ended.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Threads of one worker that resolve names and read large bodies. What waits for them has its room taken already.
const BLOCKING_THREADS: usize = 16;

/// Connections that wait for one worker to take them.
const WAITING: usize = 1024;

/// A connection that was accepted.
pub(super) struct Connection {
    /// Its place among those allowed.
    pub(super) place: OwnedSemaphorePermit,
    pub(super) socket: TcpStream,
}

/// What a worker serves with.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) client: Client,
    pub(crate) state: Arc<State>,
}

/// All workers.
#[derive(Debug)]
pub(super) struct Crew(Vec<Member>);

#[derive(Debug)]
struct Member {
    busy: Arc<AtomicUsize>,
    connections: mpsc::Sender<(std::net::TcpStream, OwnedSemaphorePermit)>,
    /// Tells how long to go on for, and hears how many connections were cut off.
    finish: oneshot::Sender<(Duration, oneshot::Sender<usize>)>,
    thread: JoinHandle<()>,
}

impl Crew {
    /// Starts `count` workers, or as many as there are cores.
    pub(super) fn start(count: Option<usize>, state: &Arc<State>, pools: &Pools) -> io::Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let member = |number: usize| Member::start(number, Arc::clone(state), pools.client());
        (0..count.unwrap_or_else(cores)).map(member).collect::<Result<_, _>>().map(Self)
    }

    /// Hands a connection to the worker that has the fewest.
    pub(super) async fn hand(&self, connection: Connection) {
        let Some(member) = self.0.iter().min_by_key(|member| member.busy.load(Ordering::Relaxed)) else {
            return;
        };
        // Moved to another runtime, which must register it anew.
        match connection.socket.into_std() {
            Ok(socket) => {
                member.busy.fetch_add(1, Ordering::Relaxed);
                if member.connections.send((socket, connection.place)).await.is_err() {
                    tracing::error!("a worker is gone");
                }
            }
            Err(error) => tracing::warn!(%error, "connection lost on its way to a worker"),
        }
    }

    /// Lets running exchanges finish for as long as `grace`, then cuts them off; how many.
    pub(super) async fn finish(self, grace: Duration) -> usize {
        let mut threads = Vec::new();
        let mut answers = Vec::new();
        for member in self.0 {
            let (tell, answer) = oneshot::channel();
            drop(member.connections);
            if member.finish.send((grace, tell)).is_ok() {
                answers.push(answer);
            }
            threads.push(member.thread);
        }
        let mut cut_off = 0_usize;
        for answer in answers {
            cut_off = cut_off.saturating_add(answer.await.unwrap_or(0));
        }
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a worker panicked");
            }
        }
        cut_off
    }
}

impl Member {
    fn start(number: usize, state: Arc<State>, client: Client) -> io::Result<Self> {
        let (connections, arriving) = mpsc::channel(WAITING);
        let (finish, finishing) = oneshot::channel();
        let busy = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&busy);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let worker = Arc::new(Worker { client, state });
        let work = move || {
            let answer = runtime.block_on(serve(worker, arriving, finishing, count));
            // What still runs is cut off here, so that it is recorded before the record closes.
            runtime.shutdown_timeout(LEFTOVERS);
            if let Some((tell, cut_off)) = answer
                && tell.send(cut_off).is_err()
            {
                tracing::debug!("nobody waits for the worker");
            }
        };
        let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(work)?;
        Ok(Self { busy, connections, finish, thread })
    }
}

/// One of a worker's connections, until it is dropped, also by a panic.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Arriving = mpsc::Receiver<(std::net::TcpStream, OwnedSemaphorePermit)>;
type Finishing = oneshot::Receiver<(Duration, oneshot::Sender<usize>)>;

/// Serves connections until told to finish; whom to tell how many were then cut off.
async fn serve(
    worker: Arc<Worker>,
    mut arriving: Arriving,
    finishing: Finishing,
    count: Arc<AtomicUsize>,
) -> Option<(oneshot::Sender<usize>, usize)> {
    let mut running = JoinSet::new();
    let mut finishing = finishing;
    let finish = loop {
        tokio::select! {
            finish = &mut finishing => break finish.ok(),
            Some((socket, place)) = arriving.recv() => {
                let connection = connection(Arc::clone(&worker), socket);
                let counted = Counted(Arc::clone(&count));
                running.spawn(async move {
                    connection.await;
                    drop((counted, place));
                });
            }
            Some(ended) = running.join_next() => report(ended),
        }
    };
    let (grace, tell) = finish?;
    let finished = async {
        while let Some(ended) = running.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(grace, finished).await.is_err() {
        tracing::warn!(connections = running.len(), "the grace time is over");
        worker.state.enter(Phase::Over);
    }
    Some((tell, running.len()))
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}
