//! Tokens of Google's that expire while requests go on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Deadline, FakeGoogle};

use crate::api::{GEMINI, OPENAI};
use crate::stage::SOON;
use crate::vertex::Cloud;

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 8;
const TOKENS: usize = 4;

/// A Google whose tokens last so long.
fn google(seconds: u64) -> FakeGoogle {
    let google = FakeGoogle::start();
    google.set_expires_in(seconds);
    google
}

fn ask(client: &mut Client) -> u16 {
    let headers = [("content-type", "application/json")];
    client.request("POST", &GEMINI.ours(""), &headers, GEMINI.request.as_bytes());
    client.read_response(SOON).status
}

/// Vertex AI here answers a token that has expired with 401, and the record would tell of it.
#[test]
fn ten_thousand_requests_over_tokens_that_expire_all_succeed() {
    let google = google(2);
    google.set_latency(Duration::from_millis(50));
    let cloud = Cloud::with_google(google, "");
    let (asked, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let limit = Deadline::after(Duration::from_secs(120));
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = cloud.stage.client();
                while asked.fetch_add(1, Ordering::Relaxed) < REQUESTS || cloud.google.issued() < TOKENS {
                    assert!(limit.remaining().is_some(), "{} tokens", cloud.google.issued());
                    assert_eq!(ask(&mut client), 200, "{}", cloud.stage.proxy.log());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let seen = cloud.stage.upstream.requests();
    assert!(seen.len() >= REQUESTS, "{}", seen.len());
    assert_eq!(seen.len(), answered.into_inner(), "none was sent twice");
    assert_eq!(cloud.google.most_in_flight(), 1);
    assert_eq!(cloud.google.violations(), Vec::<String>::new());
}

#[test]
fn a_minute_without_the_token_endpoint_fails_only_what_has_no_valid_token() {
    const VALID: Duration = Duration::from_secs(20);
    let cloud = Cloud::with_google(google(VALID.as_secs()), "");
    let started = Instant::now();
    assert_eq!(cloud.stage.converse(&GEMINI).status, 200);
    let fetched = Instant::now();
    cloud.google.kill();
    let outage = Deadline::after(Duration::from_secs(60));
    let mut failed = Vec::new();
    let mut client = cloud.stage.client();
    let mut served = 0;
    while outage.remaining().is_some() {
        let asked = Instant::now();
        match ask(&mut client) {
            200 => {
                assert!(
                    started.elapsed() <= VALID + SOON && asked < fetched + VALID,
                    "no token is valid any more"
                );
                served += 1;
            }
            status => {
                assert_eq!(status, 503);
                failed.push(asked);
            }
        }
        assert_eq!(cloud.stage.converse(&OPENAI).status, 401, "another provider is reached, and says no");
        // A pace, not a condition: fewer requests would show the same.
        thread::sleep(Duration::from_millis(20));
    }
    let first = *failed.first().expect("the token expired within the minute");
    assert!(served > 10 && failed.len() > 10, "{served} served, {} failed", failed.len());
    // A token is not sent when it is about to expire; a second's grace for that and for the clock's whole seconds.
    assert!(first > started + VALID - Duration::from_secs(2), "failed {:?} after the start", first - started);
    cloud.google.restart();
    let again = Deadline::after(Duration::from_secs(30)).poll(|| (ask(&mut client) == 200).then_some(()));
    assert!(again.is_some(), "{}", cloud.stage.proxy.log());
    assert_eq!(cloud.google.violations(), Vec::<String>::new());
}
