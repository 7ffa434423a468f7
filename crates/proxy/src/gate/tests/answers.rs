//! Streamed answers of every API, made of the same pieces.

use serde_json::{Value, json};

/// A piece of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// A call: id, name, arguments.
    Call(&'static str, &'static str, &'static str),
    Text(&'static str),
    /// Reasoning with a signature.
    Thought(&'static str),
}

use Piece::{Call, Text, Thought};

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Done,
    /// Cut off by the limit of tokens.
    Cut,
}

fn sse(events: &[(Option<&str>, Value)]) -> Vec<u8> {
    let mut out = String::new();
    for (name, data) in events {
        if let Some(name) = name {
            out.push_str(&format!("event: {name}\n"));
        }
        out.push_str(&format!("data: {data}\n\n"));
    }
    out.into_bytes()
}

fn has_calls(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece, Call(..)))
}

/// The halves of a text, so that every one comes in pieces.
fn halves(text: &str) -> [&str; 2] {
    let middle = text.floor_char_boundary(text.len() / 2);
    [&text[..middle], &text[middle..]]
}

pub(super) fn chat(pieces: &[Piece], end: End) -> Vec<u8> {
    let chunk = |delta: Value, reason: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        (
            None,
            json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}),
        )
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
    let mut index = 0;
    for piece in pieces {
        match piece {
            Text(text) => events.extend(halves(text).map(|half| chunk(json!({"content": half}), None))),
            Thought(text) => {
                events.extend(halves(text).map(|half| chunk(json!({"reasoning_content": half}), None)));
            }
            Call(id, name, arguments) => {
                let function = json!({"name": name, "arguments": ""});
                let first = json!({"index": index, "id": id, "type": "function", "function": function});
                events.push(chunk(json!({"tool_calls": [first]}), None));
                events.extend(halves(arguments).map(|half| {
                    let part = json!({"index": index, "function": {"arguments": half}});
                    chunk(json!({"tool_calls": [part]}), None)
                }));
                index += 1;
            }
        }
    }
    let reason = match end {
        End::Cut => "length",
        End::Done if has_calls(pieces) => "tool_calls",
        End::Done => "stop",
    };
    events.push(chunk(json!({}), Some(reason)));
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7});
    events.push((None, json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage})));
    let mut out = sse(&events);
    out.extend_from_slice(b"data: [DONE]\n\n");
    out
}

