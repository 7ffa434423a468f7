//! Changing an answer that came in one piece.

use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

use super::choice::{BETWEEN, Choice, Fate, Message, Wanted, choices};
use super::outline::{Member, Object, apply, elements, escaped};
use super::usage::Counts;
use crate::Ruling;

/// The answer with its calls as `rulings` say, counted in the order in which they stand.
pub(super) fn revise(answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
    let (reader, body) = Object::of(answer)?;
    let mut edits = Edits::default();
    let mut rulings = rulings.iter();
    for choice in choices(&reader, &body)? {
        let (mut cut, mut kept) = (false, false);
        for message in choice.messages.iter().filter(|message| is_message(&choice, message)) {
            let fates = message.parts.iter().map(|_| fate(rulings.next())).collect::<Vec<_>>();
            kept |= fates.iter().any(|fate| matches!(fate, Fate::Kept(_)));
            cut |= message.change(&reader, &Wanted { fates, ..Wanted::default() }, &mut edits)?.cut;
        }
        if cut {
            choice.forget_tokens(&mut edits);
        }
        if cut && !kept {
            choice.stop_without_calls(&reader, &mut edits)?;
        }
    }
    apply(&edits, answer)
}

fn fate(ruling: Option<&Ruling>) -> Fate {
    match ruling {
        Some(Ruling::Keep) => Fate::Kept(None),
        Some(Ruling::Say(text)) => Fate::Said(text.clone()),
        Some(Ruling::Drop) | None => Fate::Gone,
    }
}

/// A whole answer has no deltas; what calls itself one is nobody's call.
fn is_message(choice: &Choice, message: &Message) -> bool {
    choice.object.any("message").is_some_and(|member| member.value == message.object.span)
}

/// One answer of two.
pub(super) fn join(first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
    let (reader, body) = Object::of(second)?;
    let (first_reader, first_body) = Object::of(first)?;
    let mut edits = Edits::default();
    let before = choices(&first_reader, &first_body)?;
    for (position, choice) in (0_u32..).zip(choices(&reader, &body)?) {
        let same = (0_u32..).zip(&before);
        let same = same.filter(|(at, other)| {
            other.index.unwrap_or(*at) == choice.index.unwrap_or(position) && !other.messages.is_empty()
        });
        let Some((_, other)) = same.last() else { continue };
        if let (Some(message), Some(other)) = (choice.messages.last(), other.messages.last()) {
            join_messages((&first_reader, other), (&reader, message), &mut edits)?;
        }
    }
    if let Some(usage) = first_body.get("usage") {
        let mut counts = Counts::default();
        counts.take(&first_reader, usage.value)?;
        if let Some(usage) = body.get("usage") {
            counts.add_to(&reader, usage.value, &mut edits)?;
        }
    }
    apply(&edits, second)
}

/// Members of a message that are told in pieces, and what stands between those of two answers.
const TOLD: [(&str, &str); 6] = [
    ("content", BETWEEN),
    ("refusal", BETWEEN),
    ("reasoning_content", ""),
    ("reasoning", ""),
    ("reasoning_details", ""),
    ("tool_calls", ""),
];

fn join_messages(
    (first_reader, first): (&Reader<'_>, &Message),
    (reader, second): (&Reader<'_>, &Message),
    edits: &mut Edits<'_>,
) -> Result<(), JsonError> {
    let mut missing = Vec::new();
    for (name, between) in TOLD {
        let Some(told) = first.object.any(name).filter(|told| !told.is_empty()) else { continue };
        let raw = String::from_utf8_lossy(told.value.of(first_reader.bytes()));
        match second.object.any(name) {
            None => missing.push(format!("\"{name}\":{raw}")),
            Some(member) if member.is_empty() => edits.replace(member.value, raw.into_owned().into_bytes()),
            Some(member) => put_before((first_reader, told), (reader, member), between, edits)?,
        }
    }
    if !missing.is_empty() {
        second.object.add(&missing.join(","), second.object.members.is_empty(), edits);
    }
    Ok(())
}

/// Puts what `first` tells before what `second` tells: characters, or elements.
fn put_before(
    (first_reader, first): (&Reader<'_>, &Member),
    (reader, second): (&Reader<'_>, &Member),
    between: &str,
    edits: &mut Edits<'_>,
) -> Result<(), JsonError> {
    if let (Some(told), Some(inside)) = (first.inside(), second.inside()) {
        let told = String::from_utf8_lossy(told.of(first_reader.bytes()));
        edits.insert(inside.start, format!("{told}{}", escaped(between)).into_bytes());
        return Ok(());
    }
    let list = |reader: &Reader<'_>, member: &Member| -> Result<Option<String>, JsonError> {
        let raw = String::from_utf8_lossy(member.value.of(reader.bytes())).into_owned();
        Ok(match member.kind {
            Kind::Array => {
                let found = elements(reader, member.value)?;
                let parts = found.iter().map(|span| String::from_utf8_lossy(span.of(reader.bytes())));
                Some(parts.collect::<Vec<_>>().join(","))
            }
            Kind::String => Some(format!(r#"{{"type":"text","text":{raw}}}"#)),
            Kind::Bool | Kind::Null | Kind::Number | Kind::Object => None,
        })
    };
    if let (Some(told), Some(own)) = (list(first_reader, first)?, list(reader, second)?) {
        let comma = if told.is_empty() || own.is_empty() { "" } else { "," };
        edits.replace(second.value, format!("[{told}{comma}{own}]").into_bytes());
    }
    Ok(())
}
