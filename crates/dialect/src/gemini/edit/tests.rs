//! What clients get of answers that were changed.

mod again;
mod fixed;
mod going_on;
mod streamed;
mod whole;

use model::{ResponseView, ToolCall};
use serde_json::{Value, json};

use crate::edit::{Answer, CannotAsk, Edit, Editor, Event, Piece, Ruling};
use crate::stream::EventClass;
use crate::{Dialect, GeminiGenerate, Target};

/// In arguments, id, name and signature of every call that is refused here.
const MARK: &str = "MARK";

const TARGET: Target<'static> =
    Target { method: "POST", path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent", query: "" };

type Data = (Option<Vec<u8>>, Vec<u8>);

fn call(name: &str) -> String {
    format!(r#"{{"functionCall":{{"name":"{name}","args":{{"q":"{name} é"}},"id":"id-{name}"}}}}"#)
}

fn signed(name: &str) -> String {
    call(name).replacen('{', &format!(r#"{{"thoughtSignature":"c2ln{name}","#), 1)
}

fn text(text: &str) -> String {
    json!({"text": text}).to_string()
}

/// An event as AI Studio sends it.
fn event(parts: &[String], stop: Option<&str>) -> String {
    candidate(parts, stop, 0)
}

fn candidate(parts: &[String], stop: Option<&str>, index: u32) -> String {
    let stop = stop.map(|stop| format!(r#""finishReason":"{stop}","#)).unwrap_or_default();
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{}],"role":"model"}},{stop}"index":{index}}}],"usageMetadata":{{"promptTokenCount":8,"candidatesTokenCount":5,"totalTokenCount":13,"promptTokensDetails":[{{"modality":"TEXT","tokenCount":8}}]}},"modelVersion":"gemini-2.5-flash","responseId":"r-1"}}"#,
        parts.join(",")
    )
}

/// Refuses the calls whose name has the mark.
fn ruling(call: &ToolCall<String>, refusal: &Ruling) -> Ruling {
    let refused = call.name.as_deref().is_none_or(|name| name.contains(MARK));
    if refused { refusal.clone() } else { Ruling::Keep }
}

fn say() -> Ruling {
    Ruling::Say("Refused: \"x\"\n.".to_owned())
}

/// Sends events through an editor; the rulings come with the calls.
fn edit(
    editor: &mut dyn Editor,
    events: &[String],
    rule: &dyn Fn(&ToolCall<String>) -> Ruling,
) -> Vec<Piece> {
    let mut reader = GeminiGenerate.stream_reader();
    let mut out = Vec::new();
    for data in events {
        let class = reader.event(None, data.as_bytes());
        let rulings: Vec<Ruling> = reader.view().calls.iter().map(rule).collect();
        let event = Event { class: &class, data: data.as_bytes(), name: None };
        editor.event(event, reader.view(), &rulings, &mut out).unwrap();
    }
    out
}

/// The same when all is known before the first event goes out.
fn edit_ahead(events: &[String], rule: &dyn Fn(&ToolCall<String>) -> Ruling) -> Vec<Piece> {
    let mut reader = GeminiGenerate.stream_reader();
    let classes: Vec<EventClass> = events.iter().map(|data| reader.event(None, data.as_bytes())).collect();
    let rulings: Vec<Ruling> = reader.view().calls.iter().map(rule).collect();
    let mut editor = GeminiGenerate.editor();
    let mut out = Vec::new();
    for (class, data) in classes.iter().zip(events) {
        let event = Event { class, data: data.as_bytes(), name: None };
        editor.event(event, reader.view(), &rulings, &mut out).unwrap();
    }
    out
}

/// What the client gets when marked calls are refused.
fn changed(events: &[String], refusal: &Ruling) -> Vec<String> {
    let rule = |call: &ToolCall<String>| ruling(call, refusal);
    let pieces = edit(GeminiGenerate.editor().as_mut(), events, &rule);
    let sent = sent(events, pieces);
    assert_eq!(sent, self::sent(events, edit_ahead(events, &rule)), "with all rulings known before");
    for data in &sent {
        assert!(!data.contains(MARK), "{data}");
    }
    sent
}

/// The data that go out. Events that went as they came stand for themselves, which works while none was left out before.
fn sent(events: &[String], pieces: Vec<Piece>) -> Vec<String> {
    let mut unchanged = events.iter().filter(|data| !data.contains(MARK));
    let mut out = Vec::new();
    for piece in pieces {
        out.push(match piece {
            Piece::AsItCame => unchanged.next().unwrap().clone(),
            Piece::Changed(data) | Piece::New { data, .. } => String::from_utf8(data).unwrap(),
        });
    }
    out
}

/// Reads a stream: what it says, and whether it is complete.
fn read(events: &[String]) -> (ResponseView, bool) {
    let mut reader = GeminiGenerate.stream_reader();
    for data in events {
        let class = reader.event(None, data.as_bytes());
        assert!(!class.unreadable, "{data}");
    }
    (reader.view().clone(), reader.is_finished())
}

fn names(view: &ResponseView) -> Vec<&str> {
    view.calls.iter().map(|call| call.name.as_deref().unwrap()).collect()
}

/// All parts of a candidate, as a client puts them together.
fn parts(events: &[String], candidate: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for data in events {
        let chunk: Value = serde_json::from_str(data).unwrap();
        let candidates = chunk["candidates"].as_array().cloned().unwrap_or_default();
        for found in
            candidates.iter().filter(|found| found["index"].as_u64().unwrap_or(0) == candidate as u64)
        {
            let parts = found["content"]["parts"].as_array().cloned().unwrap_or_default();
            // The official SDKs take a content without parts, or an empty part, for an invalid answer.
            assert!(!parts.is_empty() && parts.iter().all(|part| *part != json!({})), "{data}");
            all.extend(parts);
        }
    }
    all
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn data(events: &[String]) -> Vec<Data> {
    events.iter().map(|data| (None, data.clone().into_bytes())).collect()
}
