//! What the official SDKs put together from a stream, and what they expect of it.

use serde_json::{Value, json};

use crate::script::{Raw, read};

/// The message that a client has in the end. Panics where an SDK would, and where our own reader sees something else.
pub fn accumulate(events: &[Raw]) -> Value {
    let mut message = Value::Null;
    let mut arguments: Vec<String> = Vec::new();
    let mut open: Option<usize> = None;
    let mut stopped = false;
    for (name, data) in events {
        let event: Value = serde_json::from_slice(data).unwrap();
        let kind = event["type"].as_str().unwrap();
        assert_eq!(name.as_deref(), Some(kind.as_bytes()), "name of the event");
        let index = event["index"].as_u64().map(|index| usize::try_from(index).unwrap());
        match kind {
            "message_start" => {
                assert!(message.is_null(), "begun twice");
                message = event["message"].clone();
                arguments.resize(message["content"].as_array().unwrap().len(), String::new());
            }
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!((open, index), (None, Some(content.len())), "{event}");
                open = index;
                content.push(event["content_block"].clone());
                arguments.push(String::new());
            }
            "content_block_delta" => {
                assert!(open.is_some() && open == index, "{event}");
                let at = index.unwrap();
                add(&mut message["content"][at], &mut arguments[at], &event["delta"]);
            }
            "content_block_stop" => {
                assert!(open.take() == index, "{event}");
                let at = index.unwrap();
                if !arguments[at].is_empty() {
                    let input = serde_json::from_str(&arguments[at]);
                    message["content"][at]["input"] = input.unwrap_or_else(|_| json!(arguments[at]));
                }
            }
            "message_delta" => {
                assert_eq!(open, None, "stopped within a block");
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                for (name, number) in event["usage"].as_object().unwrap() {
                    if !number.is_null() {
                        message["usage"][name] = number.clone();
                    }
                }
            }
            "message_stop" => stopped = true,
            "ping" => {}
            other => panic!("{other}"),
        }
    }
    assert!(stopped, "never stopped");
    check_reader(events, &message);
    message
}

fn add(block: &mut Value, arguments: &mut String, delta: &Value) {
    let (member, more) = match delta["type"].as_str().unwrap() {
        "input_json_delta" => return arguments.push_str(delta["partial_json"].as_str().unwrap()),
        "citations_delta" => {
            return block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
        }
        "signature_delta" => ("signature", &delta["signature"]),
        "text_delta" => ("text", &delta["text"]),
        "thinking_delta" => ("thinking", &delta["thinking"]),
        other => panic!("{other}"),
    };
    let all = block[member].as_str().unwrap().to_owned() + more.as_str().unwrap();
    block[member] = json!(all);
}

/// Our own reader sees the same calls, reason and usage.
fn check_reader(events: &[Raw], message: &Value) {
    let (classes, view, finished) = read(events);
    assert!(finished && classes.iter().all(|class| !class.unreadable));
    let content = message["content"].as_array().unwrap();
    let is_call = |block: &&Value| block["type"].as_str().unwrap().ends_with("tool_use");
    let names: Vec<&str> =
        content.iter().filter(is_call).map(|block| block["name"].as_str().unwrap()).collect();
    let seen: Vec<&str> = view.calls.iter().map(|call| call.name.as_deref().unwrap()).collect();
    assert_eq!(seen, names);
    assert_eq!(view.stops.last().unwrap().reason, message["stop_reason"]);
    assert_eq!(view.usage.input_tokens, message["usage"]["input_tokens"].as_u64());
    assert_eq!(view.usage.output_tokens, message["usage"]["output_tokens"].as_u64());
    assert_eq!(view.usage.cached_tokens, message["usage"]["cache_read_input_tokens"].as_u64());
}

/// What the blocks of a message are, in one line each: `text Hello`, `tool_use f_a`.
pub fn outline(message: &Value) -> Vec<String> {
    let content = message["content"].as_array().unwrap();
    content
        .iter()
        .map(|block| {
            let kind = block["type"].as_str().unwrap();
            let said = ["text", "thinking", "name"].iter().find_map(|member| block[member].as_str());
            format!("{kind} {}", said.unwrap_or_default()).trim_end().to_owned()
        })
        .collect()
}
