//! Answers whose calls are all refused: nothing is left that an application would run.

use bytes::Bytes;
use dialect::{Dialect, Event, EventClass, Piece, Ruling};
use model::{Carrier, OutputKind, ResponseView, ToolCall};
use wire::frame::Framer;
use wire::{json, sse};

use crate::LIMIT;

/// Refuses every call of an answer, taken as one text and as a stream.
pub fn check_refusals(dialect: &dyn Dialect, answer: &[u8]) {
    for ruling in [Ruling::Drop, Ruling::Say("No, \"never\".".to_owned())] {
        whole(dialect, answer, &ruling);
        streamed(dialect, answer, &ruling);
    }
}

/// Whether the application would run a call. Of what the provider runs, and of what is unknown, the proxy hands on
/// nothing: it breaks the answer off.
fn runs_here(call: &ToolCall<String>) -> bool {
    matches!(call.carrier, Carrier::Custom | Carrier::Function | Carrier::LegacyFunction)
}

fn rulings(view: &ResponseView, ruling: &Ruling) -> Option<Vec<Ruling>> {
    let known = view.calls.iter().all(runs_here)
        && view.segments.iter().all(|segment| segment.kind != OutputKind::Unknown);
    known.then(|| vec![ruling.clone(); view.calls.len()])
}

fn whole(dialect: &dyn Dialect, answer: &[u8], ruling: &Ruling) {
    let Ok(view) = dialect.read_response(answer) else { return };
    let kept = dialect.revise(answer, &vec![Ruling::Keep; view.calls.len()]);
    assert!(kept.is_err() || kept.as_deref() == Ok(answer), "changed though all is kept");
    let Some(rulings) = rulings(&view, ruling) else { return };
    let Ok(revised) = dialect.revise(answer, &rulings) else { return };
    assert!(json::check(&revised).is_ok(), "{}", String::from_utf8_lossy(&revised));
    let left = dialect.read_response(&revised).expect("it could be read before");
    assert!(left.calls.is_empty(), "{:?} in {}", left.calls, String::from_utf8_lossy(&revised));
}

fn streamed(dialect: &dyn Dialect, answer: &[u8], ruling: &Ruling) {
    let mut framer = Framer::sse(LIMIT);
    let blocks = [framer.push(Bytes::copy_from_slice(answer)), framer.finish()];
    let mut reader = dialect.stream_reader();
    let mut events: Vec<(Option<Vec<u8>>, Vec<u8>, EventClass)> = Vec::new();
    for raw in blocks.iter().flat_map(|block| block.events()) {
        let event = sse::event(raw);
        let Some(data) = event.data else { continue };
        let class = reader.event(event.name, &data);
        if class.unreadable {
            return; // broken off
        }
        events.push((event.name.map(<[u8]>::to_vec), data.to_vec(), class));
    }
    let view = reader.view();
    let Some(rulings) = rulings(view, ruling) else { return };
    let mut editor = dialect.editor();
    let mut again = dialect.stream_reader();
    for (name, data, class) in &events {
        let mut out = Vec::new();
        let event = Event { class, data, name: name.as_deref() };
        if editor.event(event, view, &rulings, &mut out).is_err() {
            return;
        }
        for piece in out {
            let (name, data): (Option<&[u8]>, &[u8]) = match &piece {
                Piece::AsItCame => (name.as_deref(), data),
                Piece::Changed(data) => (name.as_deref(), data),
                Piece::New { data, name } => (name.map(str::as_bytes), data),
            };
            again.event(name, data);
        }
    }
    let left = again.view();
    assert!(left.calls.is_empty(), "{:?}", left.calls);
}
