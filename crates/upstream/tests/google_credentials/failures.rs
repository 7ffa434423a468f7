//! What is wrong is told in one line: to clients without a path, in the log with it, once, and never with a secret.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::Mood;
use upstream::CredentialSettings;

use crate::child::with_environment;
use crate::stage::{SOON, Stage, brisk, token};

/// Starts from the file `credentials.json` and expects this error.
fn fails(stage: &Stage, settings: CredentialSettings, wanted: &str) {
    let path = stage.path("credentials.json");
    let credentials = stage.start_from(path.clone(), settings);
    let error = token(&credentials).expect_err("no token");
    let client = error.to_string();
    let log = error.for_log().to_string();
    assert_eq!(client, format!("no credentials for Vertex AI: {wanted}"));
    let path = path.to_str().expect("a path in UTF-8");
    assert_eq!(log, client.replace("the credentials file", &format!("the credentials file {path}")));
    let told: Vec<String> = stage.log.lines().into_iter().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told.iter().all(|line| line.contains(&log)), "{told:?}");
    for secret in stage.google.secrets() {
        assert!(!format!("{told:?} {client} {log} {error:?}").contains(&secret));
    }
}

fn fails_with(file: &Value, wanted: &str) {
    let stage = Stage::new();
    stage.write("credentials.json", file.to_string());
    fails(&stage, brisk(), wanted);
}

/// A user's credentials while the token endpoint is in this mood.
fn fails_when(mood: Mood, wanted: &str) {
    let stage = Stage::new();
    stage.write("credentials.json", stage.google.authorized_user().to_string());
    stage.google.set_mood(mood);
    fails(&stage, CredentialSettings { attempt: Duration::from_millis(500), ..brisk() }, wanted);
}

#[test]
fn a_file_that_is_missing() {
    fails(&Stage::new(), brisk(), "the credentials file does not exist; correct the path or mount the file");
}

#[test]
fn a_directory() {
    let stage = Stage::new();
    std::fs::create_dir(stage.path("credentials.json")).expect("a directory");
    let wanted = "the credentials file is a directory or not a regular file; name the file itself";
    fails(&stage, brisk(), wanted);
}

#[test]
fn a_file_that_is_not_json() {
    let stage = Stage::new();
    stage.write("credentials.json", "{\"type\": \"service_account\",");
    fails(&stage, brisk(), "the credentials file is not JSON; use the file as Google made it");
}

#[test]
fn a_file_that_is_too_large() {
    let stage = Stage::new();
    stage.write("credentials.json", " ".repeat((1 << 20) + 1));
    fails(&stage, brisk(), "the credentials file is larger than 1 MiB, so it is no credentials file");
}

#[test]
fn a_file_of_another_type() {
    let supported =
        "supported are service_account, authorized_user, external_account and impersonated_service_account";
    let file = json!({"type": "external_account_authorized_user"});
    let wanted = format!("the credentials file has the type `external_account_authorized_user`; {supported}");
    fails_with(&file, &wanted);
    let wanted = format!("the credentials file has no usable `type`; {supported}");
    fails_with(&json!({"private_key": "the-client-secret"}), &wanted);
    fails_with(&json!({"type": "the-client-secret\n"}), &wanted);
}

#[test]
fn a_file_that_lacks_a_field() {
    fails_with(
        &json!({"type": "service_account", "private_key": "the-client-secret"}),
        "the credentials file is incomplete: `client_email` is missing; create it anew",
    );
    fails_with(
        &json!({"type": "authorized_user", "client_id": 7, "client_secret": "the-client-secret"}),
        "the credentials file has a field of the wrong kind; create it anew",
    );
}

#[test]
fn a_key_that_is_none() {
    let wanted = "private_key in the credentials file is no private RSA key in PEM (PKCS #8): use the file as \
         Google made it";
    for key in [
        "the-client-secret",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    ] {
        let stage = Stage::new();
        let mut file = stage.google.service_account();
        file["private_key"] = json!(key);
        stage.write("credentials.json", file.to_string());
        fails(&stage, brisk(), wanted);
    }
}

#[test]
fn a_subject_token_that_is_missing() {
    let stage = Stage::new();
    let file = stage.google.external_account(&json!({"file": stage.path("none")}));
    stage.write("credentials.json", file.to_string());
    let wanted = "the subject token that the credentials file points to (credential_source) cannot be read; check \
         that the file is mounted and readable or that the URL answers";
    fails(&stage, brisk(), wanted);
}

