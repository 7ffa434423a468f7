//! Telling the model of refusals.

use dialect::{Answer, AnthropicMessages, CannotAsk, Edit, Target};
use serde_json::{Value, json};

use crate::client::accumulate;
use crate::script::{Raw, answer, call, call_with, fixture, text, thinking};

const REQUEST: &str =
    r#"{ "model":"m","messages":[ {"role":"user","content":"Hi"} ] ,"max_tokens":9,"x":1e5,"stream":true}"#;

fn ask(request: &str, answer: Answer<'_>, notices: &[&str]) -> Result<String, CannotAsk> {
    let target = Target { method: "POST", path: "/v1/messages", query: "" };
    let notices: Vec<String> = notices.iter().map(|notice| (*notice).to_owned()).collect();
    let asked = AnthropicMessages.ask_again(target, request.as_bytes(), answer, &notices);
    asked.map(|bytes| String::from_utf8(bytes).unwrap())
}

fn two_calls() -> Vec<Raw> {
    let blocks = [thinking("Hm \"é\""), text("  "), text("Look."), call("a"), call_with("b", "")];
    answer("msg_1", &blocks, "tool_use", json!({"output_tokens": 20}))
}

fn fails(request: &str, events: &[Raw], notices: &[&str]) {
    let asked = ask(request, Answer::Events(events), notices);
    assert!(matches!(asked, Err(CannotAsk::Form(_))), "{asked:?}");
}

