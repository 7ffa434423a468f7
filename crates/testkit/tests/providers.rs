//! The simulated providers, asked without an SDK.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, FakeUpstream, Response, providers};

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
            assert_eq!(text.contains("\r\n\r\n"), provider == "gemini", "{text}");
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

const PROVIDERS: [&str; 3] = ["anthropic", "gemini", "openai"];

fn ask(provider: &str, model: &str, stream: bool, tools: &Value) -> Response {
    let verb = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    match provider {
        "anthropic" => {
            post("/v1/messages", &json!({"model": model, "messages": [], "stream": stream, "tools": tools}))
        }
        "gemini" => post(&format!("/v1beta/models/{model}:{verb}"), &json!({"contents": [], "tools": tools})),
        _ => post(
            "/v1/chat/completions",
            &json!({"model": model, "messages": [], "stream": stream, "tools": tools}),
        ),
    }
}

fn post(target: &str, body: &Value) -> Response {
    let upstream = FakeUpstream::start(providers::answer);
    let mut client = Client::connect(upstream.address());
    let credentials =
        [("authorization", "Bearer k"), ("x-goog-api-key", "k"), ("anthropic-version", "2023-06-01")];
    client.request("POST", target, &credentials, body.to_string().as_bytes());
    client.read_response(SOON)
}
