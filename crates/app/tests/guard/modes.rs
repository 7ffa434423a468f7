//! Modes: observed only, and not at all.

use serde_json::json;

use crate::stage::{POLICY, SOON, Stage, chat_answer, chat_call, user};

fn stage(mode: &str) -> Stage {
    Stage::new(&POLICY.replace("enforce", mode), |_| {
        chat_answer(None, &[chat_call("c", "danger", r#"{"to":"x"}"#), chat_call("d", "undeclared", "{")])
    })
}

#[test]
fn c20_observing_changes_nothing_and_records_everything() {
    let stage = stage("observe");
    let secret = json!([user("hi"), {"role": "assistant", "content": null, "tool_calls": [chat_call("i", "secret", "{}")]},
        {"role": "tool", "tool_call_id": "i", "content": "HIDDEN"}]);
    let body = crate::stage::chat_request(secret);
    let answer = stage.post(crate::stage::CHAT, &body);
    assert_eq!(answer.json()["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 2);
    assert_eq!(stage.upstream.next_request(SOON).text(), body.to_string());
    let judgement = stage.judgement();
    assert_eq!(judgement["mode"], "observe");
    assert_eq!((&judgement["refused"], &judgement["withheld"]), (&json!(2), &json!(1)), "{judgement:#}");
    assert_eq!(judgement["calls"][0]["why"], "blocked");
    assert_eq!(judgement["calls"][1]["why"], "undeclared");
}

#[test]
fn nothing_is_judged_when_off() {
    let stage = stage("off");
    let answer = stage.chat(json!([user("hi")]));
    assert_eq!(answer.json()["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 2);
    assert!(stage.judgement().is_null());
}
