//! The request with the answer and an error for each of its calls.

use model::{Carrier, ResponseView, Span};
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

use super::chunk::{Chunk, says_something};
use super::{quoted, spliced};
use crate::edit::{Answer, CannotAsk};
use crate::gemini::part::{Part, PartKind};
use crate::gemini::stream::ContentStream;
use crate::stream::StreamReader;

/// The request for the next answer.
pub(super) fn ask_again(
    request: &[u8],
    answer: Answer<'_>,
    notices: &[String],
) -> Result<Vec<u8>, CannotAsk> {
    let conversation = conversation(request)?;
    let turn = turn(answer, notices)?;
    let mut edits = Edits::default();
    match conversation {
        Conversation::List { end } => edits.insert(end, [b",".as_slice(), &turn].concat()),
        Conversation::One(at) => {
            edits.insert(at.start, b"[".as_slice());
            edits.insert(at.end, [b",".as_slice(), &turn, b"]"].concat());
        }
    }
    Ok(spliced(&edits, request)?)
}

/// Where turns are added.
enum Conversation {
    /// `contents` is a list whose last element ends there.
    List { end: usize },
    /// It is one content, which the API takes for a list of one.
    One(Span),
}

fn conversation(request: &[u8]) -> Result<Conversation, CannotAsk> {
    let mut reader = Reader::new(request)?;
    let (mut contents, mut role, mut several, mut forced) = (None, None, false, false);
    let fields = ["contents", "generationConfig", "generation_config", "toolConfig", "tool_config"];
    reader.object(fields, |r, field| match field {
        Some(0) => {
            let kind = r.kind()?;
            let start = r.position();
            let mut last = start;
            if kind == Kind::Array {
                r.array(|r| {
                    role = self::role(r)?;
                    last = r.position();
                    Ok(())
                })?;
            } else {
                role = self::role(r)?;
            }
            contents = Some((kind, last, Span { start, end: r.position() }));
            Ok(())
        }
        Some(1 | 2) => {
            several |= has_several(r)?;
            Ok(())
        }
        Some(_) => {
            forced |= is_forced(r)?;
            Ok(())
        }
        None => r.skip(),
    })?;
    reader.end()?;
    let form = match (several, forced, role.as_deref()) {
        (true, ..) => "the request asks for several candidates",
        (_, true, _) => "the request forces a call of a function",
        (.., Some("" | "function" | "user") | None) => "",
        (.., Some(_)) => "the conversation does not end with the user's turn",
    };
    if !form.is_empty() {
        return Err(CannotAsk::Form(form));
    }
    match contents {
        Some((Kind::Array, end, list)) if end > list.start => Ok(Conversation::List { end }),
        Some((Kind::Object, _, one)) => Ok(Conversation::One(one)),
        _ => Err(CannotAsk::Form("the request has no contents")),
    }
}

/// The role of a content.
fn role(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    Ok(r.member("role", Reader::characters)?.map(Into::into))
}

/// Whether a `generationConfig` asks for more than one candidate, or for a number that is not understood.
fn has_several(r: &mut Reader<'_>) -> Result<bool, JsonError> {
    let mut several = false;
    r.object(["candidateCount", "candidate_count"], |r, field| {
        let value = r.value()?;
        let one = matches!(value.of(r.bytes()), b"null" | b"1" | br#""1""#);
        several |= field.is_some() && !one;
        Ok(())
    })?;
    Ok(several)
}

/// Whether a `toolConfig` lets the model not answer in words: with `ANY`, or a mode that is not known.
fn is_forced(r: &mut Reader<'_>) -> Result<bool, JsonError> {
    let mut forced = false;
    r.object(["functionCallingConfig", "function_calling_config"], |r, field| match field {
        Some(_) => r.object(["mode"], |r, field| {
            let value = r.value()?;
            let free = matches!(
                value.of(r.bytes()),
                b"null" | br#""AUTO""# | br#""MODE_UNSPECIFIED""# | br#""NONE""# | br#""VALIDATED""#
            );
            forced |= field.is_some() && !free;
            Ok(())
        }),
        None => r.skip(),
    })?;
    Ok(forced)
}

/// The model's turn and the results of its calls.
fn turn(answer: Answer<'_>, notices: &[String]) -> Result<Vec<u8>, CannotAsk> {
    let mut stream = ContentStream::default();
    let events: Vec<&[u8]> = match answer {
        Answer::Events(events) => events.iter().map(|(_, data)| data.as_slice()).collect(),
        Answer::Whole(data) => {
            stream = ContentStream::whole();
            vec![data]
        }
    };
    let (mut parts, mut results) = (Vec::new(), Vec::new());
    for data in events {
        if stream.event(None, data).unreadable {
            return Err(CannotAsk::Form("the answer has something that is not known"));
        }
        for candidate in Chunk::read(data)?.candidates {
            if candidate.alternative != 0 {
                return Err(CannotAsk::Form("the answer has several candidates"));
            }
            // An empty text is refused in a request.
            for part in candidate.parts.iter().filter(|part| says_something(part)) {
                parts.push(part.span.of(data).to_vec());
                if matches!(part.kind, PartKind::Call(_)) {
                    let notice = notices.get(results.len());
                    let notice = notice.ok_or(CannotAsk::Form("a call has no notice"))?;
                    results.push(result(part, data, notice)?);
                }
            }
        }
    }
    check(stream.view(), results.len())?;
    let (parts, results) = (parts.join(b",".as_slice()), results.join(b",".as_slice()));
    Ok([
        br#"{"role":"model","parts":["#.as_slice(),
        &parts,
        br#"]},{"role":"user","parts":["#,
        &results,
        b"]}",
    ]
    .concat())
}

/// Whether the answer is a complete one that does nothing but call functions of the application.
fn check(view: &ResponseView, results: usize) -> Result<(), CannotAsk> {
    let form = if view.error.is_some() {
        "the answer has an error"
    } else if view.stops.is_empty() || view.stops.iter().any(|stop| stop.reason != "STOP") {
        "the answer was cut off"
    } else if view.calls.is_empty() || view.calls.len() != results {
        "the answer has no calls, or calls in pieces"
    } else if view.calls.iter().any(|call| call.carrier != Carrier::Function) {
        "the provider ran a tool itself"
    } else {
        return Ok(());
    };
    Err(CannotAsk::Form(form))
}

/// A `functionResponse` with an error, which names the call as the model did.
fn result(part: &Part, data: &[u8], notice: &str) -> Result<Vec<u8>, CannotAsk> {
    // Arguments are an object, pieces of them a list.
    let listed = part.arguments.is_some_and(|arguments| arguments.span.of(data).starts_with(b"["));
    let Some(name) = part.name.filter(|_| !part.continues && !listed) else {
        return Err(CannotAsk::Form("a call came in pieces"));
    };
    let mut result = br#"{"functionResponse":{"#.to_vec();
    for (key, text) in [("id", part.id), ("name", Some(name))] {
        let Some(text) = text else { continue };
        result.extend_from_slice(format!(r#""{key}":""#).as_bytes());
        result.extend_from_slice(text.span.of(data));
        result.extend_from_slice(br#"","#);
    }
    result.extend_from_slice(format!(r#""response":{{"error":{}}}}}}}"#, quoted(notice)).as_bytes());
    Ok(result)
}
