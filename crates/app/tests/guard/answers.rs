//! Answers in one piece with calls that are refused, in every API.

use serde_json::{Value, json};
use testkit::Script;

use crate::stage::{POLICY, SOON, Stage, chat_answer, chat_call, user};

/// An API: where it is, what is asked, and an answer with these calls.
struct Api {
    path: &'static str,
    request: fn() -> Value,
    answer: fn(&[(&str, &str)]) -> Value,
    /// Names of the calls in an answer, and why it stopped.
    read: fn(&Value) -> (Vec<String>, String),
    /// Why an answer stopped that has no calls.
    plain: &'static str,
    calls: &'static str,
}

fn texts(values: impl IntoIterator<Item = Value>) -> Vec<String> {
    values.into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

const NAMES: [&str; 3] = ["danger", "safe", "read"];

const APIS: [Api; 4] = [
    Api {
        path: "/v1/openai/default/chat/completions",
        request: || crate::stage::chat_request(json!([user("hi")])),
        answer: |calls| {
            let calls: Vec<Value> =
                calls.iter().map(|(name, arguments)| chat_call("id_SECRET", name, arguments)).collect();
            let calls: Vec<Value> = calls
                .into_iter()
                .enumerate()
                .map(|(at, mut call)| {
                    if call["function"]["name"] != "danger" {
                        call["id"] = format!("id_{at}").into();
                    }
                    call
                })
                .collect();
            json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "text", "tool_calls": calls}, "finish_reason": "tool_calls"}]})
        },
        read: |answer| {
            let choice = &answer["choices"][0];
            let names = each(&choice["message"]["tool_calls"]).map(|call| call["function"]["name"].clone());
            (texts(names), choice["finish_reason"].as_str().unwrap().to_owned())
        },
        plain: "stop",
        calls: "tool_calls",
    },
    Api {
        path: "/v1/anthropic/default/v1/messages",
        request: || {
            let tools = NAMES.map(|name| json!({"name": name, "input_schema": {"type": "object"}}));
            json!({"model": "m", "max_tokens": 9, "messages": [user("hi")], "tools": tools})
        },
        answer: |calls| {
            let blocks = calls.iter().enumerate().map(|(at, (name, arguments))| {
                let id = if *name == "danger" { "id_SECRET".to_owned() } else { format!("id_{at}") };
                let input: Value = serde_json::from_str(arguments).unwrap();
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            });
            let content: Vec<Value> =
                std::iter::once(json!({"type": "text", "text": "text"})).chain(blocks).collect();
            json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 4}})
        },
        read: |answer| {
            let calls = each(&answer["content"]).filter(|block| block["type"] == "tool_use");
            (
                texts(calls.map(|call| call["name"].clone())),
                answer["stop_reason"].as_str().unwrap().to_owned(),
            )
        },
        plain: "end_turn",
        calls: "tool_use",
    },
    Api {
        path: "/v1/openai/default/responses",
        request: || {
            let tools =
                NAMES.map(|name| json!({"type": "function", "name": name, "parameters": {"type": "object"}}));
            json!({"model": "m", "input": "hi", "store": false, "tools": tools})
        },
        answer: |calls| {
            let items = calls.iter().enumerate().map(|(at, (name, arguments))| {
                let id = if *name == "danger" { "id_SECRET".to_owned() } else { format!("id_{at}") };
                json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": name, "arguments": arguments, "status": "completed"})
            });
            let said = json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "text", "annotations": []}]});
            let output: Vec<Value> = std::iter::once(said).chain(items).collect();
            json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": output})
        },
        read: |answer| {
            let calls = each(&answer["output"]).filter(|item| item["type"] == "function_call");
            (texts(calls.map(|call| call["name"].clone())), answer["status"].as_str().unwrap().to_owned())
        },
        plain: "completed",
        calls: "completed",
    },
    Api {
        path: "/v1/gemini/default/v1beta/models/m:generateContent",
        request: || {
            let tools = NAMES.map(|name| json!({"name": name}));
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": tools}]})
        },
        answer: |calls| {
            let parts = calls.iter().map(|(name, arguments)| {
                let args: Value = serde_json::from_str(arguments).unwrap();
                json!({"functionCall": {"name": name, "args": args}, "thoughtSignature": "c2ln"})
            });
            let parts: Vec<Value> = std::iter::once(json!({"text": "text"})).chain(parts).collect();
            json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}], "modelVersion": "m"})
        },
        read: |answer| {
            let candidate = &answer["candidates"][0];
            let calls = each(&candidate["content"]["parts"]).filter_map(|part| part.get("functionCall"));
            (
                texts(calls.map(|call| call["name"].clone())),
                candidate["finishReason"].as_str().unwrap().to_owned(),
            )
        },
        plain: "STOP",
        calls: "STOP",
    },
];

