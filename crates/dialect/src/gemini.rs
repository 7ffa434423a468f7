//! Gemini (`models/{model}:generateContent` and `:streamGenerateContent`, Gemini API reference, "Generating
//! content"). Field names come in lower camel case or with underscores, as protocol buffers' JSON allows.

mod edit;
mod items;
mod part;
mod request;
mod response;
mod stream;
pub mod vertex;

use model::{RequestView, ResponseView};
use wire::json::JsonError;

use crate::{Beginnings, Dialect, ErrorReply, Framing, Sent, StreamReader, Target, error, is_event_stream};

const GENERATE: &str = ":generateContent";
const STREAM: &str = ":streamGenerateContent";

/// The dialect of Gemini, on AI Studio and on Vertex AI.
#[derive(Debug)]
pub struct GeminiGenerate;

impl Dialect for GeminiGenerate {
    fn name(&self) -> &'static str {
        "gemini-generate"
    }

    fn serves(&self, target: Target<'_>) -> bool {
        target.is_post() && (target.ends_with(GENERATE) || target.ends_with(STREAM))
    }

    fn read_request_on(
        &self,
        target: Target<'_>,
        body: &[u8],
        beginnings: &mut dyn Beginnings,
    ) -> Result<RequestView, JsonError> {
        let mut view = request::read(body, beginnings)?;
        view.stream = target.ends_with(STREAM);
        view.model = model_name(target.path);
        Ok(view)
    }

    fn read_response(&self, body: &[u8]) -> Result<ResponseView, JsonError> {
        response::read(body)
    }

    fn framing(&self, target: Target<'_>, content_type: &str) -> Framing {
        if is_event_stream(content_type) {
            Framing::Sse
        } else if target.ends_with(STREAM) {
            Framing::Array
        } else {
            Framing::Whole
        }
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::<stream::ContentStream>::default()
    }

    fn error_body(&self, error: &ErrorReply<'_>) -> Vec<u8> {
        error::gemini(error)
    }

    fn stream_error(&self, framing: Framing, sent: Sent, error: &ErrorReply<'_>) -> Vec<u8> {
        let body = error::gemini(error);
        match framing {
            Framing::Sse => error::sse_event(None, &body),
            // The array is closed, so that what came before stays readable.
            Framing::Array => [if sent.any { b",".as_slice() } else { b"[" }, &body, b"]"].concat(),
            Framing::Whole => body,
        }
    }
}

/// The model in `…/models/{model}:verb`.
fn model_name(path: &str) -> Option<String> {
    let (_, name) = path.rsplit_once('/')?;
    let (model, _) = name.rsplit_once(':')?;
    Some(model.to_owned())
}