#[test]
fn an_endpoint_that_says_no() {
    fails_when(
        Mood::Says(400, r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#.into()),
        "the credentials were revoked or have expired (invalid_grant): run `gcloud auth application-default login` \
         again, or check that key, service account and workload identity provider still exist",
    );
    fails_when(
        Mood::Says(401, r#"{"error": "invalid_client", "error_description": "the-client-secret"}"#.into()),
        "the token endpoint refused the credentials (401, invalid_client); create them anew, and check the clock of \
         this machine",
    );
    let invalid = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check \
         your iat and exp values in the JWT claim.";
    fails_when(
        Mood::Says(400, json!({"error": "invalid_grant", "error_description": invalid}).to_string()),
        "Google refuses the token's times (iat, exp): the clock of this machine is not Google's; set it, for example \
         by NTP",
    );
}

#[test]
fn an_identity_that_may_not_impersonate() {
    let stage = Stage::new();
    let subject = stage.write("subject", "the-subject-token");
    let file = stage.google.external_account_impersonating(&json!({"file": subject}));
    stage.write("credentials.json", file.to_string());
    stage.google.set_mood(Mood::Says(403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#.into()));
    let wanted = "Google denies this identity a token (403): for impersonation grant it \
         roles/iam.serviceAccountTokenCreator, for workload identity roles/iam.workloadIdentityUser";
    fails(&stage, brisk(), wanted);
}

#[test]
fn an_endpoint_that_is_ill() {
    let again = "it is asked again";
    let error = || "{\"error\":\"internal_failure\"}".to_owned();
    fails_when(Mood::Says(500, error()), &format!("the token endpoint fails (500); {again}"));
    fails_when(Mood::Says(503, error()), &format!("the token endpoint fails (503); {again}"));
    let wanted = format!("the token endpoint refuses for now, too many requests (429); {again}");
    fails_when(Mood::Says(429, error()), &wanted);
    let wanted = "the token endpoint answered with something that is no token: check token_uri or token_url, and that \
         no proxy answers in its place";
    fails_when(Mood::Garbage, wanted);
    fails_when(Mood::Says(200, r#"{"access_token":7,"token_type":"ya29."}"#.into()), wanted);
    let wanted = "no token came within 0.5 s: the token endpoint, or on Google Cloud the metadata server, does not \
         answer; check network policies and firewalls";
    fails_when(Mood::Hangs, wanted);
}

#[test]
fn an_endpoint_that_is_away() {
    let stage = Stage::new();
    stage.write("credentials.json", stage.google.authorized_user().to_string());
    stage.google.kill();
    let wanted = "no connection to the token endpoint; check DNS, firewall and HTTPS_PROXY (oauth2.googleapis.com, \
         sts.googleapis.com, iamcredentials.googleapis.com)";
    fails(&stage, brisk(), wanted);
}

#[test]
fn a_token_that_has_expired_when_it_comes() {
    let stage = Stage::new();
    stage.write("credentials.json", stage.google.authorized_user().to_string());
    stage.google.set_expires_in(0);
    let wanted =
        "the token endpoint hands out tokens that have expired already; check the clock of this machine";
    fails(&stage, brisk(), wanted);
}

#[test]
fn trouble_that_lasts_is_logged_once() {
    let stage = Stage::new();
    stage.google.set_mood(Mood::Says(500, "{}".into()));
    let credentials = stage.start(&stage.google.authorized_user(), brisk());
    token(&credentials).expect_err("no token");
    stage.google.wait_for_requests(9, SOON);
    assert_eq!(stage.log.lines().len(), 1, "{:?}", stage.log.lines());
}

#[test]
fn files_of_the_standard_places_are_told_from_each_other() {
    let stage = Stage::new();
    let directory = stage.directory.path().to_str().expect("a path in UTF-8");
    let text = stage.write("text", "text");
    let other = stage.write("other", json!({"type": "other"}).to_string());
    let lacking = stage.write("lacking", json!({"type": "authorized_user"}).to_string());
    let missing = stage.path("missing");
    for (path, wanted) in [
        (directory, "is a directory"),
        (text.to_str().expect("UTF-8"), "is not JSON"),
        (other.to_str().expect("UTF-8"), "has the type `other`"),
        (lacking.to_str().expect("UTF-8"), "is incomplete: `client_id` is missing"),
        (missing.to_str().expect("UTF-8"), "does not exist"),
    ] {
        let told = with_environment(&[("GOOGLE_APPLICATION_CREDENTIALS", path)], None).expect_err("no token");
        assert!(told.contains(wanted), "{told}");
        assert!(!told.contains(directory), "{told}");
    }
}

#[test]
fn a_metadata_server_that_hangs_or_refuses() {
    let stage = Stage::new();
    let home = stage.directory.path().to_str().expect("a path in UTF-8");
    let host = stage.google.host();
    let variables = [("HOME", home), ("GCE_METADATA_HOST", host.as_str())];
    stage.google.set_mood(Mood::Says(404, "{}".into()));
    let told = with_environment(&variables, None).expect_err("no token");
    assert!(told.contains("the metadata server has no service account"), "{told}");
    stage.google.set_mood(Mood::Hangs);
    let told = with_environment(&variables, None).expect_err("no token");
    assert!(told.contains("no token came within 2 s"), "{told}");
}
