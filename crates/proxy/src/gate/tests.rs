//! Every streaming case under `fixtures/` through the gate, cut and broken off at every byte.

mod answers;
mod carriers;
mod refusals;

use bytes::Bytes;
use dialect::{
    AnthropicMessages, Dialect, ErrorKind, ErrorReply, Framing, GeminiGenerate, OpenAiChat, OpenAiResponses,
};
use serde_json::Value;
use testkit::fixtures;
use wire::frame::Framer;
use wire::sse;

use super::Gate;

const DIALECTS: [&dyn Dialect; 4] = [&AnthropicMessages, &GeminiGenerate, &OpenAiChat, &OpenAiResponses];
const ERROR: ErrorReply<'static> = ErrorReply {
    kind: ErrorKind::UpstreamUnavailable,
    message: "The provider broke off its answer.",
    request_id: "0198f2a4-0000-7000-8000-000000000002",
    status: 502,
};
/// No event of a case is longer.
const LIMIT: usize = 1 << 20;

/// One streamed answer.
struct Case {
    body: Bytes,
    dialect: &'static dyn Dialect,
    framing: Framing,
    name: String,
}

impl Case {
    fn gate(&self) -> Gate {
        Gate::new(self.dialect, self.framing, LIMIT)
    }

    /// What goes out, and the gate, after all of the answer came in these pieces and the provider ended it.
    fn relay(&self, pieces: impl IntoIterator<Item = Bytes>) -> (Vec<u8>, Gate) {
        let mut gate = self.gate();
        let mut out: Vec<u8> = pieces.into_iter().flat_map(|piece| gate.push(piece)).collect();
        out.extend_from_slice(&gate.finish());
        (out, gate)
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for dialect in DIALECTS {
        for fixture in fixtures(dialect.name()) {
            let streams = [(Framing::Array, &fixture.response_array), (Framing::Sse, &fixture.response_sse)];
            for (framing, body) in streams {
                let Some(body) = body else { continue };
                let body = Bytes::copy_from_slice(body);
                cases.push(Case { body, dialect, framing, name: fixture.name.clone() });
            }
        }
    }
    cases
}

#[test]
fn a_cut_changes_neither_bytes_nor_view() {
    for case in cases() {
        let (whole, seen) = case.relay([case.body.clone()]);
        assert_eq!(whole, case.body, "{}", case.name);
        let check = |pieces: Vec<Bytes>, how: &str| {
            let (out, gate) = case.relay(pieces);
            assert_eq!(out, case.body, "{}: bytes, {how}", case.name);
            assert_eq!(gate.view(), seen.view(), "{}: view, {how}", case.name);
            assert_eq!(gate.completion(), seen.completion(), "{}: end, {how}", case.name);
        };
        check(case.body.chunks(1).map(Bytes::copy_from_slice).collect(), "byte by byte");
        for at in 1..case.body.len() {
            check(vec![case.body.slice(..at), case.body.slice(at..)], &format!("cut before byte {at}"));
        }
    }
}

#[test]
fn a_break_of_events_leaves_whole_events_and_one_error() {
    for case in cases().iter().filter(|case| case.framing == Framing::Sse) {
        for at in 0..=case.body.len() {
            let place = format!("{} broken before byte {at}", case.name);
            let (out, finished, ending) = broken(case, at);
            assert!(case.body.starts_with(&out), "{place}: other bytes came out");
            let mut framer = Framer::sse(LIMIT);
            framer.push(out.clone());
            assert!(!framer.is_mid_event(), "{place}: half an event came out");
            assert!(finished || !ending.is_empty(), "{place}: it looks complete");
            if !finished {
                assert_one_error_event(case.dialect, &ending, &place);
            }
        }
    }
}

/// What the dialect's own reader takes for one error and nothing else.
fn assert_one_error_event(dialect: &dyn Dialect, ending: &Bytes, place: &str) {
    let mut framer = Framer::sse(LIMIT);
    let block = framer.push(ending.clone());
    let events: Vec<sse::Event<'_>> = block.events().map(sse::event).collect();
    assert_eq!((events.len(), framer.is_mid_event()), (1, false), "{place}: {ending:?}");
    let data = events[0].data.as_deref().unwrap_or_default();
    let value: Value = serde_json::from_slice(data).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(value["error"].is_object(), "{place}: {value}");
    let mut reader = dialect.stream_reader();
    assert!(reader.event(events[0].name, data).error, "{place}: {value}");
}

#[test]
fn a_break_of_an_array_leaves_valid_json() {
    for case in cases().iter().filter(|case| case.framing == Framing::Array) {
        let whole: Value = serde_json::from_slice(&case.body).unwrap_or_default();
        for at in 0..=case.body.len() {
            let place = format!("{} broken before byte {at}", case.name);
            let (out, finished, ending) = broken(case, at);
            assert!(case.body.starts_with(&out), "{place}: other bytes came out");
            let all = [out.as_ref(), &ending].concat();
            if out.starts_with(b"{") {
                let alone: Value = serde_json::from_slice(&all).expect("an object alone stays one");
                assert_eq!(alone, whole, "{place}");
                continue;
            }
            let read: Result<Vec<Value>, _> = serde_json::from_slice(&all);
            let text = String::from_utf8_lossy(&all);
            let mut read = read.unwrap_or_else(|error| panic!("{place}: {error} in {text}"));
            if !finished {
                let error = read.pop().unwrap_or_default();
                assert!(error["error"].is_object(), "{place}: {error}");
            }
            let before = whole.as_array().map_or(&[][..], Vec::as_slice);
            assert!(whole.is_null() || before.starts_with(&read), "{place}: {text}");
        }
    }
}

/// What came out before the provider broke off, whether the answer was complete by then, and what is said if
/// it was not.
fn broken(case: &Case, at: usize) -> (Bytes, bool, Bytes) {
    let mut gate = case.gate();
    let out = gate.push(case.body.slice(..at));
    match gate.completion() {
        Some(rest) => (out, true, Bytes::from_static(rest)),
        None => (out, false, gate.break_off(&ERROR).expect("no event was torn")),
    }
}

#[test]
fn nothing_is_said_within_an_event_that_was_too_long_to_hold() {
    for dialect in DIALECTS {
        let mut gate = Gate::new(dialect, Framing::Sse, 16);
        let out = gate.push(Bytes::from_static(b"data: {\"this\":\"is longer than sixteen"));
        assert!(!out.is_empty() && gate.is_mid_event());
        assert_eq!(gate.break_off(&ERROR), None);
    }
}
