//! Calls that are refused in streams of every API, however these are cut.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use dialect::{
    Answer, AnthropicMessages, Dialect, ErrorKind, ErrorReply, Framing, GeminiGenerate, OpenAiChat,
    OpenAiResponses, Target,
};
use http::HeaderMap;
use model::{Agent, GuardSettings, OnRefusal, ResponseView};
use policy::Policy;
use wire::frame::Framer;
use wire::{array, sse};

use super::super::Gate;
use super::answers::{self, End, Piece};
use crate::beginnings::Trail;
use crate::guard::Guard;
use crate::policies::Revision;
use crate::recall::Recall;
use Piece::{Call, Text, Thought};

const LIMIT: usize = 1 << 20;

/// Answers are cut in two at each so many bytes; fed byte by byte, they are cut at all of them.
const STEP: usize = 23;

/// `safe` has to wait for its arguments, `free` is decided by its name.
const POLICY: &str = "
version: 1
mode: enforce
tools:
  - { tool: danger, calls: [{ then: block }] }
  - { tool: safe, calls: [{ when: { arg: x, exists: true }, then: allow }, { then: block }] }
  - { tool: free, calls: [{ then: allow }] }
";

static REVISION: OnceLock<Arc<Revision>> = OnceLock::new();

/// One API's stream.
struct Wire {
    dialect: &'static dyn Dialect,
    framing: Framing,
    name: &'static str,
    render: fn(&[Piece], End) -> Vec<u8>,
    request: &'static str,
    target: &'static str,
}

const WIRES: [Wire; 5] = [
    Wire {
        dialect: &OpenAiChat,
        framing: Framing::Sse,
        name: "chat",
        render: answers::chat,
        request: r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"danger"}},{"type":"function","function":{"name":"safe"}},{"type":"function","function":{"name":"free"}}]}"#,
        target: "/chat/completions",
    },
    Wire {
        dialect: &AnthropicMessages,
        framing: Framing::Sse,
        name: "messages",
        render: answers::messages,
        request: r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"danger"},{"name":"safe"},{"name":"free"}]}"#,
        target: "/v1/messages",
    },
    Wire {
        dialect: &OpenAiResponses,
        framing: Framing::Sse,
        name: "responses",
        render: answers::responses,
        request: r#"{"model":"m","input":"hi","store":false,"tools":[{"type":"function","name":"danger"},{"type":"function","name":"safe"},{"type":"function","name":"free"}]}"#,
        target: "/responses",
    },
    Wire {
        dialect: &GeminiGenerate,
        framing: Framing::Sse,
        name: "gemini",
        render: answers::gemini,
        request: GEMINI,
        target: "/v1beta/models/m:streamGenerateContent",
    },
    Wire {
        dialect: &GeminiGenerate,
        framing: Framing::Array,
        name: "gemini array",
        render: answers::gemini_array,
        request: GEMINI,
        target: "/v1beta/models/m:streamGenerateContent",
    },
];
const GEMINI: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"danger"},{"name":"safe"},{"name":"free"}]}]}"#;

