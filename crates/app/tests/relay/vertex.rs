//! Gemini's routes on Vertex AI.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testkit::{Deadline, FakeGoogle, FakeUpstream, Proxy, Received, Script};

use crate::api::{GEMINI, OPENAI, STREAMS};
use crate::stage::{AGENT_ID, SOON, Stage, assert_fields, proxy};

const PARENT: &str = "/v1beta1/projects/acme/locations/europe-west4";
const REFUSED: &str = r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#;

/// A Google that gives out tokens, and a Vertex AI that lets in who has one.
pub struct Cloud {
    pub google: Arc<FakeGoogle>,
    _folder: tempfile::TempDir,
    pub stage: Stage,
}

fn vertex_ai(google: &FakeGoogle, request: &Received) -> Script {
    let authorization = request.header("authorization").unwrap_or_default();
    if google.check(authorization).is_err() {
        return Script::json(401, REFUSED);
    }
    let path = request.target.split('?').next().unwrap_or_default();
    match path.rsplit(':').next().unwrap_or_default() {
        "generateContent" => Script::json(200, GEMINI.answer),
        "streamGenerateContent" if request.target.contains("alt=sse") => {
            Script::sse(STREAMS[2].events.iter().copied())
        }
        "streamGenerateContent" => {
            Script::respond(200, &[("content-type", "application/json")], STREAMS[3].whole())
        }
        "streamRawPredict" => Script::sse_head().chunk(STREAMS[1].events[0]).hang(),
        "countTokens" => Script::json(200, r#"{"totalTokens":3,"totalBillableCharacters":9}"#),
        "predict" => Script::json(
            200,
            r#"{"predictions":[{"embeddings":{"values":[0.5,-1e-3],"statistics":{"token_count":1}}}]}"#,
        ),
        _ => Script::json(404, r#"{"error":{"code":404,"message":"not found","status":"NOT_FOUND"}}"#),
    }
}

impl Cloud {
    fn start(agents: &str) -> Self {
        Self::with_google(FakeGoogle::start(), agents)
    }

    pub fn with_google(google: FakeGoogle, agents: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let google = Arc::new(google);
        let file = folder.path().join("credentials.json");
        std::fs::write(&file, google.authorized_user().to_string()).unwrap();
        let there = Arc::clone(&google);
        let upstream = FakeUpstream::start(move |request| vertex_ai(&there, request));
        let proxy = serve(&upstream, &file, agents);
        Self { google, _folder: folder, stage: Stage { upstream, proxy } }
    }

    /// What reached Vertex AI: its path and query, and its body.
    fn seen(&self) -> (String, String) {
        let request = self.stage.upstream.next_request(SOON);
        for field in ["x-goog-api-key", "x-api-key", "x-http-method-override"] {
            assert_eq!(request.header(field), None, "{}", request.target);
        }
        self.google.check(request.header("authorization").unwrap_or_default()).unwrap();
        assert_ne!(request.header("x-goog-user-project"), Some("theirs"));
        (request.target.clone(), request.text())
    }
}

fn serve(upstream: &FakeUpstream, credentials: &Path, agents: &str) -> Proxy {
    proxy()
        .config(agents)
        .upstream(upstream)
        .env("ARCHESTRA_GEMINI_VERTEX_AI_ENABLED", "true")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_PROJECT", "acme")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_LOCATION", "europe-west4")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_BASE_URL", upstream.url())
        .env("ARCHESTRA_GEMINI_VERTEX_AI_CREDENTIALS_FILE", credentials)
        .start()
}

#[test]
fn a_client_of_ai_studio_is_served_by_vertex_ai() {
    let cloud = Cloud::start("");
    let bare = r#"{"contents":[{"parts":[{"text":"hi"}]}],"n":1e0}"#;
    let keys =
        [("x-goog-api-key", "theirs"), ("authorization", "Bearer theirs"), ("x-goog-user-project", "theirs")];
    for (version, body, wanted) in [
        ("v1beta", GEMINI.request, GEMINI.request),
        ("v1", bare, r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"n":1e0}"#),
    ] {
        let path = format!("/v1/gemini/default/{version}/models/gemini-x:generateContent?key=theirs&x=1");
        let answer = cloud.stage.ask("POST", &path, &keys, body.as_bytes());
        assert_eq!((answer.status, answer.text().as_str()), (200, GEMINI.answer));
        let (target, body) = cloud.seen();
        assert_eq!(target, format!("{PARENT}/publishers/google/models/gemini-x:generateContent?x=1"));
        let (body, wanted): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&body).unwrap(), serde_json::from_str(wanted).unwrap());
        assert_eq!(body, wanted);
    }
    for stream in &STREAMS[2..] {
        let answer = cloud.stage.post(&stream.ours(), stream.api.stream_request);
        assert_eq!(answer.text(), stream.whole());
        cloud.seen();
    }
    let records = cloud.stage.proxy.wait_records(4, SOON);
    for record in &records {
        let wanted = [
            ("route", "gemini-generate".into()),
            ("output_tokens", 7.into()),
            ("outcome", "completed".into()),
        ];
        assert_fields(record, &wanted);
    }
    assert_eq!(records[3]["tool_calls"], 1);
    assert_eq!(cloud.google.violations(), Vec::<String>::new());
    assert_eq!(cloud.google.issued(), 1);
}

