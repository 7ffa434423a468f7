//! The model is told of refusals and asked again.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, Received, Script, Signal};

use crate::stage::{CHAT, POLICY, SOON, Stage, chat_answer, chat_call, chat_request, user};

fn telling() -> String {
    POLICY.replace("on_refusal: text", "on_refusal: tell_model")
}

/// Tries `danger` this often, then does what it should.
fn stubborn(request: &Received, times: usize) -> Script {
    let told = request.text().matches("Refused by the security policy").count();
    if told < times {
        return chat_answer(
            Some("trying"),
            &[chat_call(&format!("c{told}"), "danger", r#"{"to":"SECRET"}"#)],
        );
    }
    chat_answer(Some("done"), &[chat_call("ok", "safe", r#"{"x":1}"#)])
}

#[test]
fn the_client_gets_one_answer_and_each_question_is_recorded() {
    let stage = Stage::new(&telling(), |request| stubborn(request, 2));
    let answer = stage.chat(json!([user("hi")]));
    let read = answer.json();
    let message = &read["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0]["id"], "ok", "{read:#}");
    assert_eq!(message["tool_calls"].as_array().unwrap().len(), 1);
    assert!(
        message["content"].as_str().unwrap().contains("done") && !answer.text().contains("SECRET"),
        "{read:#}"
    );
    assert_eq!(read["usage"]["total_tokens"], 21);
    let asked = stage.upstream.requests();
    assert_eq!(asked.len(), 3);
    let last: Value = serde_json::from_str(&asked[2].text()).unwrap();
    let roles: Vec<&str> =
        last["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "tool"]);
    assert_eq!(asked[2].header("authorization"), Some("Bearer k"));
    let records = stage.proxy.wait_records(3, SOON);
    let own: Vec<&Value> = records.iter().filter(|record| record["asks_for"].is_null()).collect();
    assert_eq!((own.len(), &own[0]["policy"]["asked_again"]), (1, &json!(2)));
    for record in &records {
        assert_eq!(record["input_tokens"], 3, "{record:#}");
        assert_eq!(record["outcome"], "completed", "{record:#}");
    }
}

#[test]
fn b19_asking_is_capped_and_says_the_same_for_the_same() {
    let stage = Stage::new(&telling(), |request| stubborn(request, usize::MAX));
    let answer = stage.chat(json!([user("hi")]));
    assert!(answer.text().contains("was refused by the security policy"), "{}", answer.text());
    let asked = stage.upstream.requests();
    assert_eq!(asked.len(), 11, "once, and ten times more");
    let last: Value = serde_json::from_str(&asked[10].text()).unwrap();
    let told: Vec<&Value> =
        last["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool").collect();
    assert!(told.iter().all(|message| message["content"] == told[0]["content"]), "{told:#?}");
}

#[test]
fn b12_a_forced_tool_that_is_blocked_is_refused_without_a_loop() {
    let stage = Stage::new(&telling(), |request| stubborn(request, usize::MAX));
    let mut request = chat_request(json!([user("hi")]));
    request["tool_choice"] = json!({"type": "function", "function": {"name": "danger"}});
    let answer = stage.post(CHAT, &request);
    assert!(answer.text().contains("was refused by the security policy"), "{}", answer.text());
    assert_eq!(stage.upstream.requests().len(), 1);
}

#[test]
fn b20_a_provider_that_fails_when_asked_again_leaves_the_refusal() {
    let stage = Stage::new(&telling(), |request| match request.text().contains("Refused by") {
        true => Script::json(429, r#"{"error":{"message":"slow down"}}"#),
        false => stubborn(request, 1),
    });
    let answer = stage.chat(json!([user("hi")]));
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("was refused by the security policy"), "{}", answer.text());
}

/// A streamed answer of OpenAI Chat in two halves.
fn stream(calls: &Value) -> [String; 2] {
    let chunk = |delta: Value, reason: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        format!(
            "data: {}\n\n",
            json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices})
        )
    };
    let first = chunk(json!({"role": "assistant", "content": "trying"}), Value::Null)
        + &chunk(json!({"tool_calls": calls}), Value::Null);
    [first, chunk(json!({}), "tool_calls".into()) + "data: [DONE]\n\n"]
}

fn streamed(name: &str, arguments: &str) -> [String; 2] {
    stream(
        &json!([{"index": 0, "id": name, "type": "function", "function": {"name": name, "arguments": arguments}}]),
    )
}

#[test]
fn a_stream_goes_on_with_the_next_answer() {
    let stage = Stage::new(&telling(), |request| match request.text().contains("Refused by") {
        true => Script::sse(streamed("safe", r#"{"x":1}"#)),
        false => Script::sse(streamed("danger", r#"{"to":"SECRET"}"#)),
    });
    let mut request = chat_request(json!([user("hi")]));
    request["stream"] = true.into();
    let text = stage.post(CHAT, &request).text();
    assert!(!text.contains("SECRET") && text.contains(r#""name":"safe""#), "{text}");
    assert_eq!(text.matches("[DONE]").count(), 1, "{text}");
    assert_eq!(text.matches(r#""finish_reason":"tool_calls""#).count(), 1, "{text}");
    assert_eq!(stage.upstream.requests().len(), 2);
    assert_eq!(stage.proxy.wait_records(2, SOON).len(), 2);
}

#[test]
fn b5_while_a_call_waits_text_flows_and_the_client_is_kept() {
    let go = Signal::new();
    let waits = go.clone();
    let [first, rest] = streamed("safe", r#"{"x":1}"#);
    let more = "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"meanwhile\"}}]}\n\n";
    let script = Script::sse_head().chunk(&first).chunk(more).wait_for(&waits).chunk(&rest).last_chunk();
    let variables = [("ARCHESTRA_LLM_PROXY_STREAM_KEEPALIVE_INTERVAL_MS", "50")];
    let stage = Stage::with(&telling(), "", &variables, move |_| script.clone());
    let mut request = chat_request(json!([user("hi")]));
    request["stream"] = true.into();
    let mut client = Client::connect(stage.proxy.address());
    client.request("POST", CHAT, &[("content-type", "application/json")], request.to_string().as_bytes());
    let before = client.read_body_until(b": keep-alive\n\n", SOON);
    let before = String::from_utf8_lossy(&before).into_owned();
    assert!(
        before.contains("trying") && before.contains("meanwhile") && !before.contains("safe"),
        "{before}"
    );
    client.read_body_until(b": keep-alive\n\n", SOON);
    go.raise();
    let rest = client.read_body_until(b"[DONE]", Duration::from_secs(20));
    assert!(String::from_utf8_lossy(&rest).contains(r#""name":"safe""#));
}
