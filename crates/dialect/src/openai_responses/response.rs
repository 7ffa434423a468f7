//! Members of a response object, and what streamed pieces of it are.

use std::borrow::Cow;

use model::{OutputKind, Usage};
use wire::json::{JsonError, Kind, Reader};

use super::items::{Class, Row};

/// `usage`. Read over what was said before, for `null` says nothing.
pub(super) fn usage(r: &mut Reader<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    r.object(["input_tokens", "output_tokens", "input_tokens_details"], |r, field| {
        match field {
            Some(0) => usage.input_tokens = r.unsigned()?.or(usage.input_tokens),
            Some(1) => usage.output_tokens = r.unsigned()?.or(usage.output_tokens),
            Some(_) => r.object(["cached_tokens"], |r, field| match field {
                Some(_) => {
                    usage.cached_tokens = r.unsigned()?.or(usage.cached_tokens);
                    Ok(())
                }
                None => r.skip(),
            })?,
            None => r.skip()?,
        }
        Ok(())
    })
}

/// `conversation`: an object with an `id`, or the id itself.
pub(super) fn conversation(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    let id = if r.kind()? == Kind::Object { word(r, "id")? } else { r.characters()? };
    Ok(id.map(Cow::into_owned))
}

/// One member of an object.
pub(super) fn word<'a>(r: &mut Reader<'a>, member: &str) -> Result<Option<Cow<'a, str>>, JsonError> {
    let mut word = None;
    r.object([member], |r, field| match field {
        Some(_) => {
            word = r.characters()?;
            Ok(())
        }
        None => r.skip(),
    })?;
    Ok(word)
}

/// What the `delta` of events with this subject says, if it is output; `row` is the item that they speak of.
pub(super) fn said(subject: &str, row: Option<&Row>) -> Option<OutputKind> {
    let stem = subject.split('.').next().unwrap_or_default();
    match (stem, row.map(|row| row.class)) {
        ("output_text" | "refusal", _) => Some(OutputKind::Text),
        ("audio" | "output_audio", _) => Some(OutputKind::Media),
        (_, Some(Class::Reasoning)) => Some(OutputKind::Reasoning),
        _ => None,
    }
}
