//! The provider answers 401 to a token.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use http::HeaderValue;
use testkit::Mood;
use tokio::task::JoinSet;
use upstream::{CredentialSettings, GoogleCredentials};

use crate::stage::{SOON, Stage, brisk, runtime, token};

#[test]
fn a_hundred_requests_that_are_refused_make_one_new_token() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    let old = token(&credentials).expect("a token");
    stage.google.revoke_tokens();
    stage.google.set_latency(Duration::from_millis(50));
    let worker = |credentials: GoogleCredentials, old: upstream::Authorization| {
        runtime().block_on(async move {
            let mut tasks = JoinSet::new();
            for _ in 0..25 {
                let (credentials, old) = (credentials.clone(), old.clone());
                tasks.spawn(async move {
                    credentials.refused(&old, None);
                    credentials.token().await.expect("a token").value().to_str().expect("ASCII").to_owned()
                });
            }
            tasks.join_all().await
        })
    };
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (credentials, old) = (credentials.clone(), old.clone());
            thread::spawn(move || worker(credentials, old))
        })
        .collect();
    let got: HashSet<String> =
        workers.into_iter().flat_map(|worker| worker.join().expect("no worker fails")).collect();
    assert_eq!(got.len(), 1);
    assert!(got.iter().all(|new| stage.google.check(new).is_ok()), "{got:?}");
    assert_eq!(stage.google.requests().len(), 2);
    assert_eq!(stage.google.most_in_flight(), 1);
}

#[test]
fn a_token_that_is_not_the_current_one_is_refused_without_effect() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    let first = token(&credentials).expect("a token");
    credentials.refused(&first, None);
    let second = token(&credentials).expect("a token");
    assert_ne!(first.value(), second.value());
    credentials.refused(&first, None);
    assert_eq!(token(&credentials).expect("a token").value(), second.value());
}

#[test]
fn refusals_that_go_on_do_not_become_a_storm() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    for _ in 0..1000 {
        let used = token(&credentials).expect("a token");
        credentials.refused(&used, None);
    }
    assert_eq!(stage.google.issued(), 2);
}

#[test]
fn after_a_while_a_refusal_counts_again() {
    let stage = Stage::new();
    let settings = CredentialSettings { between_refusals: Duration::from_millis(50), ..brisk() };
    let credentials = stage.start(&stage.google.authorized_user(), settings);
    let refuse = || {
        if let Ok(used) = token(&credentials) {
            credentials.refused(&used, None);
        }
        (stage.google.issued() >= 4).then_some(())
    };
    testkit::Deadline::after(SOON).poll(refuse).expect("further tokens");
}

#[test]
fn a_refused_token_is_not_given_out_even_if_there_is_no_other() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    let used = token(&credentials).expect("a token");
    stage.google.set_mood(Mood::Says(400, r#"{"error":"invalid_grant"}"#.into()));
    credentials.refused(&used, None);
    let error = token(&credentials).expect_err("no token");
    assert!(error.to_string().contains("invalid_grant"), "{error}");
}

/// A provider that judges tokens by Google's clock.
fn send(stage: &Stage, credentials: &GoogleCredentials) -> Result<(), String> {
    let used = token(credentials).map_err(|error| error.to_string())?;
    stage.check(&used).inspect_err(|_| {
        let date = HeaderValue::from_str(&stage.google.date()).expect("a date");
        credentials.refused(&used, Some(&date));
    })
}

#[test]
fn a_clock_ten_minutes_ahead_is_what_is_told() {
    let stage = Stage::new();
    let settings = CredentialSettings { longest_pause: Duration::from_secs(60), ..brisk() };
    let credentials = stage.start(&stage.google.service_account(), settings);
    stage.google.set_clock(-600);
    stage.log.listening(|| {
        let refusal = send(&stage, &credentials).expect_err("signed in the future");
        assert!(refusal.contains("short-lived token"), "{refusal}");
        for _ in 0..100 {
            let error = send(&stage, &credentials).expect_err("no token");
            assert!(
                error.ends_with(
                    "the clock of this machine is about 10 min ahead of Google's; set it, for example by NTP"
                ),
                "{error}"
            );
        }
    });
    assert_eq!(stage.log.lines().len(), 1, "{:?}", stage.log.lines());
}

#[test]
fn a_clock_that_is_set_right_is_noticed() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.service_account(), brisk());
    stage.google.set_clock(-600);
    send(&stage, &credentials).expect_err("signed in the future");
    stage.google.set_clock(0);
    testkit::Deadline::after(SOON).poll(|| send(&stage, &credentials).ok()).expect("a token");
}

#[test]
fn a_clock_ten_minutes_behind_does_no_harm() {
    let stage = Stage::new();
    let credentials = stage.start(&stage.google.service_account(), brisk());
    stage.google.set_clock(600);
    assert_eq!(send(&stage, &credentials), Ok(()));
}

#[test]
fn tokens_of_endpoints_do_not_depend_on_the_clock() {
    for clock in [-600, 600] {
        let stage = Stage::new();
        stage.google.set_clock(clock);
        for file in
            [stage.google.authorized_user(), stage.google.impersonated(&stage.google.authorized_user())]
        {
            assert_eq!(send(&stage, &stage.start(&file, brisk())), Ok(()));
        }
    }
}
