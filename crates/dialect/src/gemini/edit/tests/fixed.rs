//! The fixtures, with every call kept and every call refused.

use testkit::{Fixture, fixtures};
use wire::frame::Framer;
use wire::{array, json, sse};

use super::*;

/// The data of a stream's events.
fn events(fixture: &Fixture) -> Vec<Vec<u8>> {
    let (mut framer, body) = match (&fixture.response_sse, &fixture.response_array) {
        (Some(body), _) => (Framer::sse(1 << 20), body),
        (None, Some(body)) => (Framer::array(1 << 20), body),
        (None, None) => return Vec::new(),
    };
    let mut data = Vec::new();
    let is_array = fixture.response_sse.is_none();
    let mut take = |raw: &[u8]| match is_array {
        true => data.extend(Some(array::element(raw).to_vec()).filter(|data| !data.is_empty())),
        false => data.extend(sse::event(raw).data.map(|data| data.into_owned())),
    };
    framer.push(body.clone().into()).events().for_each(&mut take);
    framer.finish().events().for_each(&mut take);
    data
}

/// The answer with one ruling for all calls; what cannot be read is left out.
fn ruled(events: &[Vec<u8>], ruling: &Ruling) -> Vec<Vec<u8>> {
    let (mut reader, mut editor) = (GeminiGenerate.stream_reader(), GeminiGenerate.editor());
    let mut out = Vec::new();
    for data in events {
        let class = reader.event(None, data);
        if class.unreadable && !ruling.keeps() {
            continue;
        }
        let mut pieces = Vec::new();
        let rulings = vec![ruling.clone(); reader.view().calls.len()];
        let event = Event { class: &class, data, name: None };
        editor.event(event, reader.view(), &rulings, &mut pieces).unwrap();
        for piece in pieces {
            out.push(match piece {
                Piece::AsItCame => data.clone(),
                Piece::Changed(data) | Piece::New { data, .. } => {
                    assert!(!ruling.keeps());
                    json::check(&data).unwrap();
                    data
                }
            });
        }
    }
    out
}

fn view(events: &[Vec<u8>]) -> (ResponseView, bool) {
    let mut reader = GeminiGenerate.stream_reader();
    for data in events {
        reader.event(None, data);
    }
    (reader.view().clone(), reader.is_finished())
}

/// Nothing that a call says is in `bytes`, as far as it is long enough to be told from other things.
fn check_gone(calls: &[ToolCall<String>], bytes: &[u8], name: &str) {
    let text = String::from_utf8_lossy(bytes);
    for call in calls {
        for said in
            [&call.id, &call.name, &call.arguments].into_iter().flatten().filter(|said| said.len() > 3)
        {
            assert!(!text.contains(said.as_str()), "{name}: {said} in {text}");
        }
    }
}

#[test]
fn streams() {
    let mut calls = 0;
    for fixture in fixtures("gemini-generate") {
        let events = events(&fixture);
        assert_eq!(ruled(&events, &Ruling::Keep), events, "{}", fixture.name);
        let (before, finished) = view(&events);
        let readable = events.iter().all(|data| json::check(data).is_ok());
        calls += before.calls.len();
        for ruling in [say(), Ruling::Drop] {
            let out = ruled(&events, &ruling);
            let (after, end) = view(&out);
            assert_eq!(after.calls, [], "{}", fixture.name);
            if readable {
                assert_eq!((end, &after.stops), (finished, &before.stops), "{}", fixture.name);
            }
            check_gone(&before.calls, &out.concat(), &fixture.name);
        }
    }
    assert!(calls > 10);
}

#[test]
fn whole_answers() {
    for fixture in fixtures("gemini-generate") {
        let Some(body) = &fixture.response_json else { continue };
        let before = GeminiGenerate.read_response(body).unwrap();
        for ruling in [Ruling::Keep, say(), Ruling::Drop] {
            let out = GeminiGenerate.revise(body, &vec![ruling.clone(); before.calls.len()]).unwrap();
            let after = GeminiGenerate.read_response(&out).unwrap();
            if ruling.keeps() {
                assert_eq!(out, *body);
                continue;
            }
            assert_eq!(after.calls, [], "{}", fixture.name);
            assert_eq!((&after.stops, after.usage), (&before.stops, before.usage), "{}", fixture.name);
            check_gone(&before.calls, &out, &fixture.name);
            let joined = GeminiGenerate.join(&out, &out).unwrap();
            let joined = GeminiGenerate.read_response(&joined).unwrap();
            assert_eq!(joined.usage.input_tokens, before.usage.input_tokens.map(|tokens| tokens * 2));
        }
    }
}
