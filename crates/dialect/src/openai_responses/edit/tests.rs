//! Answers are changed as a gate changes them, and read again as a client reads them.

mod ask_again;
mod client;
mod properties;
mod stream;
mod whole;

use model::ResponseView;
use serde_json::{Value, json};

use super::OpenAiResponses;
use crate::{Dialect, Edit, Editor, Event, Piece, Ruling};

/// Name and data.
type Sent = (Option<Vec<u8>>, Vec<u8>);

/// A mark in everything that a call says, which must not go out when it is refused.
const MARK: &str = "SECRET";

/// An answer with these items, streamed as the provider does.
fn stream(id: &str, items: &[Value]) -> Vec<Sent> {
    let mut events = vec![
        json!({"type": "response.created", "response": {"id": id, "status": "in_progress", "output": []}}),
        json!({"type": "response.in_progress", "response": {"id": id, "status": "in_progress", "output": []}}),
    ];
    for (index, item) in items.iter().enumerate() {
        events.extend(events_of(index, item));
    }
    let usage = json!({
        "input_tokens": 40,
        "input_tokens_details": {"cached_tokens": 8},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 52,
    });
    let response = json!({"id": id, "status": "completed", "output": items, "usage": usage});
    events.push(json!({"type": "response.completed", "response": response}));
    number(events)
}

/// The events with names and numbers.
fn number(events: Vec<Value>) -> Vec<Sent> {
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = json!(number);
        (Some(event["type"].as_str().unwrap().as_bytes().to_vec()), event.to_string().into_bytes())
    });
    numbered.collect()
}

fn events_of(index: usize, item: &Value) -> Vec<Value> {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    let piece = |kind: &str, mut more: Value| {
        more["type"] = json!(format!("response.{kind}"));
        more["output_index"] = json!(index);
        more["item_id"] = item["id"].clone();
        more
    };
    let mut middle = Vec::new();
    match item["type"].as_str().unwrap() {
        "message" => {
            begun["content"] = json!([]);
            let part = &item["content"][0];
            let empty = json!({"type": "output_text", "text": "", "annotations": []});
            middle.push(piece("content_part.added", json!({"content_index": 0, "part": empty})));
            middle.push(piece("output_text.delta", json!({"content_index": 0, "delta": part["text"]})));
            middle.push(piece("output_text.done", json!({"content_index": 0, "text": part["text"]})));
            middle.push(piece("content_part.done", json!({"content_index": 0, "part": part})));
        }
        "function_call" => {
            begun["arguments"] = json!("");
            let arguments = item["arguments"].as_str().unwrap();
            let (head, tail) = arguments.split_at(arguments.len() / 2);
            middle.push(piece("function_call_arguments.delta", json!({"delta": head})));
            middle.push(piece("function_call_arguments.delta", json!({"delta": tail})));
            middle.push(piece("function_call_arguments.done", json!({"arguments": arguments})));
        }
        _ => {}
    }
    let mut events =
        vec![json!({"type": "response.output_item.added", "output_index": index, "item": begun})];
    events.extend(middle);
    events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    events
}

fn message(id: &str, text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    json!({"id": id, "type": "message", "role": "assistant", "status": "completed", "content": [part]})
}

fn reasoning(id: &str) -> Value {
    json!({"id": id, "type": "reasoning", "summary": [], "encrypted_content": "gAAAAABm+/=="})
}

/// A call whose every word has the mark.
fn call(name: &str) -> Value {
    json!({
        "id": format!("fc_{MARK}_{name}"),
        "type": "function_call",
        "call_id": format!("call_{MARK}_{name}"),
        "name": format!("{MARK}_{name}"),
        "arguments": json!({"to": format!("{MARK}_{name}")}).to_string(),
        "status": "completed",
    })
}

fn say(text: &str) -> Ruling {
    Ruling::Say(text.to_owned())
}

/// A client and a gate in front of it.
struct Gate {
    editor: Box<dyn Editor>,
    pieces: Vec<Piece>,
    sent: Vec<Sent>,
}

impl Gate {
    fn new() -> Self {
        Self { editor: OpenAiResponses.editor(), pieces: Vec::new(), sent: Vec::new() }
    }

    /// Passes an answer on; with `withhold`, only what comes before its end. The rest is given back.
    fn pass(&mut self, events: &[Sent], rulings: &[Ruling], withhold: bool) -> Vec<Sent> {
        let mut reader = OpenAiResponses.stream_reader();
        let read = events.iter().map(|(name, data)| reader.event(name.as_deref(), data));
        let classes: Vec<_> = read.collect();
        let view: &ResponseView = reader.view();
        for (at, (class, (name, data))) in classes.iter().zip(events).enumerate() {
            if withhold && class.stops {
                return events[at..].to_vec();
            }
            let event = Event { class, data, name: name.as_deref() };
            let mut out = Vec::new();
            self.editor.event(event, view, rulings, &mut out).unwrap();
            self.take(out, Some((name, data)));
        }
        Vec::new()
    }

    fn say(&mut self, text: &str) {
        let mut out = Vec::new();
        self.editor.say(0, text, &mut out);
        self.take(out, None);
    }

    fn take(&mut self, out: Vec<Piece>, came: Option<(&Option<Vec<u8>>, &Vec<u8>)>) {
        for piece in out {
            self.sent.push(match &piece {
                Piece::AsItCame => (came.unwrap().0.clone(), came.unwrap().1.clone()),
                Piece::Changed(data) => (came.unwrap().0.clone(), data.clone()),
                Piece::New { data, name } => (name.map(|name| name.as_bytes().to_vec()), data.clone()),
            });
            self.pieces.push(piece);
        }
    }

    /// All that went out.
    fn text(&self) -> String {
        let data = self.sent.iter().map(|(_, data)| String::from_utf8(data.clone()).unwrap());
        data.collect::<Vec<_>>().join("\n")
    }
}

/// What our own reader sees in it.
fn view(events: &[Sent]) -> ResponseView {
    let mut reader = OpenAiResponses.stream_reader();
    for (name, data) in events {
        let class = reader.event(name.as_deref(), data);
        assert!(!class.unreadable, "{}", String::from_utf8_lossy(data));
    }
    assert!(reader.is_finished());
    reader.view().clone()
}

/// The events of a fixture.
fn fixture(name: &str) -> Vec<Sent> {
    let fixture =
        testkit::fixtures("openai-responses").into_iter().find(|it| it.name.ends_with(name)).unwrap();
    events(&fixture.response_sse.unwrap())
}

fn events(body: &[u8]) -> Vec<Sent> {
    let mut framer = wire::frame::Framer::sse(1 << 20);
    let mut events = Vec::new();
    let mut take = |raw: &[u8]| {
        let event = wire::sse::event(raw);
        events.extend(event.data.map(|data| (event.name.map(<[u8]>::to_vec), data.to_vec())));
    };
    framer.push(bytes::Bytes::copy_from_slice(body)).events().for_each(&mut take);
    framer.finish().events().for_each(&mut take);
    events
}
