//! Reading an answer that came in one piece.

use model::{ResponseView, Usage};
use wire::json::{JsonError, Kind, Reader};

use super::block::{self, BlockKind};
use crate::edit::Places;
use crate::openai_chat::owned;

/// Reads the body of an answer.
pub(super) fn read(body: &[u8]) -> Result<ResponseView, JsonError> {
    let mut view = ResponseView::default();
    let mut reader = Reader::new(body)?;
    message(&mut reader, &mut view, &mut Places::new())?;
    reader.end()?;
    Ok(view)
}

/// A message object, also as it stands in `message_start`. Where its calls stand is added to `places`.
pub(super) fn message(
    r: &mut Reader<'_>,
    view: &mut ResponseView,
    places: &mut Places,
) -> Result<(), JsonError> {
    r.object(["id", "model", "content", "stop_reason", "usage", "error"], |r, field| {
        match field {
            Some(0) => view.id = r.characters()?.map(Into::into),
            Some(1) => view.model = r.characters()?.map(Into::into),
            Some(2) => r.array(|r| content_block(r, view, places))?,
            Some(3) => {
                stop(r, view)?;
            }
            Some(4) => usage(r, &mut view.usage)?,
            Some(5) => view.error = error(r)?,
            _ => r.skip()?,
        }
        Ok(())
    })
}

fn content_block(r: &mut Reader<'_>, view: &mut ResponseView, places: &mut Places) -> Result<(), JsonError> {
    let block = block::read(r)?;
    if let BlockKind::Call(carrier) = block.kind {
        places.push((view.calls.len(), block.span));
        view.calls.push(owned(block.call(carrier), r.bytes()));
    } else if let Some((kind, bytes)) = block.output() {
        view.output(kind, 0, bytes);
    }
    Ok(())
}

/// `stop_reason`; `null` while the answer goes on. Whether there is one.
pub(super) fn stop(r: &mut Reader<'_>, view: &mut ResponseView) -> Result<bool, JsonError> {
    let Some(reason) = r.characters()? else { return Ok(false) };
    view.stop(0, reason.into());
    Ok(true)
}

/// `usage`. In a stream it comes twice, and the later one says more of the output.
pub(super) fn usage(r: &mut Reader<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    r.object(["input_tokens", "output_tokens", "cache_read_input_tokens"], |r, field| {
        match field {
            Some(0) => usage.input_tokens = r.unsigned()?.or(usage.input_tokens),
            Some(1) => usage.output_tokens = r.unsigned()?.or(usage.output_tokens),
            Some(2) => usage.cached_tokens = r.unsigned()?.or(usage.cached_tokens),
            _ => r.skip()?,
        }
        Ok(())
    })
}

/// The `type` of an error object. `null` is none.
pub(super) fn error(r: &mut Reader<'_>) -> Result<Option<String>, JsonError> {
    if r.kind()? == Kind::Null {
        r.skip()?;
        return Ok(None);
    }
    let kind = r.member("type", |r| r.characters())?;
    Ok(Some(kind.map_or_else(|| "error".to_owned(), Into::into)))
}
