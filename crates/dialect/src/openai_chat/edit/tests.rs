//! What goes out of a stream, as the gate has it changed.

mod asking;
mod streams;
mod wholes;

use model::ResponseView;
use serde_json::{Value, json};

use crate::{Dialect, Edit, Editor, OpenAiChat, Piece, Ruling, StreamReader};

type Events = Vec<(Option<Vec<u8>>, Vec<u8>)>;

/// A chunk with this delta.
fn delta(delta: Value) -> String {
    json!({"id": "one", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]})
    .to_string()
}

/// A chunk that stops.
fn stop(reason: &str) -> String {
    json!({"id": "one", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    .to_string()
}

/// A chunk with the start of a call that is called what the marker says, all over.
fn call(index: u64, marker: &str) -> Value {
    json!({"index": index, "id": format!("id_{marker}"), "type": "function",
        "function": {"name": format!("name_{marker}"), "arguments": ""}})
}

fn more(index: u64, arguments: &str) -> Value {
    json!({"index": index, "function": {"arguments": arguments}})
}

fn events(data: &[String]) -> Events {
    let done = std::iter::once(b"[DONE]".to_vec());
    data.iter().map(|data| data.clone().into_bytes()).chain(done).map(|data| (None, data)).collect()
}

/// The events of the stream of a case.
fn fixture(name: &str) -> Events {
    let fixtures = testkit::fixtures("openai-chat");
    let case = fixtures.into_iter().find(|case| case.name.ends_with(name)).unwrap();
    let mut framer = wire::frame::Framer::sse(1 << 20);
    let mut block = framer.push(bytes::Bytes::from(case.response_sse.unwrap()));
    let mut found = Vec::new();
    let mut take = |raw: &[u8]| {
        let event = wire::sse::event(raw);
        found.extend(event.data.map(|data| (event.name.map(<[u8]>::to_vec), data.into_owned())));
    };
    block.events().for_each(&mut take);
    block = framer.finish();
    block.events().for_each(&mut take);
    found
}

/// Reads all events.
fn read(events: &Events) -> Box<dyn StreamReader> {
    let mut reader = OpenAiChat.stream_reader();
    for (name, data) in events {
        assert!(!reader.event(name.as_deref(), data).unreadable, "{}", String::from_utf8_lossy(data));
    }
    reader
}

/// Has an editor take in events, with rulings by position; those from `from` to `to`.
fn feed(
    editor: &mut dyn Editor,
    events: &Events,
    rulings: &[Ruling],
    range: std::ops::Range<usize>,
) -> Events {
    let last = read(events);
    let mut reader = OpenAiChat.stream_reader();
    let mut out = Vec::new();
    for (at, (name, data)) in events.iter().enumerate() {
        let class = reader.event(name.as_deref(), data);
        if !range.contains(&at) {
            continue;
        }
        let mut pieces = Vec::new();
        let event = crate::Event { class: &class, data, name: name.as_deref() };
        editor.event(event, last.view(), rulings, &mut pieces).unwrap();
        out.extend(pieces.into_iter().map(|piece| match piece {
            Piece::AsItCame => (name.clone(), data.clone()),
            Piece::Changed(data) => (name.clone(), data),
            Piece::New { data, name } => (name.map(|name| name.as_bytes().to_vec()), data),
        }));
    }
    out
}

/// All that goes out of a stream.
fn edited(events: &Events, rulings: &[Ruling]) -> Events {
    let mut editor = OpenAiChat.editor();
    feed(editor.as_mut(), events, rulings, 0..events.len())
}

/// Position of the first event that stops.
fn first_stop(events: &Events) -> usize {
    let mut reader = OpenAiChat.stream_reader();
    events.iter().position(|(name, data)| reader.event(name.as_deref(), data).stops).unwrap()
}

fn say(text: &str) -> Ruling {
    Ruling::Say(text.to_owned())
}

fn text_of(events: &Events) -> String {
    events.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned() + "\n").collect()
}

/// Names of the calls.
fn names(view: &ResponseView) -> Vec<&str> {
    view.calls.iter().map(|call| call.name.as_deref().unwrap_or_default()).collect()
}

fn reasons(view: &ResponseView) -> Vec<&str> {
    view.stops.iter().map(|stop| stop.reason.as_str()).collect()
}

/// Puts deltas together as the SDKs do, for one choice: text, role, calls as name, arguments.
fn accumulate(events: &Events) -> (String, String, Vec<(String, String)>) {
    let (mut text, mut role) = (String::new(), String::new());
    let mut calls: Vec<(String, String)> = Vec::new();
    for (_, data) in events.iter().filter(|(_, data)| data != b"[DONE]") {
        let chunk: Value = serde_json::from_slice(data).unwrap();
        for choice in chunk["choices"].as_array().unwrap() {
            let delta = &choice["delta"];
            text += delta["content"].as_str().unwrap_or_default();
            role += delta["role"].as_str().unwrap_or_default();
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
                assert!(index <= calls.len(), "gap before {index}");
                if index == calls.len() {
                    assert!(call["id"].is_string());
                    calls.push(Default::default());
                }
                calls[index].0 += call["function"]["name"].as_str().unwrap_or_default();
                calls[index].1 += call["function"]["arguments"].as_str().unwrap_or_default();
            }
        }
    }
    (text, role, calls)
}
