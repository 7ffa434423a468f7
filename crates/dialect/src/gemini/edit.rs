//! Changing answers of Gemini, and asking again.
//!
//! Parts of a content have no index and events no number: what stands where is all there is. A model that called a
//! function stops with `STOP` as after a text, so that the reason need not be put right; only what explains it
//! (`finishMessage`) goes with a refused call, which it could repeat.

mod ask_again;
mod chunk;
mod join;
mod ruled;
mod stream;
mod usage;

use model::{Origin, RequestView, Span};
use serde_json::json;
use wire::json::{Fault, JsonError, Reader, decode};
use wire::splice::{Edits, SpliceError};

use self::chunk::Chunk;
use self::ruled::{Ruled, Told};
use super::GeminiGenerate;
use super::stream::ContentStream;
use crate::Target;
use crate::edit::{Answer, CannotAsk, Edit, Editor, Ruling};
use crate::stream::EventClass;

impl Edit for GeminiGenerate {
    fn editor(&self) -> Box<dyn Editor> {
        Box::<stream::ContentEditor>::default()
    }

    /// Events are not numbered, but clients know the order of parts from nothing else, and send it back.
    fn keeps_order(&self) -> bool {
        true
    }

    fn revise(&self, answer: &[u8], rulings: &[Ruling]) -> Result<Vec<u8>, JsonError> {
        if rulings.iter().all(Ruling::keeps) {
            return Ok(answer.to_vec());
        }
        let mut stream = ContentStream::whole();
        let mut class = EventClass::default();
        let mut reader = Reader::new(answer)?;
        stream.chunk(&mut reader, &mut class)?;
        reader.end()?;
        let view = stream.into_view();
        let ruled = Ruled { calls: &view.calls, places: &class.places, rulings };
        let mut edits = Edits::default();
        Chunk::read(answer)?.cut(answer, &ruled, &mut Told::default(), &mut edits);
        spliced(&edits, answer)
    }

    /// The whole part gives way: beside `response` a function may answer with pictures and files in `parts`.
    fn withhold(
        &self,
        request: &[u8],
        view: &RequestView,
        result: usize,
        words: &str,
    ) -> Option<(Span, Vec<u8>)> {
        let answered = view.results.get(result)?;
        let part = view.segments.iter().find(|segment| segment.origin == Origin::Tool(result))?;
        let mut response = json!({ "response": { "error": words } });
        let members = response.as_object_mut()?;
        for (name, text) in [("id", answered.call_id), ("name", answered.name)] {
            if let Some(text) = text {
                members.insert(name.to_owned(), decode(request, text).into());
            }
        }
        Some((part.content, json!({ "functionResponse": response }).to_string().into_bytes()))
    }

    fn join(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, JsonError> {
        join::join(first, second)
    }

    fn ask_again(
        &self,
        _: Target<'_>,
        request: &[u8],
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Vec<u8>, CannotAsk> {
        ask_again::ask_again(request, answer, notices)
    }
}

/// `bytes` with the edits made.
fn spliced(edits: &Edits<'_>, bytes: &[u8]) -> Result<Vec<u8>, JsonError> {
    match edits.apply(bytes) {
        Ok(new) => Ok(new.into_owned()),
        // Edits of one walk cannot overlap; if they did, nothing would go out.
        Err(SpliceError::Outside(offset) | SpliceError::Overlap(offset)) => {
            Err(JsonError { fault: Fault::Syntax, offset })
        }
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A part that says `text`.
fn text_part(text: &str) -> Vec<u8> {
    format!(r#"{{"text":{}}}"#, quoted(text)).into_bytes()
}

#[cfg(test)]
mod tests;
