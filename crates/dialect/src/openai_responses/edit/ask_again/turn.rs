//! The turn as the model wrote it: the items of an answer.

use model::Span;
use wire::json::Reader;

use crate::edit::{Answer, CannotAsk, Places};
use crate::openai_responses::edit::body;
use crate::openai_responses::edit::head;
use crate::openai_responses::stream::{ResponseStream, read_whole};
use crate::stream::StreamReader;

const UNFINISHED: CannotAsk = CannotAsk::Form("the answer is not complete");

/// An answer's items.
#[derive(Debug)]
pub(super) struct Turn {
    /// Each item as it was written, with the position of its call in the view if it is one.
    pub(super) items: Vec<(String, Option<usize>)>,
}

/// Reads an answer.
pub(super) fn read(answer: Answer<'_>) -> Result<Turn, CannotAsk> {
    let items = match answer {
        Answer::Events(events) => of_events(events)?,
        Answer::Whole(bytes) => {
            if read_whole(bytes)?.error.is_some() {
                return Err(UNFINISHED);
            }
            let mut reader = Reader::new(bytes)?;
            of_body(&mut reader, None)?
        }
    };
    Ok(Turn { items })
}

/// The items that a response object has; of a stream, `places` are those of the calls.
fn of_body(r: &mut Reader<'_>, places: Option<&Places>) -> Result<Vec<(String, Option<usize>)>, CannotAsk> {
    let body = body::read(r)?;
    if body.status.is_some_and(|status| status != "completed") {
        return Err(UNFINISHED);
    }
    let mut calls = 0..;
    let mut place = |span: Span, is_call: bool| match places {
        Some(places) => places.iter().find(|(_, place)| *place == span).map(|(call, _)| *call),
        None => is_call.then(|| calls.next()).flatten(),
    };
    let items = body.lists.first().into_iter().flat_map(|list| &list.items);
    Ok(items.map(|item| (body::text(r.bytes(), item.span), place(item.span, item.is_call))).collect())
}

/// The items that events tell: those that the last one repeats, or each as it was finished.
fn of_events(events: &[(Option<Vec<u8>>, Vec<u8>)]) -> Result<Vec<(String, Option<usize>)>, CannotAsk> {
    let mut stream = ResponseStream::default();
    let mut done = Vec::new();
    let mut repeated = None;
    for (name, data) in events {
        let class = stream.event(name.as_deref(), data);
        if class.error || class.unreadable {
            return Err(CannotAsk::Form("the answer has an error, or cannot be read"));
        }
        if head::is_done(data) {
            continue;
        }
        let head = head::read(data)?;
        let kind = head.kind.or_else(|| name.as_deref().map(String::from_utf8_lossy)).unwrap_or_default();
        if let (Some(response), true) = (head.response, class.turn_ended) {
            repeated = Some(of_body(&mut head.reader.again(response), Some(&class.places))?);
        } else if let (Some(item), "response.output_item.done") = (head.item, kind.as_ref()) {
            let place = head.index.map_or(u64::MAX, |(place, _)| place);
            done.push((place, (body::text(data, item), class.call_parts.first().copied())));
        }
    }
    let repeated = repeated.ok_or(UNFINISHED)?;
    if !repeated.is_empty() {
        return Ok(repeated);
    }
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, item)| item).collect())
}
