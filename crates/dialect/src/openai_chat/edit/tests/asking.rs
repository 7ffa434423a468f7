//! Requests made again.

use super::*;
use crate::{Answer, CannotAsk, Target};

const REQUEST: &str = r#"{ "model":"m", "messages": [ {"role":"user","content":"Hi \ud83d\ude00"} ] , "stream":true,"tool_choice":"auto","seed":12345678901234567890123 }"#;

fn ask(request: &str, answer: Answer<'_>, notices: &[&str]) -> Result<Vec<u8>, CannotAsk> {
    let notices: Vec<String> = notices.iter().map(|notice| (*notice).to_owned()).collect();
    let target = Target { method: "POST", path: "/chat/completions", query: "" };
    OpenAiChat.ask_again(target, request.as_bytes(), answer, &notices)
}

/// What was added to the messages.
fn added(request: &[u8]) -> Vec<Value> {
    let (before, after) = REQUEST.split_once("} ]").unwrap();
    let text = std::str::from_utf8(request).unwrap();
    let added =
        text.strip_prefix(&format!("{before}}},")).unwrap().strip_suffix(&format!(" ]{after}")).unwrap();
    serde_json::from_str(&format!("[{added}]")).unwrap()
}

fn thinking() -> Events {
    events(&[
        delta(json!({"role": "assistant", "content": null, "reasoning_content": "Let"})),
        delta(json!({"reasoning_content": " me."})),
        delta(
            json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Let", "id": "r"}]}),
        ),
        delta(
            json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": " me.", "id": "r"}]}),
        ),
        delta(json!({"reasoning_details": [{"type": "reasoning.encrypted", "index": 1, "data": "ZW5j"}]})),
        delta(json!({"content": "I \"look\""})),
        delta(json!({"content": "…\n"})),
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
            "extra_content": {"google": {"thought_signature": "c2ln"}}, "function": {"name": "f", "arguments": ""}}]})),
        delta(
            json!({"tool_calls": [{"index": 1, "id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}}]}),
        ),
        delta(
            json!({"tool_calls": [more(0, "{\"x\":"), {"index": 1, "custom": {"input": "y"}}, more(0, "1}")]}),
        ),
        stop("tool_calls"),
    ])
}

fn thinking_whole() -> Value {
    json!({"role": "assistant", "content": "I \"look\"…\n", "reasoning_content": "Let me.",
        "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Let me.", "id": "r"},
            {"type": "reasoning.encrypted", "index": 1, "data": "ZW5j"}],
        "tool_calls": [
            {"id": "a", "type": "function", "extra_content": {"google": {"thought_signature": "c2ln"}},
                "function": {"name": "f", "arguments": "{\"x\":1}"}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "xy"}}]})
}

fn whole_of(message: Value, reason: &str) -> Vec<u8> {
    json!({"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": reason}]})
        .to_string()
        .into_bytes()
}

#[test]
fn the_turn_is_added_as_the_model_wrote_it() {
    let streamed = ask(REQUEST, Answer::Events(&thinking()), &["No \"f\".", "No g."]).unwrap();
    let wanted = vec![
        thinking_whole(),
        json!({"role": "tool", "tool_call_id": "a", "content": "No \"f\"."}),
        json!({"role": "tool", "tool_call_id": "b", "content": "No g."}),
    ];
    assert_eq!(added(&streamed), wanted);
    let whole = whole_of(thinking_whole(), "tool_calls");
    let whole = ask(REQUEST, Answer::Whole(&whole), &["No \"f\".", "No g."]).unwrap();
    assert_eq!(added(&whole), wanted);
}

#[test]
fn characters_stay_as_they_were_written() {
    let start = r#"{"choices":[{"index":0,"delta":{"content":"\ud83d","tool_calls":[{"id":"a\u0041","function":{"name":"f","arguments":"{\"n\":\"\u00e9\ud83d"}}]},"finish_reason":null}]}"#;
    let end = r#"{"choices":[{"index":0,"delta":{"content":"\ude00","tool_calls":[{"function":{"arguments":"\ude00\"}"}}]},"finish_reason":"tool_calls"}]}"#;
    let out = ask(REQUEST, Answer::Events(&events(&[start.to_owned(), end.to_owned()])), &["No."]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(
        r#",{"role":"assistant","content":"\ud83d\ude00","tool_calls":[{"id":"a\u0041","function":{"name":"f","arguments":"{\"n\":\"\u00e9\ud83d\ude00\"}"}}]},{"role":"tool","tool_call_id":"aA","content":"No."} ] , "#
    ), "{text}");
}

