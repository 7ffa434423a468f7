//! Answers as the provider streams them, and what the gate makes of them.

use dialect::{AnthropicMessages, Dialect, Edit, Editor, Event, EventClass, Piece, Ruling};
use model::ResponseView;
use serde_json::{Value, json};
use testkit::fixtures;
use wire::sse;

/// Name and data of an event.
pub type Raw = (Option<Vec<u8>>, Vec<u8>);

/// Stands in the id, the name and the arguments of every call of [`call`] that is to be refused.
pub const MARK: &str = "FORBIDDEN";

/// The events of a case under `fixtures/`.
pub fn fixture(case: &str) -> Vec<Raw> {
    let name = format!("anthropic-messages/{case}");
    let fixture = fixtures("anthropic-messages").into_iter().find(|fixture| fixture.name == name).unwrap();
    let mut framer = wire::frame::Framer::sse(1 << 20);
    let mut events = Vec::new();
    let mut take = |raw: &[u8]| {
        let event = sse::event(raw);
        events.extend(event.data.map(|data| (event.name.map(<[u8]>::to_vec), data.to_vec())));
    };
    framer.push(fixture.response_sse.unwrap().into()).events().for_each(&mut take);
    framer.finish().events().for_each(&mut take);
    events
}

/// An answer of these blocks; `usage` is said at its end.
pub fn answer(id: &str, blocks: &[Vec<Value>], stop: &str, usage: Value) -> Vec<Raw> {
    let message = json!({"id": id, "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 3, "output_tokens": 1}});
    let mut events = vec![json!({"type": "message_start", "message": message}), json!({"type": "ping"})];
    for (index, pieces) in blocks.iter().enumerate() {
        let (block, deltas) = pieces.split_first().unwrap();
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": usage}));
    events.push(json!({"type": "message_stop"}));
    events.iter().map(raw).collect()
}

/// A text block.
pub fn text(words: &str) -> Vec<Value> {
    let (head, tail) = words.split_at(words.len() / 2);
    let mut pieces = vec![json!({"type": "text", "text": ""})];
    pieces.extend([head, tail].map(|piece| json!({"type": "text_delta", "text": piece})));
    pieces
}

/// A thinking block, its signature in two pieces.
pub fn thinking(words: &str) -> Vec<Value> {
    vec![
        json!({"type": "thinking", "thinking": "", "signature": ""}),
        json!({"type": "thinking_delta", "thinking": words}),
        json!({"type": "signature_delta", "signature": format!("{words}-sig")}),
    ]
}

/// A call; `tag` stands in its id, its name and its arguments.
pub fn call(tag: &str) -> Vec<Value> {
    call_with(tag, &format!(r#"{{"tag": "{tag}", "n": [1, 2]}}"#))
}

/// A call with these arguments.
pub fn call_with(tag: &str, arguments: &str) -> Vec<Value> {
    let mut pieces = vec![
        json!({"type": "tool_use", "id": format!("toolu_{tag}"), "name": format!("f_{tag}"), "input": {}}),
        json!({"type": "input_json_delta", "partial_json": ""}),
    ];
    let characters: Vec<char> = arguments.chars().collect();
    for piece in characters.chunks(4) {
        pieces.push(json!({"type": "input_json_delta", "partial_json": piece.iter().collect::<String>()}));
    }
    pieces
}

/// An event with its name.
pub fn raw(event: &Value) -> Raw {
    (event["type"].as_str().map(|name| name.as_bytes().to_vec()), event.to_string().into_bytes())
}

/// What the reader says of each event, and of the answer.
pub fn read(events: &[Raw]) -> (Vec<EventClass>, ResponseView, bool) {
    let mut reader = AnthropicMessages.stream_reader();
    let classes = events.iter().map(|(name, data)| reader.event(name.as_deref(), data)).collect();
    (classes, reader.view().clone(), reader.is_finished())
}

/// The answer with these rulings.
pub fn edit(events: &[Raw], rulings: &[Ruling]) -> Vec<Raw> {
    let mut editor = AnthropicMessages.editor();
    let mut told = Vec::new();
    pass(editor.as_mut(), events, rulings, &mut told);
    told
}

/// Passes all events through the editor.
pub fn pass(editor: &mut dyn Editor, events: &[Raw], rulings: &[Ruling], told: &mut Vec<Raw>) {
    pass_some(editor, events, 0..events.len(), rulings, told);
}

/// Passes the events up to the first one that stops the answer; how many these are.
pub fn pass_until_stop(
    editor: &mut dyn Editor,
    events: &[Raw],
    rulings: &[Ruling],
    told: &mut Vec<Raw>,
) -> usize {
    let stop = read(events).0.iter().position(|class| class.stops).unwrap();
    pass_some(editor, events, 0..stop, rulings, told);
    stop
}

/// Passes some of the events of an answer.
pub fn pass_some(
    editor: &mut dyn Editor,
    events: &[Raw],
    some: std::ops::Range<usize>,
    rulings: &[Ruling],
    told: &mut Vec<Raw>,
) {
    let (classes, view, _) = read(events);
    for at in some {
        let (name, data) = &events[at];
        let event = Event { class: &classes[at], data, name: name.as_deref() };
        let mut out = Vec::new();
        editor.event(event, &view, rulings, &mut out).unwrap();
        tell(Some(&events[at]), out, told);
    }
}

/// Says something.
pub fn say(editor: &mut dyn Editor, text: &str, told: &mut Vec<Raw>) {
    let mut out = Vec::new();
    editor.say(0, text, &mut out);
    tell(None, out, told);
}

fn tell(came: Option<&Raw>, out: Vec<Piece>, told: &mut Vec<Raw>) {
    told.extend(out.into_iter().map(|piece| match piece {
        Piece::AsItCame => came.unwrap().clone(),
        Piece::Changed(data) => {
            assert_ne!(data, came.unwrap().1, "changed into the same");
            (came.unwrap().0.clone(), data)
        }
        Piece::New { data, name } => (name.map(|name| name.as_bytes().to_vec()), data),
    }));
}

/// Whether the marker of refused calls is anywhere.
pub fn is_marked(events: &[Raw]) -> bool {
    events.iter().any(|(_, data)| String::from_utf8_lossy(data).contains(MARK))
}