#[test]
fn the_request_keeps_its_bytes_and_gets_two_more_turns() {
    let asked = ask(REQUEST, Answer::Events(&two_calls()), &["no \"a\"", "no b"]).unwrap();
    let (head, tail) = REQUEST.split_at(REQUEST.find(" ] ,").unwrap());
    assert!(asked.starts_with(head) && asked.ends_with(tail));
    let request: Value = serde_json::from_str(&asked).unwrap();
    let content = json!([
        {"type": "thinking", "thinking": "Hm \"é\"", "signature": "Hm \"é\"-sig"},
        {"type": "text", "text": "Look."},
        {"type": "tool_use", "id": "toolu_a", "name": "f_a", "input": {"tag": "a", "n": [1, 2]}},
        {"type": "tool_use", "id": "toolu_b", "name": "f_b", "input": {}},
    ]);
    assert_eq!(request["messages"][1], json!({"role": "assistant", "content": content}));
    let results = json!([
        {"type": "tool_result", "tool_use_id": "toolu_a", "content": "no \"a\"", "is_error": true},
        {"type": "tool_result", "tool_use_id": "toolu_b", "content": "no b", "is_error": true},
    ]);
    assert_eq!(request["messages"][2], json!({"role": "user", "content": results}));
    assert_eq!(request["messages"].as_array().unwrap().len(), 3);
    assert!(asked.contains(r#"{"tag": "a", "n": [1, 2]}"#), "arguments as the model wrote them");
}

#[test]
fn whole_and_streamed_answers_make_the_same_request() {
    for events in [two_calls(), fixture("stream-parallel-calls"), fixture("stream-thinking-around-call")] {
        let message = accumulate(&events).to_string();
        let calls =
            message.matches("\"tool_use\",\"").count().max(message.matches("\"type\":\"tool_use\"").count());
        let notices = vec!["no"; calls];
        let whole = ask(REQUEST, Answer::Whole(message.as_bytes()), &notices).unwrap();
        let streamed = ask(REQUEST, Answer::Events(&events), &notices).unwrap();
        let [whole, streamed]: [Value; 2] =
            [whole, streamed].map(|text| serde_json::from_str(&text).unwrap());
        assert_eq!(whole, streamed);
    }
}

#[test]
fn pieces_are_put_together_as_they_are_written() {
    let event = |data: &str| (None, data.as_bytes().to_vec());
    let mut events = two_calls();
    let stop = events.len() - 2;
    let more = [
        r#"{"type":"content_block_start","index":5,"content_block":{"type":"text","text":"a","citations":null}}"#,
        r#"{"type":"content_block_delta","index":5,"delta":{"type":"citations_delta","citation":{"n": 1}}}"#,
        r#"{"type":"content_block_delta","index":5,"delta":{"type":"citations_delta","citation":{"n": 2}}}"#,
        r#"{"type":"content_block_delta","index":5,"delta":{"type":"text_delta","text":"\ud83d"}}"#,
        r#"{"type":"content_block_delta","index":5,"delta":{"type":"text_delta","text":"\ude00\/"}}"#,
        r#"{"type":"content_block_stop","index":5}"#,
        r#"{"type":"content_block_start","index":6,"content_block":{"type":"thinking","thinking":"t"}}"#,
        r#"{"type":"content_block_delta","index":6,"delta":{"type":"signature_delta","signature":"s"}}"#,
        r#"{"type":"content_block_stop","index":6}"#,
        r#"{"type":"content_block_start","index":7,"content_block":{"type":"redacted_thinking","data":"d"}}"#,
        r#"{"type":"content_block_stop","index":7}"#,
    ];
    events.splice(stop..stop, more.map(event));
    let asked = ask(REQUEST, Answer::Events(&events), &["", ""]).unwrap();
    assert!(
        asked.contains(r#",{"type":"text","text":"a\ud83d\ude00\/","citations":[{"n": 1},{"n": 2}]},"#),
        "{asked}"
    );
    assert!(
        asked.contains(r#",{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","#)
    );
}

#[test]
fn what_would_loop_or_be_refused_is_not_asked() {
    let events = two_calls();
    let two = ["a", "b"];
    for choice in [r#"{"type":"any"}"#, r#"{"type":"tool","name":"f"}"#, r#""any""#, "{}"] {
        let request = REQUEST.replace("\"x\":1e5", &format!("\"tool_choice\":{choice}"));
        fails(&request, &events, &two);
    }
    for choice in [r#"{"type":"auto","disable_parallel_tool_use":true}"#, "null"] {
        let request = REQUEST.replace("\"x\":1e5", &format!("\"tool_choice\":{choice}"));
        ask(&request, Answer::Events(&events), &two).unwrap();
    }
    fails(&REQUEST.replace("user", "assistant"), &events, &two);
    fails(r#"{"model":"m","messages":[]}"#, &events, &two);
    fails(REQUEST, &events, &["a"]);
    assert!(matches!(ask("{", Answer::Events(&events), &two), Err(CannotAsk::NotJson(_))));
}

#[test]
fn an_answer_that_cannot_go_back_is_not_asked_about() {
    let answer = |blocks: &[Vec<Value>], stop| answer("m", blocks, stop, json!({"output_tokens": 1}));
    fails(REQUEST, &two_calls()[..two_calls().len() - 1], &["a", "b"]);
    for reason in ["max_tokens", "pause_turn", "refusal", "model_context_window_exceeded"] {
        fails(REQUEST, &answer(&[call("a")], reason), &["a"]);
    }
    for arguments in [r#"{"a":"#, "[1]", "{} {}", "7"] {
        fails(REQUEST, &answer(&[call_with("a", arguments)], "tool_use"), &["a"]);
    }
    fails(REQUEST, &answer(&[text("No call.")], "tool_use"), &[]);
    fails(REQUEST, &answer(&[call("a"), call("a")], "tool_use"), &["a", "a"]);
    fails(
        REQUEST,
        &answer(&[vec![json!({"type": "server_tool_use", "id": "s", "name": "w"})]], "tool_use"),
        &["a"],
    );
    fails(REQUEST, &answer(&[vec![json!({"type": "tool_use", "name": "w"})]], "tool_use"), &["a"]);
    for (caller, is_direct) in [("direct", true), ("code_execution_20260120", false)] {
        let mut blocks = call("a");
        blocks[0]["caller"] = json!({"type": caller});
        let asked = ask(REQUEST, Answer::Events(&answer(&[blocks], "tool_use")), &["a"]);
        assert_eq!(asked.is_ok(), is_direct);
    }
    let odd = vec![json!({"type": "text", "text": ""}), json!({"type": "odd_delta", "odd": 1})];
    fails(REQUEST, &answer(&[odd, call("a")], "tool_use"), &["a"]);
    fails(REQUEST, &fixture("stream-unknown-block"), &[]);
    fails(REQUEST, &fixture("stream-error-within-call"), &["a"]);
}
