//! Streamed answers.

use dialect::{AnthropicMessages, Edit, Event, Piece, Ruling};
use serde_json::json;
use testkit::fixtures;

use crate::client::{accumulate, outline};
use crate::script::{
    MARK, answer, call, call_with, edit, fixture, is_marked, pass, pass_some, pass_until_stop, raw, read,
    say, text, thinking,
};

const KEEP: Ruling = Ruling::Keep;
const DROP: Ruling = Ruling::Drop;

fn say_no() -> Ruling {
    Ruling::Say("\"No\"\n".to_owned())
}

#[test]
fn without_a_ruling_against_it_everything_leaves_as_it_came() {
    for fixture in fixtures("anthropic-messages").iter().filter(|fixture| fixture.response_sse.is_some()) {
        let case = fixture.name.rsplit('/').next().unwrap();
        let mut events = self::fixture(case);
        events.push((None, b"[DONE]".to_vec()));
        events.push((Some(b"later".to_vec()), br#"{"type":"later","index":9}"#.to_vec()));
        let (classes, view, _) = read(&events);
        let rulings = vec![KEEP; view.calls.len()];
        let mut editor = AnthropicMessages.editor();
        for ((name, data), class) in events.iter().zip(&classes) {
            let mut out = Vec::new();
            let event = Event { class, data, name: name.as_deref() };
            editor.event(event, &view, &rulings, &mut out).unwrap();
            assert_eq!(out, [Piece::AsItCame], "{case}: {}", String::from_utf8_lossy(data));
        }
    }
}

#[test]
fn a_refused_call_becomes_text_at_its_index_and_the_turn_ends() {
    let events = answer("msg_1", &[text("Look."), call(MARK)], "tool_use", json!({"output_tokens": 20}));
    let told = edit(&events, &[say_no()]);
    let message = accumulate(&told);
    assert_eq!(outline(&message), ["text Look.", "text \"No\""]);
    assert_eq!(message["content"][1]["text"], "\"No\"\n");
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["usage"]["output_tokens"], 20);
    assert!(!is_marked(&told));
    assert_eq!(told[..6], events[..6], "what came before");
    assert_eq!(told.last(), events.last());
}

#[test]
fn one_of_three_calls_is_refused_wherever_it_stands() {
    for refused in 0..3 {
        for ruling in [DROP, say_no()] {
            let tags: Vec<&str> =
                (0..3).map(|at| if at == refused { MARK } else { ["a", "b", "c"][at] }).collect();
            let blocks: Vec<_> = tags.iter().map(|tag| call(tag)).collect();
            let events = answer("msg_1", &blocks, "tool_use", json!({"output_tokens": 20}));
            let mut rulings = vec![KEEP; 3];
            rulings[refused] = ruling.clone();
            let told = edit(&events, &rulings);
            let message = accumulate(&told);
            let mut wanted: Vec<String> = tags.iter().map(|tag| format!("tool_use f_{tag}")).collect();
            if ruling == DROP {
                wanted.remove(refused);
            } else {
                wanted[refused] = "text \"No\"".to_owned();
            }
            assert_eq!(outline(&message), wanted);
            assert_eq!(message["stop_reason"], "tool_use");
            let left =
                message["content"].as_array().unwrap().iter().find(|block| block["type"] == "tool_use");
            assert_eq!(left.unwrap()["input"]["n"], json!([1, 2]));
            assert!(!is_marked(&told));
        }
    }
}

#[test]
fn all_calls_are_refused_with_thinking_around_them() {
    let call = || call(MARK);
    let blocks = [thinking("one"), call(), thinking("two"), call(), text("Done."), call(), thinking("three")];
    let events = answer("msg_1", &blocks, "tool_use", json!({"output_tokens": 20}));
    let told = edit(&events, &[DROP, say_no(), DROP]);
    let message = accumulate(&told);
    let wanted = ["thinking one", "thinking two", "text \"No\"", "text Done.", "thinking three"];
    assert_eq!(outline(&message), wanted);
    assert_eq!(message["content"][1]["signature"], "two-sig");
    assert_eq!(message["stop_reason"], "end_turn");
    assert!(!is_marked(&told));
    let none = accumulate(&edit(&answer("m", &[call()], "tool_use", json!({"output_tokens": 2})), &[DROP]));
    assert_eq!(none["content"], json!([]));
}

#[test]
fn other_reasons_for_stopping_stay() {
    for reason in ["max_tokens", "refusal", "pause_turn", "end_turn"] {
        let events =
            answer("msg_1", &[call_with(MARK, "{\"a\": \"FORB")], reason, json!({"output_tokens": 20}));
        let told = edit(&events, &[say_no()]);
        assert_eq!(accumulate(&told)["stop_reason"], reason);
        assert!(!is_marked(&told));
    }
}

#[test]
fn only_what_has_to_change_changes() {
    let mut events = fixture("stream-thinking-around-call");
    let told = edit(&events, &[DROP]);
    events.drain(8..12);
    assert_eq!(told.len(), events.len());
    assert_eq!(told[..8], events[..8]);
    for (told, came) in told[8..].iter().zip(&events[8..]) {
        let came = String::from_utf8_lossy(&came.1).replace("\"index\":3", "\"index\":2");
        assert_eq!(String::from_utf8_lossy(&told.1), came.replace("\"tool_use\"", "\"end_turn\""));
    }
}

#[test]
fn calls_in_message_start_are_taken_out_of_it() {
    let events = fixture("stream-call-in-message-start");
    let (classes, ..) = read(&events);
    assert_eq!(classes[0].places.len(), 1);
    let (call, place) = classes[0].places[0];
    let placed = String::from_utf8_lossy(place.of(&events[0].1));
    assert_eq!((call, &*placed), (0, r#"{"type":"tool_use","id":"toolu_p","name":"f","input":{"a":1}}"#));
    let dropped = accumulate(&edit(&events, &[DROP]));
    assert_eq!(outline(&dropped), ["text Hi", "text x"]);
    assert_eq!(dropped["stop_reason"], "end_turn");
    let said = accumulate(&edit(&events, &[say_no()]));
    assert_eq!(outline(&said), ["text Hi", "text \"No\"", "text x"]);
}

#[test]
fn a_refused_hosted_call_takes_its_result_with_it() {
    let events = fixture("stream-hosted-mcp");
    let told = edit(&events, &[DROP, KEEP, say_no()]);
    let message = accumulate(&told);
    let wanted = ["server_tool_use bash_code_execution", "bash_code_execution_tool_result", "text \"No\""];
    assert_eq!(outline(&message), wanted);
    assert!(!told.iter().any(|(_, data)| String::from_utf8_lossy(data).contains("mcptoolu_01")));
    // A hosted call that is left waits for nothing.
    let blocks =
        [vec![json!({"type": "server_tool_use", "id": "s", "name": "web", "input": {}})], call(MARK)];
    let mixed = answer("msg_1", &blocks, "tool_use", json!({"output_tokens": 20}));
    assert_eq!(accumulate(&edit(&mixed, &[KEEP, DROP]))["stop_reason"], "end_turn");
}

#[test]
fn blocks_that_overlap_keep_their_indexes() {
    let mut events =
        answer("msg_1", &[text("ab"), call(MARK), text("cd")], "tool_use", json!({"output_tokens": 9}));
    let late = events.remove(4);
    let start = events.iter().position(|(_, data)| String::from_utf8_lossy(data).contains(MARK)).unwrap();
    events.insert(start + 1, late.clone());
    let told = edit(&events, &[DROP]);
    assert!(told.contains(&late));
    let last = String::from_utf8_lossy(&told[told.len() - 3].1);
    assert_eq!(last, r#"{"index":1,"type":"content_block_stop"}"#);
    assert!(!is_marked(&told));
}

#[test]
fn something_is_said_before_the_end() {
    let events = answer("msg_1", &[text("Look."), call(MARK)], "tool_use", json!({"output_tokens": 20}));
    let (mut editor, mut told) = (AnthropicMessages.editor(), Vec::new());
    let stop = pass_until_stop(editor.as_mut(), &events, &[DROP], &mut told);
    say(editor.as_mut(), "Not allowed.", &mut told);
    say(editor.as_mut(), "Really.", &mut told);
    pass_some(editor.as_mut(), &events, stop..events.len(), &[DROP], &mut told);
    let message = accumulate(&told);
    assert_eq!(outline(&message), ["text Look.", "text Not allowed.", "text Really."]);
    assert_eq!(message["stop_reason"], "end_turn");
    assert!(!is_marked(&told));
}

#[test]
fn only_the_end_stops_the_answer() {
    let events = answer("msg_1", &[text("Look."), call("a")], "tool_use", json!({"output_tokens": 20}));
    let stops: Vec<bool> = read(&events).0.iter().map(|class| class.stops).collect();
    assert_eq!(stops.iter().position(|stops| *stops), Some(events.len() - 2));
    assert!(stops[events.len() - 1]);
    let ping =
        json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": {"output_tokens": 1}});
    assert!(!read(&[raw(&ping)]).0[0].stops);
}

#[test]
fn an_answer_goes_on_twice_and_is_one() {
    let (mut editor, mut told) = (AnthropicMessages.editor(), Vec::new());
    let first =
        answer("msg_1", &[thinking("t"), text("One."), call(MARK)], "tool_use", json!({"output_tokens": 20}));
    let stop = pass_until_stop(editor.as_mut(), &first, &[DROP], &mut told);
    editor.go_on(&first[stop..]);
    let usage = json!({"output_tokens": 7, "input_tokens": 30, "cache_read_input_tokens": null});
    let second = answer("msg_2", &[call(MARK), text("Two.")], "tool_use", usage);
    let stop = pass_until_stop(editor.as_mut(), &second, &[DROP], &mut told);
    editor.go_on(&second[stop..]);
    let blocks = [thinking("u"), call("a"), call(MARK), call("b")];
    let third = answer("msg_3", &blocks, "tool_use", json!({"output_tokens": 5}));
    pass(editor.as_mut(), &third, &[KEEP, say_no(), KEEP], &mut told);
    let message = accumulate(&told);
    let wanted =
        ["thinking t", "text One.", "text Two.", "thinking u", "tool_use f_a", "text \"No\"", "tool_use f_b"];
    assert_eq!(outline(&message), wanted);
    assert_eq!(message["id"], "msg_1");
    assert_eq!(message["stop_reason"], "tool_use");
    let usage = json!({"input_tokens": 50, "cache_read_input_tokens": 9, "output_tokens": 32});
    assert_eq!(message["usage"], usage);
    assert!(!is_marked(&told));
}

#[test]
fn an_answer_that_goes_on_may_begin_with_blocks() {
    let (mut editor, mut told) = (AnthropicMessages.editor(), Vec::new());
    let first = answer("msg_1", &[text("One."), call(MARK)], "tool_use", json!({"output_tokens": 20}));
    let stop = pass_until_stop(editor.as_mut(), &first, &[DROP], &mut told);
    editor.go_on(&first[stop..]);
    pass(editor.as_mut(), &fixture("stream-call-in-message-start"), &[KEEP], &mut told);
    let message = accumulate(&told);
    assert_eq!(outline(&message), ["text One.", "text Hi", "tool_use f", "text x"]);
    assert_eq!(message["content"][2]["input"], json!({"a": 1}));
    assert_eq!(message["usage"]["output_tokens"], 40);
}

#[test]
fn a_second_answer_that_is_all_refused_ends_with_what_was_said() {
    let (mut editor, mut told) = (AnthropicMessages.editor(), Vec::new());
    let first = answer("msg_1", &[call(MARK)], "tool_use", json!({"output_tokens": 20}));
    let stop = pass_until_stop(editor.as_mut(), &first, &[DROP], &mut told);
    editor.go_on(&first[stop..]);
    let second = answer("msg_2", &[text("Two."), call(MARK)], "tool_use", json!({"output_tokens": 1}));
    let stop = pass_until_stop(editor.as_mut(), &second, &[DROP], &mut told);
    say(editor.as_mut(), "No.", &mut told);
    pass_some(editor.as_mut(), &second, stop..second.len(), &[DROP], &mut told);
    let message = accumulate(&told);
    assert_eq!(outline(&message), ["text Two.", "text No."]);
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["usage"]["output_tokens"], 21);
    assert!(!is_marked(&told));
}

#[test]
fn what_cannot_be_read_is_an_error_only_where_it_would_change() {
    let (mut editor, mut out) = (AnthropicMessages.editor(), Vec::new());
    let broken = (None, br#"{"type":"content_block_st"#.to_vec());
    let (classes, view, _) = read(std::slice::from_ref(&broken));
    let event = Event { class: &classes[0], data: &broken.1, name: None };
    editor.event(event, &view, &[], &mut out).unwrap();
    assert_eq!(out, [Piece::AsItCame]);
    pass(editor.as_mut(), &answer("m", &[call(MARK)], "tool_use", json!({})), &[DROP], &mut Vec::new());
    assert!(editor.event(event, &view, &[], &mut out).is_err());
}
