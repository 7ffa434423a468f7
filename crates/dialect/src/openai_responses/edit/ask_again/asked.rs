//! What has to be known of a request to ask again.

use model::Span;
use wire::json::{JsonError, Kind, Reader};

use crate::edit::CannotAsk;
use crate::openai_responses::item;
use crate::openai_responses::items::Class;

/// A request that can be made again.
#[derive(Debug)]
pub(super) struct Asked {
    /// The provider keeps the conversation and adds to it.
    pub(super) conversation: bool,
    /// The provider keeps nothing of the answer.
    pub(super) forgets: bool,
    pub(super) input: Input,
}

/// `input`.
#[derive(Debug)]
pub(super) enum Input {
    /// A list.
    Items {
        /// It has an item.
        any: bool,
        /// The whole list.
        span: Span,
    },
    /// There is none. The first member would stand at `at`; `last` if it would be the only one.
    Missing {
        /// Behind the brace that opens the request.
        at: usize,
        /// No other member follows.
        last: bool,
    },
    /// It is `null`.
    Nothing(Span),
    /// The person's words.
    Text(Span),
}

/// Reads a request.
pub(super) fn read(request: &[u8]) -> Result<Asked, CannotAsk> {
    let mut reader = Reader::new(request)?;
    if reader.kind()? != Kind::Object {
        return Err(CannotAsk::Form("the request is no object"));
    }
    let at = reader.position().saturating_add(1);
    let (mut background, mut conversation, mut forced, mut store, mut input) =
        (false, false, false, None, None);
    let mut last = true;
    reader.object(["input", "conversation", "background", "tool_choice", "store"], |r, field| {
        last = false;
        match field {
            Some(0) => input = Some((r.kind()?, r.value()?)),
            Some(1) => conversation = !is_null(r)?,
            Some(2) => background = r.boolean()? == Some(true),
            Some(3) => forced = forces(r)?,
            Some(_) => store = r.boolean()?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    if background {
        return Err(CannotAsk::Form("the answer is made in the background"));
    }
    if forced {
        return Err(CannotAsk::Form("the request forces a tool"));
    }
    let input = match input {
        None => Input::Missing { at, last },
        Some((Kind::Array, span)) => Input::Items { any: items(&mut reader, span)?, span },
        Some((Kind::Null, span)) => Input::Nothing(span),
        Some((Kind::String, span)) => Input::Text(span),
        Some((Kind::Bool | Kind::Number | Kind::Object, _)) => {
            return Err(CannotAsk::Form("the input is neither text nor a list"));
        }
    };
    Ok(Asked { conversation, forgets: store == Some(false), input })
}

/// Whether a list has items.
fn items(reader: &mut Reader<'_>, span: Span) -> Result<bool, CannotAsk> {
    let mut last = None;
    reader.revisit(span, |r| {
        r.array(|r| {
            last = Some(r.value()?);
            Ok(())
        })
    })?;
    let Some(last) = last else { return Ok(false) };
    let item = item::read(&mut reader.again(last))?;
    if item.class() == Some(Class::Message) && item.role.as_deref() == Some("assistant") {
        return Err(CannotAsk::Form("the conversation ends with words of the assistant"));
    }
    Ok(true)
}

fn is_null(r: &mut Reader<'_>) -> Result<bool, JsonError> {
    let kind = r.kind()?;
    r.skip()?;
    Ok(kind == Kind::Null)
}

/// Whether a `tool_choice` makes the model call a tool. What is not known does.
fn forces(r: &mut Reader<'_>) -> Result<bool, JsonError> {
    match r.kind()? {
        Kind::Null => r.skip().map(|()| false),
        Kind::String => Ok(!matches!(r.characters()?.as_deref(), Some("auto" | "none"))),
        Kind::Array | Kind::Bool | Kind::Number | Kind::Object => {
            let (mut allowed, mut auto) = (false, false);
            r.object(["type", "mode"], |r, field| {
                match field {
                    Some(0) => allowed = r.characters()?.as_deref() == Some("allowed_tools"),
                    Some(_) => auto = r.characters()?.as_deref() == Some("auto"),
                    None => r.skip()?,
                }
                Ok(())
            })?;
            Ok(!(allowed && auto))
        }
    }
}
