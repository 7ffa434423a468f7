//! Answers of Vertex AI as AI Studio gives them.
//!
//! Generated content is the same on both, but for the name of citations: in the recordings of both APIs no other member
//! differs that a client reads (Vertex AI adds `createTime` and `trafficType`, and leaves out an `index` of 0).

use std::borrow::Cow;

use memchr::memmem;
use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;
use wire::{array, sse};

use super::walk::{Message, Rule, Walk};
use crate::Framing;

/// A whole answer of `generateContent`.
pub(super) fn generate(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    if memmem::find(body, b"citationMetadata").is_none() {
        return Ok(Cow::Borrowed(body));
    }
    Walk::rewrite(&GENERATED, body)
}

/// An event of a stream, with its framing.
pub(super) fn event(framing: Framing, raw: &[u8]) -> Cow<'_, [u8]> {
    if memmem::find(raw, b"citationMetadata").is_none() && memmem::find(raw, b"\"error\"").is_none() {
        return Cow::Borrowed(raw);
    }
    let data = match framing {
        Framing::Array => array::element(raw),
        Framing::Whole => raw,
        Framing::Sse => match sse::event(raw).data {
            Some(Cow::Borrowed(data)) => data,
            // JSON over several lines is not what Vertex AI sends.
            Some(Cow::Owned(_)) | None => return Cow::Borrowed(raw),
        },
    };
    let Ok(Cow::Owned(new)) = Walk::rewrite(&GENERATED, data) else { return Cow::Borrowed(raw) };
    let Some(start) = memmem::find(raw, data) else { return Cow::Borrowed(raw) };
    let mut edits = Edits::default();
    edits.replace(Span { start, end: start.saturating_add(data.len()) }, new);
    edits.apply(raw).unwrap_or(Cow::Borrowed(raw))
}

/// An answer of `countTokens`.
pub(super) fn count_tokens(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    Walk::rewrite(&COUNTED, body)
}

/// A cached content.
pub(super) fn cached_content(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    Walk::rewrite(&CACHED_CONTENT, body)
}

/// A list of cached contents.
pub(super) fn cached_contents(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    Walk::rewrite(&CACHED_CONTENTS, body)
}

/// An error, in a list of one if a stream was asked for.
pub(super) fn error(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    Walk::rewrite(&FAILED, body)
}

/// The one element of a list; `None` if it is no list or has more.
pub(super) fn only_element(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body).ok()?;
    if reader.kind().ok()? != Kind::Array {
        return None;
    }
    let mut found = Vec::new();
    reader
        .array(|r| {
            found.push(r.value()?);
            Ok(())
        })
        .and_then(|()| reader.end())
        .ok()?;
    match found.as_slice() {
        [only] => Some(only.of(body)),
        _ => None,
    }
}

/// A message whose fields differ and nothing else.
const fn message(fields: &'static [(&'static str, Rule)]) -> Message {
    Message { fields, required: None, text: None }
}

static GENERATED: Message =
    message(&[("candidates", Rule::Many(&CANDIDATE)), ("error", Rule::One(&FAILURE))]);
static CANDIDATE: Message = message(&[("citationMetadata", Rule::One(&CITATION_METADATA))]);
static CITATION_METADATA: Message = message(&[("citations", Rule::Rename("citationSources"))]);
static COUNTED: Message = message(&[("totalBillableCharacters", Rule::Drop)]);
static CACHED_CONTENT: Message =
    message(&[("model", Rule::With(plain_names)), ("name", Rule::With(plain_names))]);
static CACHED_CONTENTS: Message = message(&[("cachedContents", Rule::Many(&CACHED_CONTENT))]);
static FAILED: Message = message(&[("error", Rule::One(&FAILURE))]);
static FAILURE: Message = message(&[("message", Rule::With(plain_names))]);

/// A string in which resources are named as on AI Studio: `models/…` and `cachedContents/…`.
fn plain_names(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    let Some(text) = r.string()? else { return Ok(()) };
    let raw = std::str::from_utf8(text.span.of(r.bytes())).unwrap_or_default();
    let mut offset = text.span.start;
    let mut rest = raw;
    while let Some(at) = next_name(rest) {
        let (before, name) = rest.split_at_checked(at).unwrap_or((rest, ""));
        offset = offset.saturating_add(before.len());
        let length = prefix(name);
        if length > 0 {
            walk.edits.remove(Span { start: offset, end: offset.saturating_add(length) });
        }
        // Past the prefix, or past its first letter if it is none.
        let step = length.max(1);
        offset = offset.saturating_add(step);
        rest = name.get(step..).unwrap_or_default();
    }
    Ok(())
}

const PUBLISHER: &str = "publishers/google/";

fn next_name(text: &str) -> Option<usize> {
    match (text.find("projects/"), text.find(PUBLISHER)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Length of what stands before the short name of a model or cached content; 0 if `text` does not start with one.
fn prefix(text: &str) -> usize {
    let rest = text.strip_prefix("projects/").and_then(segment);
    let rest = rest.and_then(|rest| rest.strip_prefix("locations/")).and_then(segment).unwrap_or(text);
    let rest = rest.strip_prefix(PUBLISHER).unwrap_or(rest);
    let is_short = rest.starts_with("models/") || rest.starts_with("cachedContents/");
    if is_short { text.len().saturating_sub(rest.len()) } else { 0 }
}

/// What follows the first segment.
fn segment(text: &str) -> Option<&str> {
    let (segment, rest) = text.split_once('/')?;
    segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':')).then_some(rest)
}
