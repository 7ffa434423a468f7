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

#[test]
fn c16_a_tool_that_is_declared_otherwise_is_told() {
    let stage = Stage::new(POLICY, |_| chat_answer(None, &[chat_call("c", "safe", r#"{"x":1}"#)]));
    let mut request = crate::stage::chat_request(json!([user("hi")]));
    let mut call = |description: &str, before: usize| {
        request["tools"][1]["function"]["description"] = description.into();
        stage.post(crate::stage::CHAT, &request);
        let policy = stage.proxy.wait_records(before + 1, SOON).remove(before)["policy"].take();
        let call = &policy["calls"][0];
        (policy["changed"].clone(), call["changed"].clone(), call["declaration"].as_str().map(str::len))
    };
    assert_eq!(call("Does no harm.", 0), (json!(0), json!(null), Some(32)));
    assert_eq!(call("Does no harm.", 1), (json!(0), json!(null), Some(32)));
    assert_eq!(call("Does harm.", 2), (json!(1), json!(true), Some(32)));
    assert_eq!(call("Does harm.", 3), (json!(0), json!(null), Some(32)));
}