#[test]
fn a_conversation_can_be_asked_again_and_again() {
    let once = ask(REQUEST, Answer::Events(&thinking()), &["No.", "No."]).unwrap();
    let once = String::from_utf8(once).unwrap();
    let twice =
        ask(&once, Answer::Whole(&whole_of(thinking_whole(), "tool_calls")), &["No.", "No."]).unwrap();
    assert_eq!(added(&twice).len(), 6);
}

#[test]
fn every_stream_with_calls_that_can_have_results_can_be_asked_again() {
    for (name, calls) in [
        ("stream-all-index-zero", 3),
        ("stream-arguments-as-object", 1),
        ("stream-custom-tool", 1),
        ("stream-id-and-name-repeated", 1),
        ("stream-legacy-function-call", 1),
        ("stream-no-index-several-in-one", 2),
        ("stream-parallel-interleaved", 2),
        ("stream-reasoning-around-call", 1),
    ] {
        let events = fixture(name);
        let out = ask(REQUEST, Answer::Events(&events), &vec!["No."; calls]).unwrap();
        let target = Target { method: "POST", path: "/chat/completions", query: "" };
        let view = OpenAiChat.read_request(target, &out).unwrap();
        let text = |text: Option<model::Text>| text.map(|text| wire::json::decode(&out, text).into_owned());
        let found: Vec<_> =
            view.calls.iter().map(|c| (text(c.id), text(c.name), text(c.arguments))).collect();
        let said = read(&events);
        let wanted: Vec<_> =
            said.view().calls.iter().map(|c| (c.id.clone(), c.name.clone(), c.arguments.clone())).collect();
        assert_eq!(found, wanted, "{name}");
        assert_eq!(view.results.len(), calls, "{name}");
    }
}

#[test]
fn what_cannot_be_asked_again_is_not() {
    let answer = whole_of(thinking_whole(), "tool_calls");
    let form = |request: &str, answer: &[u8]| {
        let asked = ask(request, Answer::Whole(answer), &["No.", "No."]);
        assert!(matches!(asked, Err(CannotAsk::Form(_))), "{request} {}", String::from_utf8_lossy(answer));
    };
    for other in [
        r#""n":2"#,
        r#""tool_choice":"required""#,
        r#""tool_choice":{"type":"function","function":{"name":"f"}}"#,
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required"}}"#,
        r#""function_call":{"name":"f"}"#,
        r#""messages":[]"#,
    ] {
        form(&format!(r#"{{"messages":[{{"role":"user"}}],{other}}}"#), &answer);
    }
    form(r#"{"messages":[{"role":"user"},{"role":"assistant","content":"Sure"}]}"#, &answer);
    form(r#"{"messages":[]}"#, &answer);
    form("{}", &answer);
    for other in ["length", "content_filter", ""] {
        form(REQUEST, &whole_of(thinking_whole(), other));
    }
    let calls = |calls: Value| whole_of(json!({"tool_calls": calls}), "tool_calls");
    let function = json!({"name": "f", "arguments": "{}"});
    form(REQUEST, &calls(json!([{"id": "a", "function": function}])));
    form(REQUEST, &calls(json!([{"id": "a", "function": function}, {"id": "a", "function": function}])));
    form(REQUEST, &calls(json!([{"id": "a", "function": function}, {"function": function}])));
    form(REQUEST, &calls(json!([{"id": "a", "function": function}, {"id": "b", "type": "mcp", "mcp": {}}])));
    let mut sounding = thinking_whole();
    sounding["audio"] = json!({"id": "x"});
    form(REQUEST, &whole_of(sounding, "tool_calls"));
    let cut = thinking()[..8].to_vec();
    assert!(matches!(ask(REQUEST, Answer::Events(&cut), &["No."]), Err(CannotAsk::Form(_))));
    assert!(matches!(ask("{", Answer::Whole(&answer), &[]), Err(CannotAsk::NotJson(_))));
}

#[test]
fn a_tool_choice_that_leaves_the_choice_is_no_hindrance() {
    let answer = whole_of(thinking_whole(), "tool_calls");
    for other in [
        r#""tool_choice":null"#,
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#,
        r#""n":1"#,
    ] {
        let request = format!(r#"{{"messages":[{{"role":"user"}}],{other}}}"#);
        assert!(ask(&request, Answer::Whole(&answer), &["No.", "No."]).is_ok(), "{other}");
    }
}
