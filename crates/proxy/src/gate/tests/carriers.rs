//! Every answer under `fixtures/`, with whatever carries a call in it, under a policy that blocks all calls.

use std::collections::BTreeSet;

use bytes::Bytes;
use dialect::{Dialect, Framing, OpenAiChat, Ruling, Target};
use model::{Carrier, OnRefusal, ResponseView};
use serde_json::json;
use testkit::fixtures;

use super::super::{Gate, Verdict, is_cut_off};
use super::refusals::{guarding, revision};
use super::{Case, DIALECTS, LIMIT, cases};
use crate::guard::Guard;

const BLOCKING: &str = "version: 1\nmode: enforce\ntools: [{ tool: '*', calls: [{ then: block }] }]\n";

/// Shorter words may stand anywhere.
const SHORTEST: usize = 6;

fn request(dialect: &dyn Dialect) -> (&'static str, &'static str) {
    match dialect.name() {
        "anthropic-messages" => {
            ("/v1/messages", r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#)
        }
        "gemini-generate" => (
            "/v1beta/models/m:streamGenerateContent",
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        ),
        "openai-chat" => {
            ("/chat/completions", r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#)
        }
        _ => ("/responses", r#"{"model":"m","input":"hi"}"#),
    }
}

fn guard(dialect: &dyn Dialect, policy: &str) -> Box<Guard> {
    let (path, body) = request(dialect);
    let target = Target { method: "POST", path, query: "" };
    guarding(&revision(policy), (dialect, target), body, OnRefusal::Text)
}

/// Whether the application would run a call.
fn runs_here(carrier: Carrier) -> bool {
    carrier != Carrier::Hosted
}

/// Words that only the arguments of calls have.
fn secrets(view: &ResponseView, beside: &str) -> BTreeSet<String> {
    let calls = view.calls.iter().filter(|call| runs_here(call.carrier));
    let arguments = calls.filter_map(|call| call.arguments.as_deref());
    let words = arguments.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let words = words.filter(|word| word.len() >= SHORTEST && !beside.contains(word));
    words.map(str::to_owned).collect()
}

/// What a stream says beside its calls.
fn beside(case: &Case) -> String {
    let mut gate = case.gate();
    let mut text = String::new();
    for piece in case.body.split_inclusive(|byte| *byte == b'\n') {
        let calls = gate.view().clone().calls;
        let out = gate.push(Bytes::copy_from_slice(piece));
        if gate.view().calls == calls {
            text.push_str(&String::from_utf8_lossy(&out));
        }
    }
    text
}

#[test]
fn b1_b2_b7_b10_no_stream_brings_a_call_past_a_policy_that_blocks_all() {
    let mut refused = 0;
    for case in cases() {
        let (_, seen) = case.relay([case.body.clone()]);
        let secrets = secrets(seen.view(), &beside(&case));
        let pieces: [Vec<Bytes>; 2] =
            [vec![case.body.clone()], case.body.chunks(1).map(Bytes::copy_from_slice).collect()];
        for pieces in pieces {
            let mut gate = case.gate().judging(Some(guard(case.dialect, BLOCKING)), LIMIT);
            let mut out: Vec<u8> = pieces.into_iter().flat_map(|piece| gate.push(piece)).collect();
            out.extend_from_slice(&gate.finish());
            let text = String::from_utf8_lossy(&out).into_owned();
            for secret in &secrets {
                assert!(!text.contains(secret), "{}: {secret} in {text}", case.name);
            }
            let mut reader = Gate::new(case.dialect, case.framing, LIMIT);
            reader.push(out.into());
            reader.finish();
            let left: Vec<_> = reader.view().calls.iter().filter(|call| runs_here(call.carrier)).collect();
            assert!(left.is_empty(), "{}: {left:?} in {text}", case.name);
        }
        refused += seen.view().calls.iter().filter(|call| runs_here(call.carrier)).count();
    }
    assert!(refused > 40, "the cases hold {refused} calls");
}

#[test]
fn b1_b2_no_whole_answer_brings_a_call_past_a_policy_that_blocks_all() {
    let mut refused = 0;
    for dialect in DIALECTS {
        for fixture in fixtures(dialect.name()) {
            let Some(body) = &fixture.response_json else { continue };
            let Ok(view) = dialect.read_response(body) else { continue };
            let mut guard = guard(dialect, BLOCKING);
            let is_cut = is_cut_off(&view);
            let rulings: Vec<Ruling> = view
                .calls
                .iter()
                .map(|call| match guard.complete(call, is_cut) {
                    Verdict::Allow => Ruling::Keep,
                    Verdict::End => Ruling::Drop, // such an answer is not handed on
                    Verdict::Refuse(refused) => Ruling::Say(refused.text),
                })
                .collect();
            for (call, ruling) in view.calls.iter().zip(&rulings) {
                assert!(!ruling.keeps(), "{}: {call:?}", fixture.name);
            }
            if view.calls.iter().any(|call| !runs_here(call.carrier)) {
                continue;
            }
            let out =
                dialect.revise(body, &rulings).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
            let left = dialect.read_response(&out).unwrap().calls;
            assert!(left.is_empty(), "{}: {left:?}", fixture.name);
            refused += view.calls.len();
        }
    }
    assert!(refused > 10, "the cases hold {refused} calls");
}

/// A streamed call whose arguments come in this many events.
fn split(arguments: &str, events: usize) -> Bytes {
    let chunk = |delta: serde_json::Value, reason: serde_json::Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        format!("data: {}\n\n", json!({"id": "c", "object": "chat.completion.chunk", "choices": [choice]}))
    };
    let call = |index: usize, function: serde_json::Value| json!({"tool_calls": [{"index": index, "function": function}]});
    let mut first = call(0, json!({"name": "pay", "arguments": ""}));
    first["tool_calls"][0]["id"] = "call_1".into();
    first["content"] = "text beside it".into();
    let mut out = chunk(first, serde_json::Value::Null);
    let length = arguments.len().div_ceil(events);
    for (at, piece) in arguments.as_bytes().chunks(length).enumerate() {
        out += &chunk(call(0, json!({"arguments": String::from_utf8_lossy(piece)})), serde_json::Value::Null);
        if at == events / 2 {
            out += &chunk(json!({"content": "text within"}), serde_json::Value::Null);
        }
    }
    out += &chunk(json!({"content": "text behind"}), serde_json::Value::Null);
    out += &chunk(json!({}), "tool_calls".into());
    (out + "data: [DONE]\n\n").into()
}

#[test]
fn b5_a_call_split_over_500_events_is_judged_as_one_and_text_keeps_its_order() {
    const WAITING: &str = "version: 1\nmode: enforce\ntools: [{ tool: pay, calls: [{ when: { arg: to, equals: ann }, then: allow }, { then: block }] }]\n";
    let request = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"pay"}}]}"#;
    let target = Target { method: "POST", path: "/chat/completions", query: "" };
    for to in ["ann", "SECRET"] {
        let arguments = format!(r#"{{"note":"{}","to":"{to}"}}"#, "n".repeat(980));
        let body = split(&arguments, 500);
        let guard = guarding(&revision(WAITING), (&OpenAiChat, target), request, OnRefusal::Text);
        let mut gate = Gate::new(&OpenAiChat, Framing::Sse, LIMIT).judging(Some(guard), LIMIT);
        let mut out: Vec<u8> =
            body.chunks(11).flat_map(|piece| gate.push(Bytes::copy_from_slice(piece))).collect();
        out.extend_from_slice(&gate.finish());
        let text = String::from_utf8(out).unwrap();
        if to == "ann" {
            let mut plain = Gate::new(&OpenAiChat, Framing::Sse, LIMIT);
            plain.push(text.clone().into());
            assert_eq!(plain.view().calls[0].arguments.as_deref(), Some(arguments.as_str()));
        } else {
            assert!(
                !text.contains("SECRET") && !text.contains("nnn") && text.contains("was refused"),
                "{text}"
            );
        }
        let places = ["text beside it", "text within", "text behind"].map(|said| text.find(said));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{to}: {places:?}");
    }
}
