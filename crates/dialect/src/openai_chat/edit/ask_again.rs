//! The request with an answer and the results of its calls added.

use model::{Carrier, ToolCall};
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

use super::outline::{Member, Object, apply, elements, quoted};
use super::turn::Turn;
use crate::{Answer, CannotAsk};

/// Makes the request again.
pub(super) fn ask_again(
    request: &[u8],
    answer: Answer<'_>,
    notices: &[String],
) -> Result<Vec<u8>, CannotAsk> {
    let (reader, body) = Object::of(request)?;
    check_request(&reader, &body)?;
    let end = end_of_messages(&reader, &body)?;
    let turn = match answer {
        Answer::Events(events) => Turn::of_events(events)?,
        Answer::Whole(answer) => Turn::of_whole(answer)?,
    };
    let results = results(&turn, notices)?;
    let mut edits = Edits::default();
    edits.insert(end, b",".as_slice());
    edits.insert(end, turn.write());
    edits.insert(end, results.into_bytes());
    Ok(apply(&edits, request)?)
}

/// Whether the model is free to do something else than it did.
fn check_request(reader: &Reader<'_>, body: &Object) -> Result<(), CannotAsk> {
    for (at, member) in body.members.iter().enumerate() {
        if body.members.iter().skip(at.saturating_add(1)).any(|other| other.name == member.name) {
            return Err(CannotAsk::Form("the request has a member twice"));
        }
    }
    if let Some(n) = body.get("n")
        && reader.again(n.value).unsigned()? != Some(1)
    {
        return Err(CannotAsk::Form("more than one answer is asked for"));
    }
    for name in ["tool_choice", "function_call"] {
        if let Some(choice) = body.get(name)
            && forces(reader, choice)?
        {
            return Err(CannotAsk::Form("the request forces a tool"));
        }
    }
    Ok(())
}

fn forces(reader: &Reader<'_>, choice: &Member) -> Result<bool, JsonError> {
    let mut mode = reader.again(choice.value).characters()?;
    if choice.kind == Kind::Object {
        let object = Object::at(reader, choice.value)?;
        if let Some(allowed) = object.get("allowed_tools") {
            mode = reader.again(allowed.value).member("mode", |r| r.characters())?;
        }
    }
    Ok(!matches!(mode.as_deref(), Some("auto" | "none")))
}

/// Offset behind the last message.
fn end_of_messages(reader: &Reader<'_>, body: &Object) -> Result<usize, CannotAsk> {
    let messages = body.get("messages").map(|messages| elements(reader, messages.value)).transpose()?;
    let Some(last) = messages.as_deref().and_then(<[_]>::last) else {
        return Err(CannotAsk::Form("the request has no messages"));
    };
    let role = reader.again(*last).member("role", |r| r.characters())?;
    match role.as_deref() {
        Some("assistant") => Err(CannotAsk::Form("the answer goes on from one that the request begins")),
        _ => Ok(last.end),
    }
}

/// An error as the result of each call, as messages.
fn results(turn: &Turn, notices: &[String]) -> Result<String, CannotAsk> {
    if turn.calls.is_empty() || turn.calls.len() != notices.len() {
        return Err(CannotAsk::Form("the calls of the answer are not those that were refused"));
    }
    let legacy = turn.calls.iter().filter(|call| call.carrier == Carrier::LegacyFunction).count();
    if legacy > 0 && turn.calls.len() > 1 {
        return Err(CannotAsk::Form("a function_call cannot have other calls beside it"));
    }
    let mut out = String::new();
    for (at, (call, notice)) in turn.calls.iter().zip(notices).enumerate() {
        let (role, key, named) = match call.carrier {
            Carrier::Custom | Carrier::Function => ("tool", "tool_call_id", &call.id),
            Carrier::LegacyFunction => ("function", "name", &call.name),
            Carrier::Hosted | Carrier::Unknown => {
                return Err(CannotAsk::Form("a call of this type has no result of the application"));
            }
        };
        let same = |other: &ToolCall<String>| other.id == call.id;
        let Some(named) = named.as_deref().filter(|named| !named.is_empty()) else {
            return Err(CannotAsk::Form("a call has no id"));
        };
        if turn.calls.iter().take(at).any(same) {
            return Err(CannotAsk::Form("two calls have the same id"));
        }
        let (named, notice) = (quoted(named), quoted(notice));
        out.push_str(&format!(r#",{{"role":"{role}","{key}":{named},"content":{notice}}}"#));
    }
    Ok(out)
}
