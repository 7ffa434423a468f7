//! The simulated providers, asked without an SDK.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, FakeGoogle, FakeUpstream, Response, providers};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn every_answer_is_json() {
    for provider in PROVIDERS {
        for question in [json!([]), json!([{"name": "get_weather"}])] {
            let response = ask(provider, "m", false, &question);
            assert_eq!((response.status, response.complete), (200, true), "{}", response.text());
            response.json();
        }
    }
}

#[test]
fn every_event_of_every_stream_is_json() {
    for provider in PROVIDERS {
        for (model, tools) in
            [("m", json!([])), ("m", json!([{"name": "get_weather"}])), ("broken-stream", json!([]))]
        {
            let response = ask(provider, model, true, &tools);
            assert!(
                response.complete
                    && response.header("content-type").unwrap().starts_with("text/event-stream")
            );
            let text = response.text();
            let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            assert!(data.len() >= 2, "{text}");
            for data in data.into_iter().filter(|data| *data != "[DONE]") {
                serde_json::from_str::<Value>(data).unwrap();
            }
            assert_eq!(text.contains("\r\n\r\n"), ["gemini", "vertex"].contains(&provider), "{text}");
        }
    }
}

#[test]
fn errors_have_the_status_of_the_model_and_the_shape_of_the_provider() {
    for provider in PROVIDERS {
        let response = ask(provider, "error-429", true, &json!([]));
        assert_eq!(response.status, 429);
        assert_eq!(response.json()["error"]["message"], "simulated error 429");
    }
}

#[test]
fn openai_sends_usage_only_where_it_is_asked_for() {
    let without = ask("openai", "m", true, &json!([]));
    assert!(!without.text().contains(r#""choices":[]"#));
    let body =
        json!({"model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true}});
    let with = post("/v1/chat/completions", &body);
    assert!(with.text().contains(r#""choices":[]"#));
}

#[test]
fn what_is_not_an_api_is_not_found() {
    assert_eq!(post("/v1/openai/chat/completions", &json!({})).status, 404);
}

#[test]
fn a_response_in_the_background_is_there_until_it_is_deleted() {
    let upstream = FakeUpstream::start(providers::simulated());
    let send = |method: &str, target: &str, body: &Value| request(&upstream, method, target, body);
    let input = json!([{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]);
    let begun =
        send("POST", "/v1/responses", &json!({"model": "m", "input": input, "background": true})).json();
    assert_eq!((&begun["status"], &begun["output"]), (&json!("queued"), &json!([])));
    let path = format!("/v1/responses/{}", begun["id"].as_str().unwrap());
    let read = |rest: &str| send("GET", &format!("{path}{rest}"), &Value::Null).json();
    for status in ["in_progress", "completed", "completed"] {
        assert_eq!(read("")["status"], status);
    }
    assert_eq!(read("/input_items")["has_more"], true);
    let last = read("/input_items?after=msg_test_input_0");
    assert_eq!((&last["has_more"], &last["data"][0]["content"]), (&json!(false), &json!("two")));
    let rest = send("GET", &format!("{path}?stream=true&starting_after=4"), &Value::Null).text();
    assert!(rest.contains("\"sequence_number\":5,") && !rest.contains("\"sequence_number\":4,"), "{rest}");
    assert_eq!(send("POST", &format!("{path}/cancel"), &Value::Null).json()["status"], "cancelled");
    assert_eq!(send("DELETE", &path, &Value::Null).json()["deleted"], true);
    assert_eq!(send("GET", &path, &Value::Null).status, 404);
}

#[test]
fn vertex_ai_lets_in_tokens_of_google_only_and_has_its_own_paths_only() {
    let google = Arc::new(FakeGoogle::start());
    let upstream = FakeUpstream::start(providers::vertex_ai(Arc::clone(&google)));
    let listed = "/v1beta1/publishers/google/models";
    assert_eq!(request(&upstream, "GET", listed, &Value::Null).status, 401);
    let mut client = Client::connect(google.host().parse().unwrap());
    let mut credentials = google.authorized_user();
    credentials["grant_type"] = json!("refresh_token");
    client.request("POST", "/token", &[], credentials.to_string().as_bytes());
    let token = client.read_response(SOON).json();
    let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
    for (path, status) in [(listed, 200), ("/v1beta/models", 404)] {
        let mut client = Client::connect(upstream.address());
        client.request("GET", path, &[("authorization", &token)], b"");
        assert_eq!(client.read_response(SOON).status, status, "{path}");
    }
}

const PROVIDERS: [&str; 5] = ["anthropic", "gemini", "openai", "responses", "vertex"];

fn ask(provider: &str, model: &str, stream: bool, tools: &Value) -> Response {
    let verb = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    match provider {
        "anthropic" => {
            post("/v1/messages", &json!({"model": model, "messages": [], "stream": stream, "tools": tools}))
        }
        "gemini" => post(&format!("/v1beta/models/{model}:{verb}"), &json!({"contents": [], "tools": tools})),
        "responses" => {
            post("/v1/responses", &json!({"model": model, "input": [], "stream": stream, "tools": tools}))
        }
        "vertex" => post(
            &format!("/v1beta1/publishers/google/models/{model}:{verb}"),
            &json!({"contents": [], "tools": tools}),
        ),
        _ => post(
            "/v1/chat/completions",
            &json!({"model": model, "messages": [], "stream": stream, "tools": tools}),
        ),
    }
}

fn post(target: &str, body: &Value) -> Response {
    request(&FakeUpstream::start(providers::simulated()), "POST", target, body)
}

fn request(upstream: &FakeUpstream, method: &str, target: &str, body: &Value) -> Response {
    let mut client = Client::connect(upstream.address());
    let credentials =
        [("authorization", "Bearer k"), ("x-goog-api-key", "k"), ("anthropic-version", "2023-06-01")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.request(method, target, &credentials, body.as_bytes());
    client.read_response(SOON)
}
