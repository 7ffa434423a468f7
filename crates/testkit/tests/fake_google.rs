//! The stand-in for Google's token servers is as strict as they are.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use testkit::{Client, FakeGoogle, Response};

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token\
    ?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform";

fn ask(google: &FakeGoogle, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Response {
    let mut client = Client::connect(google.host().parse().expect("an address"));
    client.request(method, target, fields, body);
    client.read_response(Duration::from_secs(5))
}

#[test]
fn the_metadata_server_wants_its_header() {
    let google = FakeGoogle::start();
    assert_eq!(ask(&google, "GET", TOKEN, &[], b"").status, 403);
    assert_eq!(google.violations().len(), 1);
    assert_eq!(ask(&google, "GET", TOKEN, &[("metadata-flavor", "Google")], b"").status, 200);
    assert_eq!((google.issued(), google.violations().len()), (1, 1));
}

#[test]
fn what_is_wrong_is_refused_and_noted() {
    let google = FakeGoogle::start();
    let user = br#"{"grant_type":"refresh_token","refresh_token":"guessed"}"#;
    assert_eq!(ask(&google, "POST", "/token", &[], user).status, 400);
    assert_eq!(ask(&google, "POST", "/sts", &[], b"subject_token=guessed").status, 400);
    assert_eq!(ask(&google, "GET", "/elsewhere", &[], b"").status, 404);
    assert_eq!(google.issued(), 0);
    assert!(google.violations().len() >= 3);
}

#[test]
fn only_tokens_of_its_own_are_good_and_only_until_they_are_revoked() {
    let google = FakeGoogle::start();
    ask(&google, "GET", TOKEN, &[("metadata-flavor", "Google")], b"");
    assert_eq!(google.check("Bearer ya29.token-1"), Ok(()));
    assert!(google.check("Bearer ya29.token-2").is_err());
    assert!(google.check("Bearer e30.e30.c2ln").is_err());
    assert!(google.check("ya29.token-1").is_err());
    google.revoke_tokens();
    let soon = testkit::Deadline::after(Duration::from_secs(5));
    soon.poll(|| google.check("Bearer ya29.token-1").err()).expect("it is revoked");
}
