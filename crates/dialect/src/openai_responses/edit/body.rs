//! A response object, and the lists of items in it with some taken out, replaced or added.

use model::Span;
use wire::json::{JsonError, Reader, decode};
use wire::splice::Edits;

use crate::openai_responses::item;

/// What an editor has to know of a response object, or of a list of items.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The whole value of `id`.
    pub(super) id: Option<Span>,
    /// `output` or `data`.
    pub(super) lists: Vec<List>,
    pub(super) status: Option<String>,
    pub(super) usage: Option<Span>,
}

/// A list of items.
#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Vec<Listed>,
    /// The whole array.
    span: Span,
}

/// An item of a list.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) call_id: Option<String>,
    pub(super) is_call: bool,
    /// It is the result of a call.
    pub(super) is_result: bool,
    pub(super) span: Span,
}

impl Listed {
    /// Whether it is the result of one of these calls.
    pub(super) fn answers_one_of(&self, calls: &[String]) -> bool {
        self.is_result && self.call_id.as_ref().is_some_and(|id| calls.contains(id))
    }
}

/// What becomes of an item.
#[derive(Debug)]
pub(super) enum Fate {
    /// It stays as it came.
    Keep,
    /// It is taken out.
    Remove,
    /// This item takes its place.
    Replace(String),
}

/// An item of the list as it shall be.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// The one that came at this place.
    Came(usize),
    /// Another one.
    New(&'a str),
}

/// Reads a response object.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Body, JsonError> {
    let mut body = Body::default();
    r.object(["id", "output", "data", "status", "usage"], |r, field| {
        match field {
            Some(0) => body.id = Some(r.value()?),
            Some(1 | 2) => body.lists.extend(list(r)?),
            Some(3) => body.status = r.characters()?.map(Into::into),
            Some(_) => body.usage = Some(r.value()?),
            None => r.skip()?,
        }
        Ok(())
    })?;
    Ok(body)
}

/// Reads a list of items; none if it is no array.
fn list(r: &mut Reader<'_>) -> Result<Option<List>, JsonError> {
    if r.kind()? != wire::json::Kind::Array {
        r.skip()?;
        return Ok(None);
    }
    let start = r.position();
    let mut items = Vec::new();
    r.array(|r| {
        items.push(listed(r)?);
        Ok(())
    })?;
    Ok(Some(List { items, span: Span { start, end: r.position() } }))
}

/// Reads an item.
pub(super) fn listed(r: &mut Reader<'_>) -> Result<Listed, JsonError> {
    let item = item::read(r)?;
    let is_call = item.call(r.bytes()).is_some();
    let call_id = item.call_id.or(item.id).map(|id| decode(r.bytes(), id).into_owned());
    Ok(Listed { call_id, is_call, is_result: !is_call && item.is_result(), span: item.span })
}

/// The text at a position of a body that was read, so that it is UTF-8.
pub(super) fn text(bytes: &[u8], span: Span) -> String {
    String::from_utf8_lossy(span.of(bytes)).into_owned()
}

/// The list as it shall be: `before` first, then the items as `fates` say, with each of `inserts` at its place among
/// them.
pub(super) fn arrange<'a>(
    fates: &'a [Fate],
    before: &'a [String],
    inserts: &[(usize, &'a str)],
) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = before.iter().map(|item| Entry::New(item)).collect();
    let mut inserts = inserts.iter().peekable();
    for (at, fate) in fates.iter().enumerate() {
        while let Some((_, item)) = inserts.next_if(|(place, _)| *place <= at) {
            entries.push(Entry::New(item));
        }
        match fate {
            Fate::Keep => entries.push(Entry::Came(at)),
            Fate::Remove => {}
            Fate::Replace(item) => entries.push(Entry::New(item)),
        }
    }
    entries.extend(inserts.map(|(_, item)| Entry::New(item)));
    entries
}

impl List {
    /// Makes the list what `entries` say. Items that stay keep their bytes, and what stood before them too.
    pub(super) fn rewrite(&self, bytes: &[u8], entries: &[Entry<'_>], edits: &mut Edits<'_>) {
        let came = entries.iter().enumerate().all(|(at, entry)| matches!(entry, Entry::Came(n) if *n == at));
        if came && entries.len() == self.items.len() {
            return;
        }
        let inner = self.span.start.saturating_add(1);
        let start = self.items.first().map_or(inner, |item| item.span.start);
        let end = self.items.last().map_or(start, |item| item.span.end);
        let mut list = Vec::new();
        for entry in entries {
            let (between, item) = match entry {
                Entry::Came(at) => {
                    let Some(item) = self.items.get(*at) else { continue };
                    let last = at.checked_sub(1).and_then(|last| self.items.get(last));
                    let between = last.map(|last| Span { start: last.span.end, end: item.span.start });
                    (between.map_or(b",".as_slice(), |between| between.of(bytes)), item.span.of(bytes))
                }
                Entry::New(item) => (b",".as_slice(), item.as_bytes()),
            };
            if !list.is_empty() {
                list.extend_from_slice(between);
            }
            list.extend_from_slice(item);
        }
        edits.replace(Span { start, end }, list);
    }
}
