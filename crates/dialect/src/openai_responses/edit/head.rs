//! What an editor has to know of an event.

use std::borrow::Cow;

use model::Span;
use wire::json::{JsonError, Reader};

/// Members of an event, with their positions.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) index: Option<(u64, Span)>,
    pub(super) item: Option<Span>,
    /// Its `type`.
    pub(super) kind: Option<Cow<'a, str>>,
    /// Has passed the event.
    pub(super) reader: Reader<'a>,
    pub(super) response: Option<Span>,
    pub(super) sequence: Option<(u64, Span)>,
}

/// Reads the data of an event.
pub(super) fn read(data: &[u8]) -> Result<Head<'_>, JsonError> {
    let mut reader = Reader::new(data)?;
    let (mut index, mut item, mut kind, mut response, mut sequence) = (None, None, None, None, None);
    reader.object(["type", "sequence_number", "output_index", "item", "response"], |r, field| {
        match field {
            Some(0) => kind = r.characters()?,
            Some(1) => sequence = number(r)?,
            Some(2) => index = number(r)?,
            Some(3) => item = Some(r.value()?),
            Some(_) => response = Some(r.value()?),
            None => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(Head { index, item, kind, reader, response, sequence })
}

fn number(r: &mut Reader<'_>) -> Result<Option<(u64, Span)>, JsonError> {
    r.kind()?;
    let start = r.position();
    let number = r.unsigned()?;
    Ok(number.map(|number| (number, Span { start, end: r.position() })))
}

/// Whether it is what some servers end every stream with, as they end a chat's.
pub(super) fn is_done(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]"
}
