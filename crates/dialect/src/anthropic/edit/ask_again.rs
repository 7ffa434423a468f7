//! Telling the model of refusals, and asking it again.

use std::collections::HashSet;

use model::{Carrier, OutputKind, ResponseView, ToolCall};
use wire::json::{JsonError, Kind, Reader, check};
use wire::splice::Edits;

use super::turn;
use crate::anthropic::{response, stream::MessageStream};
use crate::{Answer, CannotAsk, StreamReader};

/// What matters of the request.
#[derive(Debug, Default)]
struct Asked {
    /// Where its last message ends.
    end: Option<usize>,
    /// `tool_choice` leaves it to the model whether it calls a tool.
    is_free: bool,
    /// Its last message is the beginning of the answer.
    prefilled: bool,
}

/// The request with the answer, and `notices` as the results of its calls, at the end of its messages.
pub(super) fn ask_again(
    request: &[u8],
    answer: Answer<'_>,
    notices: &[String],
) -> Result<Vec<u8>, CannotAsk> {
    let asked = Asked::read(request)?;
    if !asked.is_free {
        return Err(CannotAsk::Form("the request forces a tool call"));
    }
    if asked.prefilled {
        return Err(CannotAsk::Form("the request begins the answer"));
    }
    let Some(end) = asked.end else { return Err(CannotAsk::Form("the request has no messages")) };
    let view = match answer {
        Answer::Events(events) => view_of(events)?,
        Answer::Whole(body) => response::read(body)?,
    };
    check_answer(&view)?;
    let results = results(&view, notices)?;
    let blocks = match answer {
        Answer::Events(events) => turn::of_events(events)?,
        Answer::Whole(body) => turn::of_whole(body)?,
    };
    let mut turns = br#",{"role":"assistant","content":["#.to_vec();
    turns.extend(blocks.join(b",".as_slice()));
    turns.extend_from_slice(br#"]},{"role":"user","content":["#);
    turns.extend_from_slice(results.join(",").as_bytes());
    turns.extend_from_slice(b"]}");
    let mut edits = Edits::default();
    edits.insert(end, turns);
    Ok(super::apply(&edits, request)?)
}

impl Asked {
    fn read(request: &[u8]) -> Result<Self, JsonError> {
        let mut asked = Self { is_free: true, ..Self::default() };
        let mut reader = Reader::new(request)?;
        reader.object(["messages", "tool_choice"], |r, field| match field {
            Some(0) => r.array(|r| {
                let role = r.member("role", |r| r.characters())?;
                asked.prefilled = role.as_deref() == Some("assistant");
                asked.end = Some(r.position());
                Ok(())
            }),
            Some(_) => {
                let is_null = r.kind()? == Kind::Null;
                let choice = r.member("type", |r| r.characters())?;
                asked.is_free = is_null || matches!(choice.as_deref(), Some("auto" | "none"));
                Ok(())
            }
            None => r.skip(),
        })?;
        reader.end()?;
        Ok(asked)
    }
}

/// What the events say, if they are a whole answer and nothing in them is strange.
fn view_of(events: &[(Option<Vec<u8>>, Vec<u8>)]) -> Result<ResponseView, CannotAsk> {
    let mut reader = MessageStream::default();
    for (name, data) in events {
        if reader.event(name.as_deref(), data).unreadable {
            return Err(CannotAsk::Form("the answer has an event that cannot be read"));
        }
    }
    if !reader.is_finished() {
        return Err(CannotAsk::Form("the answer was cut off"));
    }
    Ok(reader.view().clone())
}

fn check_answer(view: &ResponseView) -> Result<(), CannotAsk> {
    if view.error.is_some() {
        return Err(CannotAsk::Form("the answer is an error"));
    }
    if view.stops.last().is_none_or(|stop| stop.reason != "tool_use") {
        return Err(CannotAsk::Form("the answer did not stop for its calls"));
    }
    let strange = [OutputKind::HostedTool, OutputKind::Unknown];
    if view.segments.iter().any(|segment| strange.contains(&segment.kind)) {
        return Err(CannotAsk::Form("the answer has blocks that cannot be sent back"));
    }
    Ok(())
}

/// An error result for each call.
fn results(view: &ResponseView, notices: &[String]) -> Result<Vec<String>, CannotAsk> {
    if view.calls.is_empty() || view.calls.len() != notices.len() {
        return Err(CannotAsk::Form("calls and notices do not match"));
    }
    let mut ids = HashSet::new();
    let results = view.calls.iter().zip(notices).map(|(call, notice)| {
        let id = answerable(call)?;
        if !ids.insert(id) {
            return Err(CannotAsk::Form("two calls have the same id"));
        }
        let (id, notice) = (super::quoted(id), super::quoted(notice));
        Ok(format!(r#"{{"type":"tool_result","tool_use_id":{id},"content":{notice},"is_error":true}}"#))
    });
    results.collect()
}

/// The id of a call that the API takes back and takes a result for.
fn answerable(call: &ToolCall<String>) -> Result<&str, CannotAsk> {
    if call.carrier != Carrier::Function {
        return Err(CannotAsk::Form("the provider runs a tool of the answer"));
    }
    let (Some(id), Some(_)) = (&call.id, &call.name) else {
        return Err(CannotAsk::Form("a call has no id or no name"));
    };
    let arguments = call.arguments.as_deref().unwrap_or_default().trim();
    if !arguments.is_empty() && (!arguments.starts_with('{') || check(arguments.as_bytes()).is_err()) {
        return Err(CannotAsk::Form("the arguments of a call are no JSON object"));
    }
    Ok(id)
}