pub(super) fn messages(pieces: &[Piece], end: End) -> Vec<u8> {
    let event = |kind: &'static str, mut data: Value| {
        data["type"] = kind.into();
        (Some(kind), data)
    };
    let usage = json!({"input_tokens": 3, "output_tokens": 1});
    let message = json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null, "usage": usage});
    let mut events = vec![event("message_start", json!({"message": message})), event("ping", json!({}))];
    for (index, piece) in pieces.iter().enumerate() {
        let (block, deltas) = match piece {
            Text(text) => (
                json!({"type": "text", "text": ""}),
                halves(text).map(|half| json!({"type": "text_delta", "text": half})).to_vec(),
            ),
            Thought(text) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![
                    json!({"type": "thinking_delta", "thinking": text}),
                    json!({"type": "signature_delta", "signature": "c2ln"}),
                ],
            ),
            Call(id, name, arguments) => (
                json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                halves(arguments)
                    .map(|half| json!({"type": "input_json_delta", "partial_json": half}))
                    .to_vec(),
            ),
        };
        events.push(event("content_block_start", json!({"index": index, "content_block": block})));
        let delta = |delta| event("content_block_delta", json!({"index": index, "delta": delta}));
        events.extend(deltas.into_iter().map(delta));
        events.push(event("content_block_stop", json!({"index": index})));
    }
    let reason = match end {
        End::Cut => "max_tokens",
        End::Done if has_calls(pieces) => "tool_use",
        End::Done => "end_turn",
    };
    let delta =
        json!({"delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 4}});
    events.push(event("message_delta", delta));
    events.push(event("message_stop", json!({})));
    sse(&events)
}

/// Arguments stand in them as they are given, also if they are no JSON.
fn contents(pieces: &[Piece], end: End) -> Vec<String> {
    let (mut chunks, mut raw) = (Vec::<Value>::new(), Vec::new());
    for piece in pieces {
        let parts = match piece {
            Text(text) => halves(text).map(|half| json!({"text": half})).to_vec(),
            Thought(text) => vec![json!({"text": text, "thought": true})],
            Call(id, name, arguments) => {
                raw.push((format!("\"args of {id}\""), (*arguments).to_owned()));
                let call = json!({"id": id, "name": name, "args": format!("args of {id}")});
                vec![json!({"functionCall": call, "thoughtSignature": "c2ln"})]
            }
        };
        chunks.extend(parts.into_iter().map(|part| {
            json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}], "modelVersion": "m", "responseId": "r1"})
        }));
    }
    let reason = if end == End::Cut { "MAX_TOKENS" } else { "STOP" };
    if let Some(last) = chunks.last_mut() {
        last["candidates"][0]["finishReason"] = reason.into();
        last["usageMetadata"] =
            json!({"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7});
    }
    let text =
        |chunk: Value| raw.iter().fold(chunk.to_string(), |text, (place, raw)| text.replace(place, raw));
    chunks.into_iter().map(text).collect()
}

pub(super) fn gemini(pieces: &[Piece], end: End) -> Vec<u8> {
    contents(pieces, end)
        .iter()
        .map(|chunk| format!("data: {chunk}\r\n\r\n"))
        .collect::<String>()
        .into_bytes()
}

pub(super) fn gemini_array(pieces: &[Piece], end: End) -> Vec<u8> {
    format!("[{}\n]", contents(pieces, end).join(",\r\n")).into_bytes()
}

pub(super) fn responses(pieces: &[Piece], end: End) -> Vec<u8> {
    let mut events: Vec<(Option<&str>, Value)> = Vec::new();
    let mut output: Vec<Value> = Vec::new();
    let mut add = |kind: &'static str, mut data: Value| {
        data["type"] = kind.into();
        data["sequence_number"] = events.len().into();
        events.push((Some(kind), data));
    };
    let response = |status: &str, output: &[Value], details: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "error": null,
            "incomplete_details": details, "output": output, "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}})
    };
    add("response.created", json!({"response": response("in_progress", &[], Value::Null)}));
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Text(text) => {
                let part = json!({"type": "output_text", "text": text, "annotations": []});
                let item = |status: &str, content: Value| json!({"id": format!("msg_{index}"), "type": "message", "role": "assistant", "status": status, "content": content});
                let place =
                    json!({"output_index": index, "content_index": 0, "item_id": format!("msg_{index}")});
                let with = |name: &str, value: Value| {
                    let mut data = place.clone();
                    data[name] = value;
                    data
                };
                let empty = json!({"type": "output_text", "text": "", "annotations": []});
                add(
                    "response.output_item.added",
                    json!({"output_index": index, "item": item("in_progress", json!([]))}),
                );
                add("response.content_part.added", with("part", empty));
                for half in halves(text) {
                    add("response.output_text.delta", with("delta", half.into()));
                }
                add("response.output_text.done", with("text", (*text).into()));
                add("response.content_part.done", with("part", part.clone()));
                let done = item("completed", json!([part]));
                add("response.output_item.done", json!({"output_index": index, "item": done}));
                output.push(done);
            }
            Thought(text) => {
                let item = json!({"id": format!("rs_{index}"), "type": "reasoning", "summary": [{"type": "summary_text", "text": text}], "encrypted_content": "c2ln"});
                add("response.output_item.added", json!({"output_index": index, "item": item}));
                add("response.output_item.done", json!({"output_index": index, "item": item}));
                output.push(item);
            }
            Call(id, name, arguments) => {
                let item = |status: &str, arguments: &str| json!({"id": format!("fc_{id}"), "type": "function_call", "status": status, "call_id": id, "name": name, "arguments": arguments});
                let place = |name: &str, value: &str| json!({"output_index": index, "item_id": format!("fc_{id}"), name: value});
                add(
                    "response.output_item.added",
                    json!({"output_index": index, "item": item("in_progress", "")}),
                );
                for half in halves(arguments) {
                    add("response.function_call_arguments.delta", place("delta", half));
                }
                add("response.function_call_arguments.done", place("arguments", arguments));
                let status = if end == End::Cut { "incomplete" } else { "completed" };
                let done = item(status, arguments);
                add("response.output_item.done", json!({"output_index": index, "item": done}));
                output.push(done);
            }
        }
    }
    if end == End::Cut {
        let details = json!({"reason": "max_output_tokens"});
        add("response.incomplete", json!({"response": response("incomplete", &output, details)}));
    } else {
        add("response.completed", json!({"response": response("completed", &output, Value::Null)}));
    }
    sse(&events)
}