const DANGER: (&str, &str) = ("danger", r#"{"to":"SECRET"}"#);
const SAFE: (&str, &str) = ("safe", r#"{"x":1,"note":"kept"}"#);
const READ: (&str, &str) = ("read", r#"{"y":"kept"}"#);

#[test]
fn refused_calls_are_taken_out_and_the_rest_stays() {
    for api in &APIS {
        for (calls, left) in [
            (&[DANGER][..], &[][..]),
            (&[DANGER, SAFE, READ], &["safe", "read"]),
            (&[SAFE, DANGER, READ], &["safe", "read"]),
            (&[SAFE, READ, DANGER], &["safe", "read"]),
            (&[DANGER, DANGER], &[]),
            (&[SAFE, READ], &["safe", "read"]),
        ] {
            let given = (api.answer)(calls).to_string();
            let sent = given.clone();
            let stage = Stage::new(POLICY, move |_| Script::json(200, sent.clone()));
            let answer = stage.post(api.path, &(api.request)());
            let text = answer.text();
            assert_eq!(answer.status, 200, "{text}");
            let (names, stop) = (api.read)(&answer.json());
            assert_eq!(names, left, "{}: {text}", api.path);
            let is_refused = calls.contains(&DANGER);
            let id = answer.header("x-archestra-decision-id").map(str::to_owned);
            let record = stage.proxy.wait_records(1, SOON).remove(0);
            if !is_refused {
                assert_eq!((text, id), (given, None), "{}", api.path);
                continue;
            }
            assert!(!text.contains("SECRET"), "{}: {text}", api.path);
            assert!(
                text.contains(
                    "The call of `danger` was refused by the security policy: a rule blocks it. Never."
                ),
                "{text}"
            );
            assert_eq!(stop, if left.is_empty() { api.plain } else { api.calls }, "{}", api.path);
            let id = id.expect("the head was still open");
            assert!(text.contains(&id), "{id} in {text}");
            let decisions = record["policy"]["calls"].as_array().unwrap();
            assert_eq!(decisions.len(), calls.len(), "{record:#}");
            let refused = decisions.iter().find(|call| call["verdict"] == "refuse").unwrap();
            assert_eq!(
                (&refused["decision"], &refused["why"]),
                (&json!(id), &json!("blocked")),
                "{refused:#}"
            );
            assert!(!record.to_string().contains("SECRET"), "{record:#}");
        }
    }
}

#[test]
fn b9_of_several_choices_only_the_refused_one_changes() {
    let message = |calls: Value| json!({"role": "assistant", "content": null, "tool_calls": calls});
    let choices = json!([
        {"index": 0, "message": message(json!([chat_call("a", "safe", r#"{"x": 1}"#)])), "finish_reason": "tool_calls"},
        {"index": 1, "message": message(json!([chat_call("b", "danger", r#"{"SECRET": 1}"#)])), "finish_reason": "tool_calls"},
    ]);
    let given =
        json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices})
            .to_string();
    let stage = Stage::new(POLICY, move |_| Script::json(200, given.clone()));
    let answer = stage.chat(json!([user("hi")]));
    let read = answer.json();
    assert_eq!(read["choices"][0], choices[0]);
    assert_eq!(read["choices"][1]["finish_reason"], "stop");
    assert!(!answer.text().contains("SECRET"), "{}", answer.text());
}

#[test]
fn an_answer_that_cannot_be_read_is_an_error_of_ours() {
    let stage = Stage::new(POLICY, |_| Script::json(200, r#"{"choices":[{"message":{"tool_calls":[}"#));
    let answer = stage.chat(json!([user("hi")]));
    assert_eq!(answer.status, 502, "{}", answer.text());
    let record = stage.proxy.wait_records(1, SOON).remove(0);
    assert_eq!((&record["reason"], &record["fault"]), (&json!("answer_not_judgeable"), &json!("policy")));
}

#[test]
fn an_answer_without_calls_goes_as_it_came() {
    let stage = Stage::new(POLICY, |_| chat_answer(Some("hello"), &[]));
    let answer = stage.chat(json!([user("hi")]));
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello");
    assert_eq!(answer.header("x-archestra-decision-id"), None);
}
