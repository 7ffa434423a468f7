//! What is kept of one answer is bounded when it streams, and what is left out is said; of a whole answer, which is
//! bounded as a body, nothing is left out.

use dialect::{AnthropicMessages, Dialect, GeminiGenerate, OpenAiChat, OpenAiResponses};
use serde_json::{Value, json};

/// More than the calls that are kept of a stream.
const MANY: usize = 1500;
/// More than the arguments that are kept of a stream.
const LONG: usize = 11 << 20;

/// One dialect's way to write calls with these arguments.
struct Shape {
    dialect: &'static dyn Dialect,
    event: fn(usize, &str) -> Value,
    whole: fn(&[Value]) -> Value,
    whole_call: fn(&str) -> Value,
}

const SHAPES: [Shape; 4] = [
    Shape {
        dialect: &OpenAiChat,
        event: |index, text| {
            let function = json!({"name": "f", "arguments": text});
            json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, "function": function}]}}]})
        },
        whole: |calls| json!({"choices": [{"message": {"tool_calls": calls}}]}),
        whole_call: |text| json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": text}}),
    },
    Shape {
        dialect: &AnthropicMessages,
        event: |index, text| {
            let block = json!({"type": "tool_use", "name": "f", "input": {"text": text}});
            json!({"type": "content_block_start", "index": index, "content_block": block})
        },
        whole: |calls| json!({"content": calls}),
        whole_call: |text| json!({"type": "tool_use", "name": "f", "input": {"text": text}}),
    },
    Shape {
        dialect: &GeminiGenerate,
        event: |_, text| {
            let part = json!({"functionCall": {"name": "f", "args": {"text": text}}});
            json!({"candidates": [{"content": {"parts": [part]}}]})
        },
        whole: |calls| json!({"candidates": [{"content": {"parts": calls}}]}),
        whole_call: |text| json!({"functionCall": {"name": "f", "args": {"text": text}}}),
    },
    Shape {
        dialect: &OpenAiResponses,
        event: |index, text| {
            let item = json!({"type": "function_call", "name": "f", "arguments": text});
            json!({"type": "response.output_item.added", "output_index": index, "item": item})
        },
        whole: |calls| json!({"output": calls}),
        whole_call: |text| json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": text}),
    },
];

#[test]
fn a_stream_of_too_many_calls_becomes_unreadable() {
    for Shape { dialect, event, .. } in SHAPES {
        let mut reader = dialect.stream_reader();
        let unreadable: Vec<bool> = (0..MANY)
            .map(|index| reader.event(None, event(index, "").to_string().as_bytes()).unreadable)
            .collect();
        let kept = unreadable.iter().take_while(|unreadable| !**unreadable).count();
        assert!(kept > 0 && kept < MANY, "{}: {kept}", dialect.name());
        assert!(unreadable.iter().skip(kept).all(|unreadable| *unreadable), "{}", dialect.name());
        assert!(reader.view().calls.len() < MANY, "{}", dialect.name());
    }
}

#[test]
fn a_stream_of_too_long_arguments_becomes_unreadable() {
    let text = "x".repeat(LONG / 16);
    for Shape { dialect, event, .. } in SHAPES {
        let mut reader = dialect.stream_reader();
        let last = (0..16).map(|index| reader.event(None, event(index, &text).to_string().as_bytes())).last();
        assert!(last.is_some_and(|class| class.unreadable), "{}", dialect.name());
    }
}

#[test]
fn nothing_is_left_out_of_a_whole_answer() {
    let text = "x".repeat(LONG / MANY);
    for Shape { dialect, whole, whole_call, .. } in SHAPES {
        let calls = vec![whole_call(&text); MANY];
        let view = dialect.read_response(whole(&calls).to_string().as_bytes()).unwrap();
        assert_eq!(view.calls.len(), MANY, "{}", dialect.name());
        let complete =
            view.calls.iter().all(|call| call.arguments.as_ref().is_some_and(|all| all.contains(&text)));
        assert!(complete, "{}", dialect.name());
    }
}

#[test]
fn a_second_message_is_unreadable_whatever_event_brings_it() {
    let message = r#""message":{"content":[{"type":"tool_use","id":"t","name":"f","input":{"a":0}}]}"#;
    for second in
        ["\"type\":\"message_start\"", "\"type\":\"message_delta\"", "\"type\":\"other\"", "\"typo\":1"]
    {
        let mut reader = AnthropicMessages.stream_reader();
        let first = reader.event(None, format!(r#"{{"type":"message_start",{message}}}"#).as_bytes());
        assert!(!first.unreadable && first.calls_ended == [0]);
        let second = reader.event(None, format!("{{{second},{message}}}").as_bytes());
        assert!(second.unreadable, "{second:?}");
    }
}

#[test]
fn arguments_of_an_item_that_is_no_call_are_unreadable() {
    for item in [json!({"id": "fc_1", "name": "send"}), json!({"id": "fc_1", "type": "message"})] {
        for (verb, said) in [("delta", "delta"), ("done", "arguments")] {
            let mut reader = OpenAiResponses.stream_reader();
            let added = json!({"type": "response.output_item.added", "output_index": 0, "item": item});
            let added = reader.event(None, added.to_string().as_bytes());
            assert!(!added.unreadable, "{added:?}");
            let kind = format!("response.function_call_arguments.{verb}");
            let piece = json!({"type": kind, "output_index": 0, "item_id": "fc_1", said: "{}"});
            let piece = reader.event(None, piece.to_string().as_bytes());
            assert!(piece.unreadable, "{item} {verb}: {piece:?}");
        }
    }
}
