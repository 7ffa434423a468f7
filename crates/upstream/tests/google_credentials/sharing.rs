//! All workers share one token, and one request for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use testkit::Deadline;
use tokio::task::JoinSet;
use upstream::{CredentialSettings, GoogleCredentials};

use crate::stage::{SOON, Stage, brisk, runtime};

const WORKERS: usize = 4;
const TASKS: usize = 25;
const REQUESTS: usize = 10_000;

/// Asks from tasks on many runtimes until 10,000 requests were answered and so many tokens were given out. Each token
/// must be good at the moment that it is had.
fn hammer(stage: &Arc<Stage>, credentials: &GoogleCredentials, tokens: usize) -> usize {
    let answered = Arc::new(AtomicUsize::new(0));
    let deadline = Deadline::after(SOON);
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (answered, credentials, stage) =
                (Arc::clone(&answered), credentials.clone(), Arc::clone(stage));
            thread::spawn(move || {
                runtime().block_on(async move {
                    let mut tasks = JoinSet::new();
                    for _ in 0..TASKS {
                        let (answered, credentials, stage) =
                            (Arc::clone(&answered), credentials.clone(), Arc::clone(&stage));
                        tasks.spawn(async move {
                            while answered.load(Ordering::Relaxed) < REQUESTS
                                || stage.google.issued() < tokens
                            {
                                assert!(deadline.remaining().is_some(), "{} tokens", stage.google.issued());
                                let authorization = credentials.token().await.expect("a token");
                                assert_eq!(stage.check(&authorization), Ok(()));
                                answered.fetch_add(1, Ordering::Relaxed);
                                tokio::time::sleep(Duration::from_millis(1)).await;
                            }
                        });
                    }
                    while let Some(ended) = tasks.join_next().await {
                        ended.expect("no task fails");
                    }
                });
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no worker fails");
    }
    answered.load(Ordering::Relaxed)
}

#[test]
fn ten_thousand_requests_over_tokens_that_expire() {
    let stage = Arc::new(Stage::new());
    stage.google.set_expires_in(1);
    stage.google.set_latency(Duration::from_millis(30));
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    let answered = hammer(&stage, &credentials, 4);
    assert!(answered >= REQUESTS, "{answered}");
    assert_eq!(stage.google.most_in_flight(), 1);
    assert_eq!(stage.google.violations(), [""; 0]);
    assert_eq!(stage.log.lines(), [""; 0]);
}

#[test]
fn ten_thousand_requests_over_tokens_that_are_replaced_early() {
    let stage = Arc::new(Stage::new());
    stage.google.set_expires_in(2);
    stage.google.set_latency(Duration::from_millis(30));
    let early = CredentialSettings { refresh: Duration::from_millis(200), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), early);
    let answered = hammer(&stage, &credentials, 8);
    assert!(answered >= REQUESTS, "{answered}");
    assert_eq!(stage.google.most_in_flight(), 1);
    // No token was asked for twice.
    assert_eq!(stage.google.issued(), stage.google.requests().len());
    assert_eq!(stage.log.lines(), [""; 0]);
}

#[test]
fn a_thousand_requests_at_the_start_make_one() {
    let stage = Stage::new();
    stage.google.set_latency(Duration::from_millis(100));
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..1000 {
            let credentials = credentials.clone();
            tasks.spawn(async move { credentials.token().await.expect("a token").value().clone() });
        }
        let first = tasks.join_next().await.expect("a task").expect("no task fails");
        while let Some(other) = tasks.join_next().await {
            assert_eq!(other.expect("no task fails"), first);
        }
    });
    assert_eq!(stage.google.requests(), ["POST /token"]);
}
