//! Every case under `fixtures/`: what each dialect sees in it, and that it sees the same however the bytes arrive.
//!
//! `UPDATE_FIXTURES=1 cargo test -p dialect --test fixtures` writes what is seen to each `view.json`; read the
//! difference before you keep it.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "fixtures/view.rs"]
mod view;

use bytes::Bytes;
use dialect::{AnthropicMessages, Dialect, Framing, GeminiGenerate, OpenAiChat, OpenAiResponses, Target};
use serde_json::{Map, Value, json};
use testkit::{Fixture, fixtures};
use wire::frame::Framer;
use wire::{array, sse};

/// No event of a case is longer.
const EVENT_LIMIT: usize = 1 << 20;

/// All that one pass over a stream brings to light.
#[derive(Debug, PartialEq)]
struct Seen {
    bytes: Vec<u8>,
    finished: bool,
    events: Vec<String>,
    view: Value,
}

#[test]
fn openai_chat_sees_what_the_fixtures_say() {
    check_all(&OpenAiChat);
}

#[test]
fn anthropic_messages_sees_what_the_fixtures_say() {
    check_all(&AnthropicMessages);
}

#[test]
fn gemini_generate_sees_what_the_fixtures_say() {
    check_all(&GeminiGenerate);
}

#[test]
fn openai_responses_sees_what_the_fixtures_say() {
    check_all(&OpenAiResponses);
}

fn check_all(dialect: &dyn Dialect) {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let mut wrong = Vec::new();
    for fixture in fixtures(dialect.name()) {
        let seen = seen(dialect, &fixture);
        if update {
            let text = serde_json::to_string_pretty(&seen).unwrap() + "\n";
            std::fs::write(fixture.folder.join("view.json"), text).unwrap();
            continue;
        }
        let wanted = fixture.view.as_deref().unwrap_or_else(|| panic!("{} has no view.json", fixture.name));
        let wanted: Value = serde_json::from_slice(wanted).unwrap();
        if wanted != seen {
            wrong.push(format!("{}: wanted {wanted:#}\nseen {seen:#}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What `view.json` has for this case.
fn seen(dialect: &dyn Dialect, fixture: &Fixture) -> Value {
    let mut seen = Map::new();
    if let Some(body) = &fixture.request {
        let (method, path, query) = target(fixture);
        let target = Target { method: &method, path: &path, query: &query };
        let view = dialect.read_request(target, body);
        let view = view.unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        seen.insert("request".to_owned(), view::request(&view, body));
    }
    if let Some(body) = &fixture.response_json {
        let view = dialect.read_response(body);
        let view = view.unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        seen.insert("response".to_owned(), view::response(&view));
    }
    for (framing, body) in [(Framing::Sse, &fixture.response_sse), (Framing::Array, &fixture.response_array)]
    {
        let Some(body) = body else { continue };
        let whole = check_cuts(dialect, framing, body, &fixture.name);
        seen.insert("events".to_owned(), json!(whole.events));
        seen.insert("finished".to_owned(), json!(whole.finished));
        seen.insert("response".to_owned(), whole.view);
    }
    assert!(!seen.is_empty(), "{} has neither request nor response", fixture.name);
    Value::Object(seen)
}

/// Method, path and query of `path.txt`, or what a dialect with one path is served at. Without a method it is `POST`.
fn target(fixture: &Fixture) -> (String, String, String) {
    let line = fixture.path.clone().unwrap_or_default();
    let (method, path) = line.split_once(' ').unwrap_or(("POST", &line));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    (method.to_owned(), path.to_owned(), query.to_owned())
}

/// Reads a stream whole, bytewise and cut in two at every byte: all must see the same.
fn check_cuts(dialect: &dyn Dialect, framing: Framing, body: &[u8], name: &str) -> Seen {
    let whole = read(dialect, framing, &[body]);
    assert_eq!(whole.bytes, body, "{name}: other bytes came out");
    let bytewise: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(read(dialect, framing, &bytewise), whole, "{name}: byte by byte");
    for at in 1..body.len() {
        let (head, tail) = body.split_at(at);
        assert_eq!(read(dialect, framing, &[head, tail]), whole, "{name}: cut before byte {at}");
    }
    whole
}

/// Frames and reads a stream as the proxy's gate does.
fn read(dialect: &dyn Dialect, framing: Framing, pieces: &[&[u8]]) -> Seen {
    let mut framer = match framing {
        Framing::Array => Framer::array(EVENT_LIMIT),
        Framing::Sse | Framing::Whole => Framer::sse(EVENT_LIMIT),
    };
    let mut reader = dialect.stream_reader();
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    let mut take = |raw: &[u8]| {
        let class = if framing == Framing::Array {
            let element = array::element(raw);
            (!element.is_empty()).then(|| reader.event(None, element))
        } else {
            let event = sse::event(raw);
            event.data.map(|data| reader.event(event.name, &data))
        };
        events.extend(class.map(|class| view::class(&class)));
    };
    for piece in pieces {
        let block = framer.push(Bytes::copy_from_slice(piece));
        block.events().for_each(&mut take);
        bytes.extend_from_slice(&block.bytes);
    }
    let rest = framer.finish();
    rest.events().for_each(&mut take);
    bytes.extend_from_slice(&rest.bytes);
    Seen { bytes, finished: reader.is_finished(), events, view: view::response(reader.view()) }
}
