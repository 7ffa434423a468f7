//! The requests that share an HTTP/2 connection.
//!
//! A client of HTTP/1.1 that takes nothing is seen by its socket. One of HTTP/2 may go on reading from its socket and
//! still take nothing of one answer, by its flow control (RFC 9113, section 5.2); hyper then does not ask the body for
//! more and runs no timer. So each request runs in a task that watches whether its answer is asked for.

use std::cell::Cell;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::watch;

tokio::task_local! {
    static TAKING: Taking;
}

/// How a client takes its answer.
#[derive(Debug, Default)]
struct Taking {
    /// How often more was asked for, which is when what was handed over before has been taken.
    asked: Cell<u64>,
    /// Something was handed over, and nothing was asked for since.
    waiting: Cell<bool>,
}

/// Notes, within the task of a request, that more of its answer is asked for.
pub(crate) fn asked() {
    // There is nothing to note outside of HTTP/2.
    let _outside = TAKING.try_with(|taking| {
        taking.asked.set(taking.asked.get().wrapping_add(1));
        taking.waiting.set(false);
    });
}

/// Notes, within the task of a request, that a part of its answer waits to be taken by the client.
pub(crate) fn handed_over() {
    let _outside = TAKING.try_with(|taking| taking.waiting.set(true));
}

/// Runs the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    /// Longest time that a client may take nothing of an answer.
    limit: Duration,
    running: watch::Sender<usize>,
}

/// One of the requests that run.
struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Streams {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, running: watch::Sender::new(0) }
    }

    /// Resolves once no request has run for so long.
    pub(super) async fn unused(&self, limit: Duration) {
        let mut running = self.running.subscribe();
        loop {
            if running.wait_for(|running| *running == 0).await.is_err() {
                return;
            }
            tokio::select! {
                biased;
                _ = running.changed() => {}
                () = tokio::time::sleep(limit) => return,
            }
        }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        self.running.send_modify(|running| *running = running.saturating_add(1));
        let running = Running(self.running.clone());
        let limit = self.limit;
        tokio::spawn(async move {
            TAKING.scope(Taking::default(), watched(request, limit)).await;
            drop(running);
        });
    }
}

/// Runs a request until it is done, or its client has taken nothing for so long. Dropping it resets its stream.
async fn watched(request: impl Future<Output = ()>, limit: Duration) {
    let mut request = pin!(request);
    let (mut timer, mut seen) = (None, 0);
    std::future::poll_fn(|cx| {
        if request.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let (asked, waiting) = TAKING.with(|taking| (taking.asked.get(), taking.waiting.get()));
        if !waiting || asked != seen {
            timer = None; // it moves
        }
        seen = asked;
        if !waiting {
            return Poll::Pending;
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(cx)
    })
    .await;
}