#[test]
fn what_is_no_conversation_is_translated_too() {
    let cloud = Cloud::start("");
    let ask = |verb: &str, body: &str| {
        let answer = cloud.stage.post(&format!("/v1/gemini/v1beta/models/{verb}"), body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-length"), Some(answer.text().len().to_string().as_str()));
        (answer.json(), cloud.seen().0)
    };
    let (answer, target) = ask("gemini-x:countTokens", GEMINI.request);
    assert_eq!((answer, target.ends_with("gemini-x:countTokens")), (json!({"totalTokens": 3}), true));
    let (answer, target) =
        ask("gemini-embedding-001:embedContent", r#"{"content":{"parts":[{"text":"hi"}]}}"#);
    assert_eq!(answer["embedding"]["values"], json!([0.5, -1e-3]));
    assert_eq!(target, format!("{PARENT}/publishers/google/models/gemini-embedding-001:predict"));
}

#[test]
fn clients_of_vertex_ai_are_served_and_kept_in_the_project() {
    let cloud = Cloud::start("");
    let model = "publishers/google/models/gemini-x:generateContent";
    for (path, wanted) in [
        (format!("/v1beta1/{model}"), format!("{PARENT}/{model}")),
        (format!("{PARENT}/{model}"), format!("{PARENT}/{model}")),
        (
            format!("/v1/projects/acme/locations/global/{model}"),
            format!("/v1/projects/acme/locations/global/{model}"),
        ),
    ] {
        let body = r#"{"contents":[{"parts":[{"text":"untouched"}]}]}"#;
        let answer = cloud.stage.post(&format!("/v1/gemini{path}"), body);
        assert_eq!((answer.status, answer.text().as_str()), (200, GEMINI.answer));
        assert_eq!(cloud.seen(), (wanted, body.to_owned()));
    }
    for (path, status, said) in [
        (format!("/v1beta1/projects/other/locations/global/{model}"), 403, "project `other`"),
        ("/v1beta/files/abc".to_owned(), 404, "`files`"),
        ("/v1beta/models/a%2f..%2fb:generateContent".to_owned(), 400, ""),
        ("/v1beta/models/x%3fy:generateContent".to_owned(), 400, ""),
        ("/v1beta/models/evil@host:generateContent%23".to_owned(), 400, ""),
    ] {
        let answer = cloud.stage.post(&format!("/v1/gemini{path}"), GEMINI.request);
        assert_eq!(answer.status, status, "{path} {}", answer.text());
        assert_eq!(answer.json()["error"]["code"], status);
        assert!(answer.text().contains(said), "{}", answer.text());
    }
    // However it is written, a conversation is read.
    let encoded = "publishers/google/models/gemini-x:generate%43ontent";
    cloud.stage.post(&format!("/v1/gemini/v1beta1/{encoded}"), GEMINI.request);
    assert_eq!(cloud.seen().0, format!("{PARENT}/{encoded}"));
    // What is not read may be in any coding, and is sent as it came.
    let headers = [("content-type", "text/plain; charset=latin1"), ("content-encoding", "made-up")];
    let embed = format!("/v1/gemini{PARENT}/publishers/google/models/x:predict");
    assert_eq!(cloud.stage.ask("POST", &embed, &headers, b"not json").status, 200);
    let request = cloud.stage.upstream.next_request(SOON);
    assert_eq!((request.text().as_str(), request.header("content-encoding")), ("not json", Some("made-up")));
    // And its answer flows at once.
    let mut client = cloud.stage.client();
    let path = "/v1/gemini/v1beta1/publishers/anthropic/models/claude-x:streamRawPredict";
    client.request("POST", path, &[], b"{}");
    client.read_body_until(STREAMS[1].events[0].as_bytes(), SOON);
    drop(client);
    cloud.seen();
    let file = r#"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x","mimeType":"image/png"}}]}]}"#;
    let answer = cloud.stage.post(&GEMINI.ours(""), file);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("fileUri"), "{}", answer.text());
    let records = cloud.stage.proxy.wait_records(12, SOON);
    let refused: Vec<_> = records.iter().filter(|record| record["outcome"] == "refused").collect();
    assert_eq!(refused.len(), 6);
    for record in &refused {
        assert_fields(record, &[("upstream_status", serde_json::Value::Null)]);
    }
    assert_eq!(refused[0]["reason"], "not_on_vertex_ai");
    let read = records.iter().filter(|record| record["path"].as_str().unwrap().contains("generate%43ontent"));
    assert_eq!(read.map(|record| &record["route"]).collect::<Vec<_>>(), ["gemini-generate"]);
}

#[test]
fn each_agent_has_its_own_place() {
    let agents = format!(
        "[[agents]]\nid = \"{AGENT_ID}\"\nslug = \"studio\"\nvertex_ai = {{ enabled = false }}\n\
         [[agents]]\nid = \"0198f2a4-0000-7000-8000-0000000000ac\"\nslug = \"far\"\nvertex_ai = {{ project = \"far-away\", location = \"global\" }}\n"
    );
    let cloud = Cloud::start(&agents);
    assert_eq!(cloud.stage.post(&GEMINI.ours("/far"), GEMINI.request).status, 200);
    let place = "/v1beta1/projects/far-away/locations/global";
    assert_eq!(cloud.seen().0, format!("{place}/publishers/google/models/gemini-x:generateContent"));
    // AI Studio is at the same address here, and wants the client's own key.
    let key = [("x-goog-api-key", "theirs")];
    let answer = cloud.stage.ask("POST", &GEMINI.ours("/studio"), &key, GEMINI.request.as_bytes());
    assert_eq!(answer.text(), REFUSED);
    let request = cloud.stage.upstream.next_request(SOON);
    assert_eq!((request.target.as_str(), request.header("x-goog-api-key")), (GEMINI.path, Some("theirs")));
    assert_eq!(request.header("authorization"), None);
    // Other providers are not concerned.
    cloud.stage.ask("POST", &OPENAI.ours(""), &[("authorization", "Bearer k")], OPENAI.request.as_bytes());
    assert_eq!(cloud.stage.upstream.next_request(SOON).header("authorization"), Some("Bearer k"));
}

#[test]
fn a_token_that_is_refused_is_replaced_once_and_the_client_does_not_notice() {
    let cloud = Cloud::start("");
    assert_eq!(cloud.stage.converse(&GEMINI).status, 200);
    cloud.google.revoke_tokens();
    // What was let in until now gets the grace of the fake's clock.
    let fresh = Deadline::after(SOON).poll(|| {
        assert_eq!(cloud.stage.converse(&GEMINI).status, 200);
        (cloud.google.issued() == 2).then_some(())
    });
    assert!(fresh.is_some());
    assert_eq!(cloud.google.most_in_flight(), 1);
    assert_eq!(cloud.google.violations(), Vec::<String>::new());
}

#[test]
fn without_credentials_requests_fail_with_what_to_do_until_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.json");
    let google = Arc::new(FakeGoogle::start());
    let there = Arc::clone(&google);
    let upstream = FakeUpstream::start(move |request| vertex_ai(&there, request));
    let stage = Stage { proxy: serve(&upstream, &file, ""), upstream };
    let answer = stage.converse(&GEMINI);
    assert_eq!(
        (answer.status, &answer.json()["error"]["status"]),
        (503, &json!("UNAVAILABLE")),
        "{}",
        answer.text()
    );
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("does not exist") && !message.contains("credentials.json"), "{message}");
    assert_fields(&stage.record(), &[("reason", "credentials".into()), ("fault", "us".into())]);
    let log = stage.proxy.log();
    assert_eq!(log.matches("does not exist").count(), 1, "{log}");
    assert!(log.contains("credentials.json"), "{log}");
    // Other providers are served, and so is this one as soon as it can be.
    assert_eq!(stage.ask("GET", "/ready", &[], b"").status, 200);
    std::fs::write(&file, google.authorized_user().to_string()).unwrap();
    let served = Deadline::after(Duration::from_secs(30))
        .poll(|| (stage.converse(&GEMINI).status == 200).then_some(()));
    assert!(served.is_some(), "{}", stage.proxy.log());
}

#[test]
fn a_place_that_is_none_stops_the_start() {
    for (name, value, problem) in [
        ("ARCHESTRA_GEMINI_VERTEX_AI_PROJECT", "", "missing, though Vertex AI is enabled"),
        ("ARCHESTRA_GEMINI_VERTEX_AI_LOCATION", "evil.example/", "\"evil.example/\" is no location"),
        ("ARCHESTRA_GEMINI_VERTEX_AI_BASE_URL", "vertex", "has no scheme and host"),
    ] {
        let base = proxy()
            .env("ARCHESTRA_GEMINI_VERTEX_AI_ENABLED", "true")
            .env("ARCHESTRA_GEMINI_VERTEX_AI_PROJECT", "p");
        let (status, log) = base.env(name, value).start_failing(SOON);
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.starts_with(&format!("Error: {name}: ")) && log.contains(problem), "{log}");
    }
}
