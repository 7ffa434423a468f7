//! Tokens of Google's that expire while requests go on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

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
    /// A token is not sent when it is about to expire, and clocks tell whole seconds.
    const SKEW: Duration = Duration::from_secs(2);
    let cloud = Cloud::with_google(google(VALID.as_secs()), "");
    // The token is fetched between these two.
    let (at_least, at_most) = (Deadline::after(VALID - SKEW), Deadline::after(VALID + SOON));
    assert_eq!(cloud.stage.converse(&GEMINI).status, 200);
    cloud.google.kill();
    let outage = Deadline::after(Duration::from_secs(60));
    let mut client = cloud.stage.client();
    let (mut served, mut failed) = (0, 0);
    while outage.remaining().is_some() {
        let is_valid = at_least.remaining().is_some();
        match ask(&mut client) {
            200 => {
                assert!(at_most.remaining().is_some(), "no token is valid any more");
                served += 1;
            }
            status => {
                assert!(status == 503 && !is_valid, "{status} though the token is valid");
                failed += 1;
            }
        }
        assert_eq!(cloud.stage.converse(&OPENAI).status, 401, "another provider is reached, and says no");
        cloud.google.settle(Duration::from_millis(20)); // so that they are not too many for the record
    }
    assert!(served > 10 && failed > 10, "{served} served, {failed} failed");
    cloud.google.restart();
    let again = Deadline::after(Duration::from_secs(30)).poll(|| (ask(&mut client) == 200).then_some(()));
    assert!(again.is_some(), "{}", cloud.stage.proxy.log());
    assert_eq!(cloud.google.violations(), Vec::<String>::new());
}
