//! OpenAI's Responses: what is a conversation there, and how its streams break.

use serde_json::{Value, json};
use testkit::{FakeUpstream, Script};

use crate::stage::{SOON, Stage, assert_fields};

const ANSWER: &str = r#"{"id":"resp_1","object":"response","status":"completed","model":"gpt-x","output":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"send","arguments":"{}"}],"usage":{"input_tokens":11,"output_tokens":7}}"#;
const DELTA: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":6,\"output_index\":0,\"item_id\":\"msg_1\",\"content_index\":0,\"delta\":\"lo\"}\n\n";
const COMPLETED: &str = "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":7,\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"model\":\"gpt-x\",\"output\":[],\"usage\":{\"input_tokens\":11,\"output_tokens\":7}}}\n\n";

/// A provider that answers everything with `ANSWER`.
fn stage() -> Stage {
    Stage::new(FakeUpstream::start(|_| Script::json(200, ANSWER)))
}

#[test]
fn b11_a_stored_answer_is_read_again() {
    let stage = stage();
    let asked = [
        ("POST", "/responses", r#"{"model":"gpt-x","input":"hi"}"#),
        ("POST", "/responses/compact", r#"{"model":"gpt-x","input":"hi"}"#),
        ("POST", "/responses/resp_1/cancel", ""),
        ("GET", "/responses/resp_1?include[]=x", ""),
        ("GET", "/responses/resp_1/input_items?limit=2", ""),
        ("GET", "/v1//responses/resp%5F1/", ""),
    ];
    for (method, path, body) in asked {
        let response = stage.ask(method, &format!("/v1/openai{path}"), &[], body.as_bytes());
        assert_eq!((response.status, response.text().as_str()), (200, ANSWER), "{method} {path}");
        let received = stage.upstream.next_request(SOON);
        assert_eq!(
            (received.method.as_str(), received.target.as_str()),
            (method, format!("/v1{path}").as_str())
        );
        assert!(received.body == body.as_bytes(), "{method} {path}");
        // Of an empty body too: servers answer 411 without.
        let length = (method == "POST").then(|| body.len().to_string());
        assert_eq!(received.header("content-length"), length.as_deref(), "{method} {path}");
    }
    for record in stage.proxy.wait_records(asked.len(), SOON) {
        assert_fields(&record, &[("route", "openai-responses".into()), ("tool_calls", 1.into())]);
        assert_fields(&record, &[("input_tokens", 11.into()), ("stop", "completed".into())]);
    }
}

#[test]
fn what_brings_no_output_is_passed_through() {
    let stage = stage();
    let asked = [
        ("DELETE", "/responses/resp_1"),
        ("HEAD", "/responses/resp_1"),
        ("GET", "/responses"),
        ("POST", "/responses/input_tokens"),
        ("POST", "/responses/resp_1"),
        ("GET", "/responses/resp_1/other"),
    ];
    for (method, path) in asked {
        assert_eq!(stage.ask(method, &format!("/v1/openai{path}"), &[], b"").status, 200, "{method} {path}");
    }
    for record in stage.proxy.wait_records(asked.len(), SOON) {
        assert_fields(&record, &[("route", "pass-through".into())]);
    }
}

#[test]
fn an_overridden_method_is_no_way_around_reading_a_stored_answer() {
    let stage = stage();
    let headers = [("x-http-method-override", "GET")];
    let asked = [
        ("POST", "/responses/resp_1"),
        ("PUT", "/responses/resp_1/input_items"),
        ("PUT", "/responses/r/cancel"),
    ];
    for (method, path) in asked {
        assert_eq!(stage.ask(method, &format!("/v1/openai{path}"), &headers, b"").status, 200);
    }
    assert_eq!(stage.ask("PUT", "/v1/openai/responses", &headers, b"{not json").status, 400);
    for record in stage.proxy.wait_records(asked.len() + 1, SOON) {
        assert_fields(&record, &[("route", "openai-responses".into())]);
    }
}

#[test]
fn a_stored_answer_is_streamed_from_where_it_was_left() {
    let whole = [DELTA, COMPLETED].concat();
    let stage =
        Stage::scripted(Script::respond(200, &[("content-type", "text/event-stream")], whole.clone()));
    let response = stage.ask("GET", "/v1/openai/responses/resp_1?stream=true&starting_after=5", &[], b"");
    assert_eq!(response.text(), whole);
    let record = stage.record();
    assert_fields(&record, &[("stream", true.into()), ("stop", "completed".into())]);
    assert_fields(&record, &[("outcome", "completed".into()), ("output_tokens", 7.into())]);
}

#[test]
fn a6_a_broken_stream_ends_in_an_error_that_goes_on_counting() {
    let script = Script::chunked_head(200, &[("content-type", "text/event-stream")]).chunk(DELTA);
    let stage = Stage::scripted(script.close());
    let body = br#"{"model":"gpt-x","input":"hi","stream":true}"#;
    let text = stage.ask("POST", "/v1/openai/responses", &[], body).text();
    let error = text.strip_prefix(DELTA).and_then(|rest| rest.strip_prefix("event: error\ndata: ")).unwrap();
    let error: Value = serde_json::from_str(error.trim_end()).unwrap();
    let message = &error["message"];
    assert_eq!(
        error,
        json!({"type": "error", "sequence_number": 7, "code": "upstream_unavailable", "message": message, "param": null,
            "error": {"type": "server_error", "code": "upstream_unavailable", "message": message, "param": null}})
    );
    assert_fields(&stage.record(), &[("fault", "upstream".into()), ("reason", "answer_broken".into())]);
}

#[test]
fn what_the_provider_keeps_is_known_with_its_agent() {
    let answer = r#"{"id":"resp_kept","object":"response","status":"completed","model":"gpt-x","conversation":{"id":"conv_kept"},"output":[]}"#;
    let stage = Stage::scripted(Script::json(200, answer));
    let refer = |agent: &str, body: &str| {
        assert_eq!(stage.post(&format!("/v1/openai/{agent}/responses"), body).status, 200);
    };
    // Reading what another made does not make it one's own.
    assert_eq!(stage.ask("GET", "/v1/openai/billing/responses/resp_kept", &[], b"").status, 200);
    refer("default", r#"{"model":"gpt-x","input":"hi"}"#);
    refer("default", r#"{"model":"gpt-x","input":"hi","previous_response_id":"resp_kept"}"#);
    refer("default", r#"{"model":"gpt-x","input":"hi","conversation":{"id":"conv_kept"}}"#);
    refer("billing", r#"{"model":"gpt-x","input":"hi","previous_response_id":"resp_kept"}"#);
    refer("default", r#"{"model":"gpt-x","input":"hi","previous_response_id":"resp_of_nobody"}"#);
    let records = stage.proxy.wait_records(6, SOON);
    let seen: Vec<_> = records
        .iter()
        .skip(1)
        .map(|line| (line["references"].clone(), line["unseen_references"].clone()))
        .collect();
    let expected = [(0, 0), (1, 0), (1, 0), (1, 1), (1, 1)].map(|(all, unseen)| (json!(all), json!(unseen)));
    assert_eq!(seen, expected);
}
