//! One answer of two that came in one piece each.

use wire::json::JsonError;
use wire::splice::Edits;

use super::chunk::{Candidate, Chunk, says_something};
use super::{spliced, usage};

/// `second`, with what `first` says before what it says, and with what `first` used added.
pub(super) fn join(first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
    let (before, after) = (Chunk::read(first)?, Chunk::read(second)?);
    let mut edits = Edits::default();
    let mut missing = Vec::new();
    for candidate in &before.candidates {
        let Some(parts) = said(candidate, first) else { continue };
        match after.candidates.iter().find(|after| after.alternative == candidate.alternative) {
            Some(after) => after.say_first(&parts, &mut edits),
            None => missing.push(alone(candidate.alternative, &parts)),
        }
    }
    let mut members = Vec::new();
    if !missing.is_empty() {
        let list = missing.join(b",".as_slice());
        match (after.list, after.candidates.last()) {
            (None, _) => members.push([br#""candidates":["#.as_slice(), &list, b"]"].concat()),
            // More alternatives than the second answer has; asking again takes one only.
            (Some(_), Some(_)) => {}
            (Some(at), None) => edits.replace(at, [b"[".as_slice(), &list, b"]"].concat()),
        }
    }
    match (before.usage, after.usage) {
        (Some(first_at), Some(at)) => usage::add((first, first_at), (second, at), &mut edits)?,
        (Some(at), None) => members.push([br#""usageMetadata":"#.as_slice(), at.of(first)].concat()),
        (None, _) => {}
    }
    let bare = second.get(after.open..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"}"));
    let mut members = members.join(b",".as_slice());
    if !members.is_empty() && !bare {
        members.push(b',');
    }
    if !members.is_empty() {
        edits.insert(after.open, members);
    }
    spliced(&edits, second)
}

/// The parts of a candidate that say something, as they came.
fn said(candidate: &Candidate, bytes: &[u8]) -> Option<Vec<u8>> {
    let parts = candidate.parts.iter().filter(|part| says_something(part));
    let parts: Vec<&[u8]> = parts.map(|part| part.span.of(bytes)).collect();
    (!parts.is_empty()).then(|| parts.join(b",".as_slice()))
}

/// A candidate that says `parts` and nothing else.
fn alone(alternative: u32, parts: &[u8]) -> Vec<u8> {
    let index = format!(r#","index":{alternative}}}"#);
    [br#"{"content":"#.as_slice(), &content(parts), index.as_bytes()].concat()
}

fn content(parts: &[u8]) -> Vec<u8> {
    [br#"{"parts":["#.as_slice(), parts, br#"],"role":"model"}"#].concat()
}

impl Candidate {
    /// Puts `parts` before its own.
    fn say_first(&self, parts: &[u8], edits: &mut Edits<'_>) {
        let before = [parts, b",".as_slice()].concat();
        match (self.parts.as_slice(), self.content) {
            ([only], _) if self.single => {
                edits.insert(only.span.start, [b"[".as_slice(), &before].concat());
                edits.insert(only.span.end, b"]".as_slice());
            }
            ([first, ..], _) => edits.insert(first.span.start, before),
            // Without parts it has a role at most, and that is known.
            ([], Some(at)) => edits.replace(at, content(parts)),
            ([], None) => {
                let comma: &[u8] = if self.is_empty() { b"" } else { b"," };
                edits.insert(self.open, [br#""content":"#.as_slice(), &content(parts), comma].concat());
            }
        }
    }
}
