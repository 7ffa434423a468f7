//! Reading an answer that came in one piece.

use model::{OutputKind, ResponseView, Usage};
use wire::json::{JsonError, Kind, Reader};

use super::{owned, request};

/// Reads the body of an answer.
pub(super) fn read(body: &[u8]) -> Result<ResponseView, JsonError> {
    let mut view = ResponseView::default();
    let mut reader = Reader::new(body)?;
    reader.object(["id", "model", "choices", "usage", "error"], |r, field| {
        match field {
            Some(0) => view.id = r.characters()?.map(Into::into),
            Some(1) => view.model = r.characters()?.map(Into::into),
            Some(2) => {
                let mut position = 0;
                r.array(|r| {
                    choice(r, &mut view, position)?;
                    position = position.saturating_add(1);
                    Ok(())
                })?;
            }
            Some(3) => usage(r, &mut view.usage)?,
            Some(4) => view.error = error(r)?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(view)
}

/// One of `choices`; its `index`, if it has one, may stand behind its message.
fn choice(r: &mut Reader<'_>, view: &mut ResponseView, position: u32) -> Result<(), JsonError> {
    let (first_call, first_segment) = (view.calls.len(), view.segments.len());
    let (mut index, mut reason) = (position, None);
    // A segment of its own even if the neighbour choice ended with the same kind.
    let provisional = u32::MAX;
    r.object(["index", "message", "finish_reason"], |r, field| {
        match field {
            Some(0) => index = r.unsigned()?.and_then(|i| u32::try_from(i).ok()).unwrap_or(position),
            Some(1) => message(r, view, provisional)?,
            Some(2) => reason = r.characters()?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    view.calls.iter_mut().skip(first_call).for_each(|call| call.alternative = index);
    view.segments.iter_mut().skip(first_segment).for_each(|segment| segment.alternative = index);
    if let Some(reason) = reason {
        view.stop(index, reason.into());
    }
    Ok(())
}

fn message(r: &mut Reader<'_>, view: &mut ResponseView, alternative: u32) -> Result<(), JsonError> {
    r.object(
        [
            "tool_calls",
            "function_call",
            "content",
            "refusal",
            "reasoning_content",
            "reasoning",
            "audio",
            "images",
        ],
        |r, field| {
            let kind = match field {
                Some(0) => {
                    return r.array(|r| {
                        let call = request::call(r, alternative)?;
                        view.calls.push(owned(call, r.bytes()));
                        Ok(())
                    });
                }
                Some(1) if r.kind()? == Kind::Object => {
                    let call = request::legacy(r, alternative)?;
                    view.calls.push(owned(call, r.bytes()));
                    return Ok(());
                }
                Some(2 | 3) => OutputKind::Text,
                Some(4 | 5) => OutputKind::Reasoning,
                Some(6 | 7) => OutputKind::Media,
                _ => return r.skip(),
            };
            output(r, view, kind, alternative)?;
            Ok(())
        },
    )
}

/// Counts a piece of output; whether there is any. `null` and the empty string are none.
pub(super) fn output(
    r: &mut Reader<'_>,
    view: &mut ResponseView,
    kind: OutputKind,
    alternative: u32,
) -> Result<bool, JsonError> {
    let bytes = match r.kind()? {
        Kind::Null => {
            r.skip()?;
            0
        }
        Kind::String => r.string()?.map_or(0, |text| text.span.len()),
        Kind::Array | Kind::Bool | Kind::Number | Kind::Object => r.value()?.len(),
    };
    if bytes > 0 {
        view.output(kind, alternative, bytes);
    }
    Ok(bytes > 0)
}

/// `usage`. Read over what an earlier chunk said, for `null` says nothing.
pub(super) fn usage(r: &mut Reader<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    r.object(["prompt_tokens", "completion_tokens", "prompt_tokens_details"], |r, field| {
        match field {
            Some(0) => usage.input_tokens = r.unsigned()?.or(usage.input_tokens),
            Some(1) => usage.output_tokens = r.unsigned()?.or(usage.output_tokens),
            Some(2) => r.object(["cached_tokens"], |r, field| match field {
                Some(_) => {
                    usage.cached_tokens = r.unsigned()?.or(usage.cached_tokens);
                    Ok(())
                }
                None => r.skip(),
            })?,
            _ => r.skip()?,
        }
        Ok(())
    })
}

/// The word for an error: its `code`, else its `type`, else just `error`. `null` is none.
pub(crate) fn error(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    if r.kind()? == Kind::Null {
        r.skip()?;
        return Ok(None);
    }
    let (mut code, mut kind) = (None, None);
    r.object(["code", "type"], |r, field| {
        match field {
            Some(0) => code = r.characters()?,
            Some(1) => kind = r.characters()?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(code.or(kind).map_or_else(|| "error".to_owned(), Into::into)))
}
