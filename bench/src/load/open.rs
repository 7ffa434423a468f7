//! Open loop: requests arrive at a fixed rate, whether or not the ones before them are answered. Latency
//! counts from the intended arrival, so an answer that holds others up is charged for all of them
//! (no coordinated omission).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::session::Session;
use super::tally::Tally;
use crate::clock::now;
use crate::ticker::Ticker;

/// Sends `rate` requests per second for `time`, over whichever connections are free.
pub async fn run(sessions: Vec<Session>, request: Bytes, rate: u32, time: Duration) -> Result<Tally> {
    let arrivals = Arc::new(Arrivals::default());
    let mut tasks = JoinSet::new();
    for session in sessions {
        tasks.spawn(serve(session, request.clone(), Arc::clone(&arrivals)));
    }
    let period = Duration::from_secs(1) / rate;
    let mut intended = now();
    let end = intended + time;
    let mut ticker = Ticker::every(period)?;
    while intended < end {
        ticker.tick().await?;
        intended += period;
        arrivals.push(Some(intended));
    }
    for _ in 0..tasks.len() {
        arrivals.push(None);
    }
    let mut total = Tally::default();
    while let Some(done) = tasks.join_next().await {
        total.merge(done?);
    }
    Ok(total)
}

/// Intended times of requests not yet sent; `None` ends one connection.
#[derive(Default)]
struct Arrivals {
    queue: Mutex<VecDeque<Option<Instant>>>,
    pushed: Notify,
}

impl Arrivals {
    fn push(&self, intended: Option<Instant>) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(intended);
        self.pushed.notify_one();
    }

    async fn next(&self) -> Option<Instant> {
        loop {
            if let Some(intended) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return intended;
            }
            self.pushed.notified().await;
        }
    }
}

async fn serve(mut session: Session, request: Bytes, arrivals: Arc<Arrivals>) -> Tally {
    let mut tally = Tally::default();
    while let Some(intended) = arrivals.next().await {
        if !session.call(&request, intended, &mut tally).await {
            break;
        }
    }
    tally
}
