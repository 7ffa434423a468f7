//! Answers that came in one piece.

use dialect::{AnthropicMessages, Dialect, Edit, Ruling};
use serde_json::{Value, json};
use testkit::fixtures;

use crate::client::outline;
use crate::script::MARK;

fn case(name: &str) -> Vec<u8> {
    let name = format!("anthropic-messages/{name}");
    let fixture = fixtures("anthropic-messages").into_iter().find(|fixture| fixture.name == name);
    fixture.unwrap().response_json.unwrap()
}

fn say_no() -> Ruling {
    Ruling::Say("\"No\"".to_owned())
}

fn revise(answer: &[u8], rulings: &[Ruling]) -> Value {
    let revised = AnthropicMessages.revise(answer, rulings).unwrap();
    AnthropicMessages.read_response(&revised).unwrap();
    serde_json::from_slice(&revised).unwrap()
}

fn call(tag: &str) -> Value {
    json!({"type": "tool_use", "id": format!("toolu_{tag}"), "name": format!("f_{tag}"), "input": {"t": tag}})
}

fn answer(id: &str, content: &[Value], stop: &str) -> Vec<u8> {
    let usage = json!({"input_tokens": 10, "output_tokens": 5, "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": 2}, "server_tool_use": null});
    let message = json!({"id": id, "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": usage});
    message.to_string().into_bytes()
}

#[test]
fn without_a_ruling_against_it_every_byte_stays() {
    for fixture in fixtures("anthropic-messages") {
        let Some(body) = fixture.response_json else { continue };
        let calls = AnthropicMessages.read_response(&body).unwrap().calls.len();
        let revised = AnthropicMessages.revise(&body, &vec![Ruling::Keep; calls]).unwrap();
        assert_eq!(revised, body, "{}", fixture.name);
    }
}

#[test]
fn any_of_three_calls_is_refused_and_the_array_stays_whole() {
    for refused in 1..8 {
        for ruling in [Ruling::Drop, say_no()] {
            let is_refused = |at: usize| refused >> at & 1 == 1;
            let rulings: Vec<Ruling> =
                (0..3).map(|at| if is_refused(at) { ruling.clone() } else { Ruling::Keep }).collect();
            let calls: Vec<Value> = (0..3).map(|at| call(if is_refused(at) { MARK } else { "ok" })).collect();
            let revised = revise(&answer("m", &calls, "tool_use"), &rulings);
            let mut wanted: Vec<&str> =
                (0..3).map(|at| if is_refused(at) { "text \"No\"" } else { "tool_use f_ok" }).collect();
            if ruling == Ruling::Drop {
                wanted.retain(|block| block.starts_with("tool_use"));
            }
            assert_eq!(outline(&revised), wanted);
            assert_eq!(revised["stop_reason"], if refused == 7 { "end_turn" } else { "tool_use" });
            assert!(!revised.to_string().contains(MARK));
        }
    }
}

#[test]
fn what_stands_around_a_refused_call_keeps_its_bytes() {
    let body = String::from_utf8(case("whole-thinking-and-calls")).unwrap();
    let revised = AnthropicMessages.revise(body.as_bytes(), &[Ruling::Drop, Ruling::Keep]).unwrap();
    let (head, _) = body.split_at(body.find("    {\n      \"type\": \"tool_use\"").unwrap());
    let (_, tail) = body.split_at(body.rfind("    {\n").unwrap());
    assert_eq!(String::from_utf8(revised).unwrap(), [head, tail].concat());
    let escaped = revise(&case("whole-escapes"), &[Ruling::Drop]);
    assert_eq!((&escaped["content"], &escaped["stop_reason"]), (&json!([]), &json!("end_turn")));
    assert_eq!(revise(&case("whole-cut-by-max-tokens"), &[say_no()])["stop_reason"], "max_tokens");
}

#[test]
fn a_refused_hosted_call_takes_its_result_with_it() {
    let revised = revise(&case("whole-hosted"), &[Ruling::Drop, Ruling::Keep]);
    assert_eq!(outline(&revised), ["mcp_tool_use echo", "mcp_tool_result", "text Done."]);
    let revised = revise(&case("whole-hosted"), &[Ruling::Keep, say_no()]);
    assert_eq!(
        outline(&revised),
        ["server_tool_use web_search", "web_search_tool_result", "text \"No\"", "text Done."]
    );
}

#[test]
fn two_answers_become_one() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let first =
        AnthropicMessages.revise(&answer("1", &[text("One."), call(MARK)], "tool_use"), &[Ruling::Drop]);
    let second = answer("2", &[text("Two."), call("a")], "tool_use");
    let joined = AnthropicMessages.join(&first.unwrap(), &second).unwrap();
    let third = AnthropicMessages.join(&joined, &answer("3", &[], "end_turn")).unwrap();
    assert_eq!(AnthropicMessages.read_response(&joined).unwrap().calls.len(), 1);
    let joined: Value = serde_json::from_slice(&joined).unwrap();
    assert_eq!(outline(&joined), ["text One.", "text Two.", "tool_use f_a"]);
    assert_eq!((&joined["id"], &joined["stop_reason"]), (&json!("2"), &json!("tool_use")));
    let third: Value = serde_json::from_slice(&third).unwrap();
    assert_eq!(third["content"], joined["content"]);
    assert_eq!(third["stop_reason"], "end_turn");
    let usage = json!({"input_tokens": 30, "output_tokens": 15, "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": 6}, "server_tool_use": null});
    assert_eq!(third["usage"], usage);
    let empty = answer("0", &[], "end_turn");
    let same = AnthropicMessages.join(&empty, &second).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&same).unwrap()["content"].as_array().unwrap().len(), 2);
    assert!(AnthropicMessages.join(&second, br#"{"type":"error","error":{}}"#).is_err());
}
