//! Every kind of credentials gives a token, and asks for it as it should.

use http::HeaderMap;
use serde_json::{Value, json};
use testkit::FakeGoogle;

use crate::child::with_environment;
use crate::stage::{Stage, brisk, token};

const IMPERSONATE: &str =
    "POST /v1/projects/-/serviceAccounts/target@project.iam.gserviceaccount.com:generateAccessToken";

/// Gets a token from this file and looks at what Google was asked.
fn gives_a_token(stage: &Stage, file: &Value, requests: &[&str]) {
    let credentials = stage.start(file, brisk());
    let authorization = token(&credentials).unwrap_or_else(|error| panic!("{}", error.for_log()));
    assert_eq!(stage.check(&authorization), Ok(()));
    assert_eq!(stage.google.requests(), requests);
    assert_eq!(stage.google.violations(), [""; 0]);
    assert!(!format!("{authorization:?} {credentials:?}").contains("ya29"));
}

#[test]
fn a_service_account_signs_its_tokens_itself() {
    let stage = Stage::new();
    gives_a_token(&stage, &stage.google.service_account(), &[]);
}

#[test]
fn a_user_refreshes() {
    let stage = Stage::new();
    gives_a_token(&stage, &stage.google.authorized_user(), &["POST /token"]);
}

#[test]
fn a_subject_token_in_a_file_is_exchanged() {
    let stage = Stage::new();
    let text = stage.write("subject", FakeGoogle::subject_token());
    gives_a_token(&stage, &stage.google.external_account(&json!({"file": text})), &["POST /sts"]);
}

#[test]
fn a_subject_token_within_json_is_exchanged() {
    let stage = Stage::new();
    let path = stage.write("subject", json!({"id_token": FakeGoogle::subject_token()}).to_string());
    let format = json!({"type": "json", "subject_token_field_name": "id_token"});
    let source = json!({"file": path, "format": format});
    gives_a_token(&stage, &stage.google.external_account(&source), &["POST /sts"]);
}

#[test]
fn a_subject_token_from_a_url_is_exchanged_for_a_service_accounts() {
    let stage = Stage::new();
    let source = json!({"url": stage.google.subject_token_url()});
    let file = stage.google.external_account_impersonating(&source);
    gives_a_token(&stage, &file, &["GET /subject-token", "POST /sts", IMPERSONATE]);
}

#[test]
fn a_subject_token_from_a_program_is_exchanged() {
    let stage = Stage::new();
    let told = json!({
        "version": 1,
        "success": true,
        "token_type": "urn:ietf:params:oauth:token-type:jwt",
        "id_token": FakeGoogle::subject_token(),
        "expiration_time": 4_102_444_800_u64,
    });
    let answer = stage.write("answer", told.to_string());
    let source = json!({"executable": {"command": format!("cat {}", answer.display())}});
    let file = stage.write("credentials.json", stage.google.external_account(&source).to_string());
    let allow = [("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")];
    let (authorization, _) = with_environment(&allow, Some(file.clone())).expect("a token");
    assert_eq!(stage.google.check(&authorization), Ok(()));
    assert_eq!(stage.google.requests(), ["POST /sts"]);

    let refused = with_environment(&[], Some(file)).expect_err("programs are not allowed");
    assert!(refused.contains("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"), "{refused}");
}

#[test]
fn a_user_impersonates_a_service_account() {
    let stage = Stage::new();
    let file = stage.google.impersonated(&stage.google.authorized_user());
    gives_a_token(&stage, &file, &["POST /token", IMPERSONATE]);
}

#[test]
fn a_service_account_impersonates_another() {
    let stage = Stage::new();
    let file = stage.google.impersonated(&stage.google.service_account());
    gives_a_token(&stage, &file, &[IMPERSONATE]);
}

#[test]
fn the_quota_project_is_sent_along_and_nothing_of_the_clients() {
    let stage = Stage::new();
    let subject = stage.write("subject", FakeGoogle::subject_token());
    let mut external = stage.google.external_account(&json!({"file": subject}));
    external["quota_project_id"] = json!("quota-project");
    let clients = || {
        let mut fields = HeaderMap::new();
        fields.insert("authorization", "Bearer client".parse().expect("a value"));
        fields.insert("x-goog-user-project", "clients".parse().expect("a value"));
        fields
    };
    for file in [stage.google.authorized_user(), external] {
        let authorization = token(&stage.start(&file, brisk())).expect("a token");
        let mut fields = clients();
        authorization.apply(&mut fields);
        assert_eq!(fields["x-goog-user-project"], "quota-project");
        assert_eq!(&fields["authorization"], authorization.value());
        assert!(fields["authorization"].is_sensitive());
    }
    let authorization = token(&stage.start(&stage.google.service_account(), brisk())).expect("a token");
    let mut fields = clients();
    authorization.apply(&mut fields);
    assert_eq!(fields.get("x-goog-user-project"), None);
}

#[test]
fn the_standard_places_are_searched_in_order() {
    let stage = Stage::new();
    let google = &stage.google;
    let home = stage.path("home");
    let gcloud = home.join(".config/gcloud");
    std::fs::create_dir_all(&gcloud).expect("a directory");
    let home = home.to_str().expect("a path in UTF-8");
    let host = google.host();
    let metadata = [("HOME", home), ("GCE_METADATA_HOST", host.as_str())];
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";

    // Nothing else: the metadata server.
    let (authorization, project) = with_environment(&metadata, None).expect("a token");
    assert_eq!((google.check(&authorization), project), (Ok(()), None));
    assert_eq!(google.requests().pop(), Some(format!("GET {path}")));

    // What gcloud wrote comes before it.
    let user = google.authorized_user().to_string();
    std::fs::write(gcloud.join("application_default_credentials.json"), user).expect("a file");
    let (_, project) = with_environment(&metadata, None).expect("a token");
    assert_eq!(project.as_deref(), Some("quota-project"));
    assert_eq!(google.requests().pop().as_deref(), Some("POST /token"));

    // The variable comes before that,
    let key = stage.write("key.json", google.service_account().to_string());
    let key = key.to_str().expect("a path in UTF-8");
    let variables = [metadata[0], metadata[1], ("GOOGLE_APPLICATION_CREDENTIALS", key)];
    let asked = google.requests().len();
    let (authorization, _) = with_environment(&variables, None).expect("a token");
    assert_eq!(google.check(&authorization), Ok(()));
    assert_eq!(google.requests().len(), asked);

    // and a file that is given comes first.
    let given = stage.write("user.json", google.authorized_user().to_string());
    with_environment(&variables, Some(given)).expect("a token");
    assert_eq!(google.requests().len(), asked + 1);
    assert_eq!(google.violations(), [""; 0]);
}
