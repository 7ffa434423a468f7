//! Reading an answer that came in one piece.

use std::borrow::Cow;

use model::{ResponseView, Usage};
use wire::json::{JsonError, Kind, Reader};

use super::stream::ContentStream;
use crate::stream::EventClass;

/// Reads the body of an answer: what a stream sends in pieces, in one.
pub(super) fn read(body: &[u8]) -> Result<ResponseView, JsonError> {
    let mut stream = ContentStream::whole();
    let mut reader = Reader::new(body)?;
    stream.chunk(&mut reader, &mut EventClass::default())?;
    reader.end()?;
    Ok(stream.into_view())
}

/// `usageMetadata`. Every chunk repeats it with what is known by then; reasoning counts as output.
pub(super) fn usage(r: &mut Reader<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    let (mut answer, mut thoughts) = (None, None);
    let fields =
        ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount"];
    r.object(fields, |r, field| {
        match field {
            Some(0) => usage.input_tokens = r.unsigned()?.or(usage.input_tokens),
            Some(1) => answer = r.unsigned()?,
            Some(2) => thoughts = r.unsigned()?,
            Some(3) => usage.cached_tokens = r.unsigned()?.or(usage.cached_tokens),
            _ => r.skip()?,
        }
        Ok(())
    })?;
    if answer.is_some() || thoughts.is_some() {
        usage.output_tokens = Some(answer.unwrap_or(0).saturating_add(thoughts.unwrap_or(0)));
    }
    Ok(())
}

/// The `status` of an error object. `null` is none.
pub(super) fn error(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    word(r, ["status"], "error")
}

/// The reason why a prompt got no answer.
pub(super) fn block_reason(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    if r.kind()? != Kind::Object {
        r.skip()?;
        return Ok(None);
    }
    let mut reason = None;
    r.object(["blockReason", "block_reason"], |r, field| match field {
        Some(_) => {
            reason = r.characters()?;
            Ok(())
        }
        None => r.skip(),
    })?;
    Ok(reason.map(Cow::into_owned))
}

fn word(r: &mut Reader<'_>, field: [&str; 1], otherwise: &str) -> Result<Option<String>, JsonError> {
    if r.kind()? == Kind::Null {
        r.skip()?;
        return Ok(None);
    }
    let mut word = None;
    r.object(field, |r, field| match field {
        Some(_) => {
            word = r.characters()?;
            Ok(())
        }
        None => r.skip(),
    })?;
    Ok(Some(word.map_or_else(|| otherwise.to_owned(), Into::into)))
}
