//! Google's servers fail, hang and come back.

use std::time::Duration;

use testkit::{Deadline, Mood};
use upstream::CredentialSettings;

use crate::stage::{SOON, Stage, brisk, runtime, token};

/// Waits until a token is given out.
fn recovers(stage: &Stage, credentials: &upstream::GoogleCredentials) {
    let authorization = Deadline::after(SOON).poll(|| token(credentials).ok()).expect("a token again");
    assert_eq!(stage.check(&authorization), Ok(()));
    let again = || stage.log.lines().iter().any(|line| line.contains("are there again")).then_some(());
    Deadline::after(SOON).poll(again).expect("a line that says so");
}

#[test]
fn an_outage_is_not_felt_while_the_token_is_valid() {
    let stage = Stage::new();
    let often = CredentialSettings { refresh: Duration::from_millis(20), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), often);
    let first = token(&credentials).expect("a token");
    stage.google.set_mood(Mood::Says(500, "{}".into()));
    // Whole rounds of attempts have failed by then.
    stage.google.wait_for_requests(stage.google.requests().len() + 7, SOON);
    let later = token(&credentials).expect("the token that is there");
    assert_eq!(stage.check(&later), Ok(()));
    drop(first);
    stage.google.set_mood(Mood::Works);
    let before = stage.google.issued();
    Deadline::after(SOON).poll(|| (stage.google.issued() > before).then_some(())).expect("a new token");
    recovers(&stage, &credentials);
}

#[test]
fn an_endpoint_that_hangs_is_not_felt_and_asked_again() {
    let stage = Stage::new();
    let settings = CredentialSettings {
        attempt: Duration::from_millis(200),
        refresh: Duration::from_millis(20),
        ..brisk()
    };
    let credentials = stage.start(&stage.google.authorized_user(), settings);
    token(&credentials).expect("a token");
    stage.google.set_mood(Mood::Hangs);
    stage.google.wait_for_requests(stage.google.requests().len() + 3, SOON);
    token(&credentials).expect("the token that is there");
    stage.google.set_mood(Mood::Works);
    recovers(&stage, &credentials);
}

#[test]
fn without_a_valid_token_an_outage_is_told_and_ends_by_itself() {
    let stage = Stage::new();
    stage.google.set_expires_in(1);
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    token(&credentials).expect("a token");
    stage.google.kill();
    // The token that is there is given out as long as it is good, and then none.
    let error = Deadline::after(SOON)
        .poll(|| match token(&credentials) {
            Ok(authorization) => {
                assert_eq!(stage.check(&authorization), Ok(()));
                None
            }
            Err(error) => Some(error),
        })
        .expect("the token expires");
    assert!(error.to_string().contains("no connection to the token endpoint"), "{error}");
    stage.google.restart();
    recovers(&stage, &credentials);
}

#[test]
fn a_failure_is_remembered_for_all_requests() {
    let stage = Stage::new();
    stage.google.set_mood(Mood::Says(503, "{}".into()));
    let minute = Duration::from_secs(60);
    let settings = CredentialSettings { first_pause: minute, longest_pause: minute, ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), settings);
    for _ in 0..1000 {
        token(&credentials).expect_err("no token");
    }
    // One round: an attempt and two repetitions.
    assert_eq!(stage.google.requests().len(), 3);
}

#[test]
fn what_does_not_pass_by_itself_is_not_repeated_at_once() {
    let stage = Stage::new();
    stage.google.set_mood(Mood::Says(400, r#"{"error":"invalid_grant"}"#.into()));
    let minute = Duration::from_secs(60);
    let settings = CredentialSettings { first_pause: minute, longest_pause: minute, ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), settings);
    token(&credentials).expect_err("no token");
    assert_eq!(stage.google.requests().len(), 1);
}

#[test]
fn a_fault_that_passes_at_once_is_not_felt() {
    let stage = Stage::new();
    stage.google.set_mood(Mood::Says(500, "{}".into()));
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    stage.google.wait_for_requests(1, SOON);
    stage.google.set_mood(Mood::Works);
    token(&credentials).expect("a token");
    assert_eq!(stage.log.lines(), [""; 0]);
}

#[test]
fn waiting_is_bounded_and_can_be_given_up() {
    let stage = Stage::new();
    stage.google.set_mood(Mood::Hangs);
    let settings = CredentialSettings { wait: Duration::from_millis(100), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), settings);
    let error = token(&credentials).expect_err("no token");
    assert!(error.to_string().contains("no token came within 0.1 s"), "{error}");
    runtime().block_on(async {
        tokio::select! {
            biased;
            _ = credentials.token() => panic!("it hangs"),
            () = tokio::task::yield_now() => {}
        }
    });
    assert_eq!(stage.google.requests().len(), 1);
}

#[test]
fn a_file_that_is_corrected_is_read_again() {
    let stage = Stage::new();
    let path = stage.write("credentials.json", "{");
    let credentials = stage.start_from(path, brisk());
    token(&credentials).expect_err("no token");
    stage.write("credentials.json", stage.google.service_account().to_string());
    recovers(&stage, &credentials);
}

#[test]
fn a_file_that_is_replaced_is_read_at_the_next_refresh() {
    let stage = Stage::new();
    let often = CredentialSettings { refresh: Duration::from_millis(20), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), often);
    token(&credentials).expect("a token");
    stage.write("credentials.json", stage.google.service_account().to_string());
    let signed = || token(&credentials).ok().filter(|token| token.quota_project().is_none());
    let authorization = Deadline::after(SOON).poll(signed).expect("a token of the service account");
    assert_eq!(stage.check(&authorization), Ok(()));
}

#[test]
fn fetching_ends_with_the_last_clone() {
    let stage = Stage::new();
    let often = CredentialSettings { refresh: Duration::from_millis(5), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), often);
    let clone = credentials.clone();
    drop(credentials);
    token(&clone).expect("a token");
    drop(clone);
    // At most one attempt was under way; after two quiet looks in a row nothing more comes.
    let mut seen = stage.google.requests().len();
    let quiet = Deadline::after(SOON).poll(|| {
        stage.google.settle(Duration::from_millis(200));
        let now = stage.google.requests().len();
        (std::mem::replace(&mut seen, now) == now).then_some(())
    });
    quiet.expect("it ends");
}