const SAFE: Piece = Call("id_safe", "safe", r#"{"x":1,"note":"kept"}"#);
const FREE: Piece = Call("id_free", "free", r#"{"y":"kept"}"#);
const DANGER: Piece = Call("id_SECRET_1", "danger", r#"{"to":"SECRET_2"}"#);

impl Wire {
    fn target(&self) -> Target<'static> {
        Target {
            method: "POST",
            path: self.target,
            query: if self.framing == Framing::Array { "" } else { "alt=sse" },
        }
    }

    fn guard(&self, on_refusal: OnRefusal) -> Box<Guard> {
        let revision = REVISION.get_or_init(|| revision(POLICY));
        guarding(revision, (self.dialect, self.target()), self.request, on_refusal)
    }

    fn gate(&self, on_refusal: OnRefusal) -> Gate {
        Gate::new(self.dialect, self.framing, LIMIT).judging(Some(self.guard(on_refusal)), LIMIT)
    }

    /// What a client gets of an answer that comes in these pieces; and what it would ask again.
    fn relay(&self, on_refusal: OnRefusal, pieces: impl IntoIterator<Item = Bytes>) -> (Bytes, Gate) {
        let mut gate = self.gate(on_refusal);
        let mut out = BytesMut::new();
        for piece in pieces {
            out.extend_from_slice(&gate.push(piece));
        }
        out.extend_from_slice(&gate.finish());
        (out.freeze(), gate)
    }

    /// What the dialect's own reader makes of it.
    fn read(&self, out: &Bytes) -> (ResponseView, bool) {
        let mut framer = match self.framing {
            Framing::Array => Framer::array(LIMIT),
            Framing::Sse | Framing::Whole => Framer::sse(LIMIT),
        };
        let mut reader = self.dialect.stream_reader();
        let blocks = [framer.push(out.clone()), framer.finish()];
        for event in blocks.iter().flat_map(|block| block.events()) {
            if self.framing == Framing::Array {
                let element = array::element(event);
                if !element.is_empty() {
                    assert!(!reader.event(None, element).unreadable, "{}", String::from_utf8_lossy(event));
                }
                continue;
            }
            let parsed = sse::event(event);
            if let Some(data) = &parsed.data {
                assert!(!reader.event(parsed.name, data).unreadable, "{}", String::from_utf8_lossy(event));
            }
        }
        (reader.view().clone(), reader.is_finished())
    }
}

/// What a policy's text is in force as.
pub(super) fn revision(policy: &str) -> Arc<Revision> {
    Arc::new(Revision {
        id: "r".to_owned(),
        number: 0,
        policy: Policy::parse("policy.yaml", policy).unwrap(),
    })
}

/// A guard that has read this request.
pub(super) fn guarding(
    revision: &Arc<Revision>,
    (dialect, target): (&dyn Dialect, Target<'_>),
    request: &'static str,
    on_refusal: OnRefusal,
) -> Box<Guard> {
    let guard = GuardSettings { on_refusal: Some(on_refusal), ..GuardSettings::default() };
    let name = "default".to_owned();
    let agent = Agent { guard, id: name.clone(), slug: name.clone(), name, vertex_ai: None };
    let recall = Arc::new(Recall::new(1 << 20));
    let mut guard = Guard::of(Some(revision), &Arc::new(agent)).unwrap();
    let body = Bytes::from_static(request.as_bytes());
    let view = dialect.read_request(target, &body).unwrap();
    let caller = guard.caller(&HeaderMap::new(), "", &recall);
    guard.read((&body, &view, &Trail::default()), &caller, &recall, dialect).unwrap();
    assert!(guard.holds());
    guard
}

/// The same answer whole, byte by byte, and in two pieces, in text form; what comes out.
fn refused(wire: &Wire, pieces: &[Piece], end: End) -> (Bytes, ResponseView) {
    let body = Bytes::from((wire.render)(pieces, end));
    let (out, gate) = wire.relay(OnRefusal::Text, [body.clone()]);
    assert!(!gate.is_not_judgeable(), "{}", wire.name);
    let ids = ids(&out);
    for at in (1..body.len()).step_by(STEP) {
        let (other, _) = wire.relay(OnRefusal::Text, [body.slice(..at), body.slice(at..)]);
        assert_eq!(
            without(&other, &self::ids(&other)),
            without(&out, &ids),
            "{}: cut before byte {at}",
            wire.name
        );
    }
    let (other, _) = wire.relay(OnRefusal::Text, body.chunks(1).map(Bytes::copy_from_slice));
    assert_eq!(without(&other, &self::ids(&other)), without(&out, &ids), "{}: byte by byte", wire.name);
    let text = String::from_utf8_lossy(&out);
    assert!(!text.contains("SECRET"), "{}: {text}", wire.name);
    if wire.framing == Framing::Array {
        serde_json::from_slice::<Vec<serde_json::Value>>(&out)
            .unwrap_or_else(|error| panic!("{error}: {text}"));
    }
    let (view, is_finished) = wire.read(&out);
    assert!(is_finished, "{}: {text}", wire.name);
    (out, view)
}

/// Decision ids, which differ each time.
fn ids(out: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(out);
    text.split("Decision ").skip(1).map(|rest| rest.chars().take(36).collect()).collect()
}

fn without(out: &[u8], ids: &[String]) -> String {
    let text = String::from_utf8_lossy(out).into_owned();
    ids.iter().fold(text, |text, id| text.replace(id, ""))
}

fn names(view: &ResponseView) -> Vec<&str> {
    view.calls.iter().map(|call| call.name.as_deref().unwrap_or_default()).collect()
}

fn stop(view: &ResponseView) -> &str {
    view.stops.last().map_or("", |stop| stop.reason.as_str())
}

const PLAIN: [&str; 4] = ["stop", "end_turn", "STOP", "completed"];
const CALLS: [&str; 4] = ["tool_calls", "tool_use", "STOP", "completed"];

#[test]
fn what_is_allowed_comes_out_as_it_came() {
    for wire in &WIRES {
        for pieces in
            [&[Text("before"), SAFE, FREE][..], &[Thought("hm"), SAFE], &[FREE, SAFE, FREE], &[Text("only")]]
        {
            let body = Bytes::from((wire.render)(pieces, End::Done));
            let (out, _) = wire.relay(OnRefusal::TellModel, body.chunks(1).map(Bytes::copy_from_slice));
            assert_eq!(out, body, "{}: byte by byte", wire.name);
            for at in (0..body.len()).step_by(STEP) {
                let (out, _) = wire.relay(OnRefusal::TellModel, [body.slice(..at), body.slice(at..)]);
                assert_eq!(out, body, "{}: cut before byte {at}", wire.name);
            }
        }
    }
}

#[test]
fn b6_b7_b8_refused_calls_leave_text_and_the_rest_stays() {
    for wire in &WIRES {
        for (pieces, left) in [
            (&[Text("a"), DANGER][..], &[][..]),
            (&[DANGER, SAFE, FREE], &["safe", "free"]),
            (&[SAFE, DANGER, FREE], &["safe", "free"]),
            (&[SAFE, FREE, DANGER], &["safe", "free"]),
            (&[DANGER, DANGER, DANGER], &[]),
            (&[Thought("t"), Text("a"), DANGER, Thought("u"), SAFE], &["safe"]),
            (&[Text("a"), SAFE, Text("b"), DANGER, Text("c")], &["safe"]),
        ] {
            let (out, view) = refused(wire, pieces, End::Done);
            let text = String::from_utf8_lossy(&out);
            assert_eq!(names(&view), left, "{}: {text}", wire.name);
            assert!(text.contains("was refused by the security policy"), "{}: {text}", wire.name);
            let stops: &[&str] = if left.is_empty() { &PLAIN } else { &CALLS };
            assert!(stops.contains(&stop(&view)), "{}: {} in {text}", wire.name, stop(&view));
            assert_eq!(
                (view.usage.input_tokens, view.usage.output_tokens),
                (Some(3), Some(4)),
                "{}",
                wire.name
            );
            for call in &view.calls {
                let arguments = call.arguments.as_deref().unwrap_or_default();
                assert!(arguments.contains("kept"), "{}: {arguments}", wire.name);
            }
        }
    }
}

#[test]
fn b3_b4_what_cannot_be_judged_is_refused() {
    for wire in &WIRES {
        for (call, end) in [
            (Call("i", "safe", r#"{"x":1,"SECRET"#), End::Cut),
            (Call("i", "safe", r#"{"x":1} {"x":2,"SECRET":1}"#), End::Done),
            (Call("i", "safe", r#"{"x":1,"x":2,"SECRET":1}"#), End::Done),
            (Call("i", "safe", r#"{"x":1,"SECRET":1,}"#), End::Done),
            (Call("i", "safe", r#"{"x":"\ud800SECRET"}"#), End::Done),
            (Call("i", "undeclared", r#"{"x":"SECRET"}"#), End::Done),
            (Call("i", "Safe", r#"{"x":"SECRET"}"#), End::Done),
            (Call("i", "safe ", r#"{"x":"SECRET"}"#), End::Done),
        ] {
            let Call(_, _, arguments) = call else { continue };
            if wire.dialect.name() == "gemini-generate" && wire::json::check(arguments.as_bytes()).is_err() {
                // Its arguments are part of the event, which is none then.
                let body = Bytes::from((wire.render)(&[Text("a"), call], end));
                let (out, gate) = wire.relay(OnRefusal::Text, [body]);
                assert!(gate.is_not_judgeable() && !String::from_utf8_lossy(&out).contains("SECRET"));
                continue;
            }
            let (_, view) = refused(wire, &[Text("a"), call], end);
            assert_eq!(names(&view), [""; 0], "{}: {call:?}", wire.name);
        }
    }
}

#[test]
fn a_break_while_a_call_waits_leaves_nothing_of_it_and_one_error() {
    let error = ErrorReply {
        kind: ErrorKind::UpstreamUnavailable,
        message: "The provider broke off its answer.",
        request_id: "0198f2a4-0000-7000-8000-000000000002",
        status: 502,
    };
    for wire in &WIRES {
        let body = Bytes::from((wire.render)(&[Text("a"), DANGER], End::Done));
        for at in 0..body.len() {
            let mut gate = wire.gate(OnRefusal::TellModel);
            let mut out = BytesMut::from(gate.push(body.slice(..at)).as_ref());
            match gate.completion() {
                Some(_) => out.extend_from_slice(&gate.give_up()),
                None => out.extend_from_slice(&gate.break_off(&error).unwrap()),
            }
            let text = String::from_utf8_lossy(&out);
            assert!(!text.contains("SECRET"), "{} broken before byte {at}: {text}", wire.name);
            let is_told = text.contains("broke off") || text.contains("was refused");
            assert!(is_told, "{} broken before byte {at}: {text}", wire.name);
        }
    }
}

#[test]
fn the_model_is_told_and_its_next_answer_goes_on() {
    for wire in &WIRES {
        let first = Bytes::from((wire.render)(&[Thought("t"), Text("one"), DANGER], End::Done));
        let second = Bytes::from((wire.render)(&[Thought("u"), Text("two"), SAFE], End::Done));
        for at in (0..first.len()).step_by(7) {
            let (begun, mut gate) = wire.relay(OnRefusal::TellModel, [first.slice(..at), first.slice(at..)]);
            let (answer, notices) = gate.asks_again().expect("all calls were refused");
            assert!(matches!(answer, Answer::Events(_)) && notices.len() == 1, "{}", wire.name);
            let again = wire.dialect.ask_again(wire.target(), wire.request.as_bytes(), answer, notices);
            let again = String::from_utf8(again.unwrap()).unwrap();
            assert!(
                again.contains("SECRET_2") && again.contains("Refused by the security policy"),
                "{again}"
            );
            gate.go_on();
            let mut out = BytesMut::from(begun.as_ref());
            out.extend_from_slice(&gate.push(second.clone()));
            out.extend_from_slice(&gate.finish());
            let out = out.freeze();
            let text = String::from_utf8_lossy(&out);
            assert!(!text.contains("SECRET"), "{}: {text}", wire.name);
            let (view, is_finished) = wire.read(&out);
            assert!(is_finished, "{}: {text}", wire.name);
            assert_eq!(names(&view), ["safe"], "{}: {text}", wire.name);
            assert!(CALLS.contains(&stop(&view)), "{}: {text}", wire.name);
            let usage = (view.usage.input_tokens, view.usage.output_tokens);
            assert_eq!(usage, (Some(6), Some(8)), "{}: {text}", wire.name);
        }
    }
}

#[test]
fn if_it_cannot_be_asked_the_client_is_told() {
    for wire in &WIRES {
        let body = Bytes::from((wire.render)(&[Text("one"), DANGER], End::Done));
        let (begun, mut gate) = wire.relay(OnRefusal::TellModel, [body]);
        assert!(gate.asks_again().is_some(), "{}", wire.name);
        let out = Bytes::from([begun, gate.give_up()].concat());
        let text = String::from_utf8_lossy(&out);
        assert!(text.contains("was refused") && !text.contains("SECRET"), "{}: {text}", wire.name);
        let (view, is_finished) = wire.read(&out);
        assert!(
            is_finished && view.calls.is_empty() && PLAIN.contains(&stop(&view)),
            "{}: {text}",
            wire.name
        );
    }
}

#[test]
fn a_mixed_turn_goes_out_with_what_is_said_of_the_refused() {
    for wire in &WIRES {
        for pieces in [&[DANGER, SAFE][..], &[SAFE, DANGER], &[FREE, DANGER], &[DANGER, FREE]] {
            let body = Bytes::from((wire.render)(pieces, End::Done));
            let (out, gate) = wire.relay(OnRefusal::TellModel, [body]);
            assert!(gate.asks_again().is_none(), "{}", wire.name);
            let text = String::from_utf8_lossy(&out);
            assert!(text.contains("was refused") && !text.contains("SECRET"), "{}: {text}", wire.name);
            let (view, is_finished) = wire.read(&out);
            assert!(is_finished && view.calls.len() == 1, "{}: {text}", wire.name);
            assert!(CALLS.contains(&stop(&view)), "{}: {text}", wire.name);
        }
    }
}
