//! What the targets have in common: input that says where it is cut, and reading a stream that came in pieces.

mod refusals;

pub use refusals::check_refusals;

use bytes::Bytes;
use dialect::{Beginning, Beginnings, Dialect, EventClass, Framing, Target};
use model::ResponseView;
use wire::frame::Framer;
use wire::{array, json, sse};

/// No event of an input is longer: libFuzzer's inputs are shorter.
pub const LIMIT: usize = 1 << 24;

/// Where Gemini's model stands in the path; the other dialects do not look at it.
const TARGET: Target<'static> =
    Target { method: "POST", path: "/v1beta/models/m:streamGenerateContent", query: "" };

/// An input: its first byte is the number of cuts, the next ones say how long each piece is.
pub fn split(input: &[u8]) -> (Vec<usize>, &[u8]) {
    let Some((count, rest)) = input.split_first() else { return (Vec::new(), input) };
    let (cuts, body) = rest.split_at(usize::from(count % 8).min(rest.len()));
    (cuts.iter().map(|cut| usize::from(*cut)).collect(), body)
}

/// `body` in pieces as long as `cuts` say; what is left is the last one.
pub fn pieces<'a>(cuts: &[usize], body: &'a [u8]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, tail) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// Pieces of one byte each.
pub fn bytewise(body: &[u8]) -> Vec<&[u8]> {
    body.chunks(1).collect()
}

/// What a framer made of a stream: all bytes that came out, and the events among them.
#[derive(Debug, PartialEq)]
pub struct Framed {
    /// Everything that came out, the end that was no event included.
    pub bytes: Vec<u8>,
    /// Each event without what belongs to its neighbours.
    pub events: Vec<Vec<u8>>,
    /// What was left at the end.
    pub rest: Vec<u8>,
}

/// Pushes the pieces through a framer. `inner` takes off what belongs to no event, so that cutting does not matter.
pub fn frame(mut framer: Framer, pieces: &[&[u8]], inner: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Framed {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    for piece in pieces {
        let block = framer.push(Bytes::copy_from_slice(piece));
        events.extend(block.events().filter_map(&inner));
        bytes.extend_from_slice(&block.bytes);
    }
    let rest = framer.finish();
    bytes.extend_from_slice(&rest.bytes);
    let rest = rest.events().next().unwrap_or_default();
    Framed { bytes, events, rest: rest.trim_ascii_start().to_vec() }
}

/// All that a dialect says about one input: it panics if how the bytes arrive makes a difference.
pub fn check_dialect(dialect: &dyn Dialect, input: &[u8]) {
    let (cuts, body) = split(input);
    // Whatever can be read is JSON; the converse does not hold, for members that matter must not come twice.
    for read in [dialect.read_request(TARGET, body).is_ok(), dialect.read_response(body).is_ok()] {
        assert!(!read || json::check(body).is_ok(), "read what is no JSON");
    }
    check_going_on(dialect, body);
    for framing in [Framing::Sse, Framing::Array] {
        let whole = read_stream(dialect, framing, &[body]);
        check_calls(&whole);
        assert_eq!(read_stream(dialect, framing, &pieces(&cuts, body)), whole, "cut");
        assert_eq!(read_stream(dialect, framing, &bytewise(body)), whole, "byte by byte");
    }
}

/// A body that goes on from another is read as it is alone, and so is one that only looks so.
fn check_going_on(dialect: &dyn Dialect, body: &[u8]) {
    let mut known = Known { body, beginning: None };
    let view = dialect.read_request_on(TARGET, body, &mut known);
    assert_eq!(view, dialect.read_request(TARGET, body), "of itself");
    let Some(beginning) = &known.beginning else { return };
    let (turns, rest) = body.split_at(beginning.span().end);
    let others = [
        [turns, b"]}"].concat(),
        [turns, b",{}", rest].concat(),
        [turns, b"1", rest].concat(),
        [b" ", body].concat(),
    ];
    for other in others {
        let mut known = Known { body, beginning: known.beginning.clone() };
        let seen = dialect.read_request_on(TARGET, &other, &mut known);
        assert_eq!(seen, dialect.read_request(TARGET, &other), "{other:?}");
    }
}

/// The beginning of one body.
struct Known<'a> {
    body: &'a [u8],
    beginning: Option<Beginning>,
}

impl Beginnings for Known<'_> {
    fn known(&mut self, _: usize, number: usize) -> Option<(&[u8], &Beginning)> {
        Some((self.body, self.beginning.as_ref().filter(|_| number == 0)?))
    }

    fn read(&mut self, beginning: Beginning) {
        self.beginning = Some(beginning);
    }
}

/// What a reader made of a stream.
#[derive(Debug, PartialEq)]
struct Read {
    classes: Vec<EventClass>,
    finished: bool,
    view: ResponseView,
}

fn read_stream(dialect: &dyn Dialect, framing: Framing, pieces: &[&[u8]]) -> Read {
    let mut framer = if framing == Framing::Array { Framer::array(LIMIT) } else { Framer::sse(LIMIT) };
    let mut reader = dialect.stream_reader();
    let mut classes = Vec::new();
    let mut take = |raw: &[u8]| {
        if framing == Framing::Array {
            let element = array::element(raw);
            classes.extend((!element.is_empty()).then(|| reader.event(None, element)));
        } else {
            let event = sse::event(raw);
            classes.extend(event.data.map(|data| reader.event(event.name, &data)));
        }
    };
    for piece in pieces {
        framer.push(Bytes::copy_from_slice(piece)).events().for_each(&mut take);
    }
    framer.finish().events().for_each(&mut take);
    Read { classes, finished: reader.is_finished(), view: reader.view().clone() }
}

/// A call must not come into view without an event that is held for it, and ends once at most, behind its beginning.
/// Behind that only the end of the turn may repeat it.
fn check_calls(read: &Read) {
    let mut begun = vec![false; read.view.calls.len()];
    let mut ended = begun.clone();
    for class in &read.classes {
        for part in &class.call_parts {
            begun[*part] = true;
            let repeats = class.turn_ended || class.unreadable;
            assert!(!ended[*part] || repeats, "a part of call {part} behind its end");
        }
        for end in &class.calls_ended {
            assert!(begun[*end], "call {end} ended before it began");
            assert!(!std::mem::replace(&mut ended[*end], true), "call {end} ended twice");
        }
        let says =
            class.free || class.unreadable || !class.call_parts.is_empty() || !class.calls_ended.is_empty();
        assert!(says, "an event without a class");
    }
    let unreadable = read.classes.iter().any(|class| class.unreadable);
    assert!(unreadable || begun.iter().all(|begun| *begun), "a call that no event carries");
}
