//! OpenAI Responses (OpenAI API reference, "Responses": create, get, cancel, compact and list input items).

mod edit;
mod item;
mod items;
mod request;
mod response;
mod stream;
mod tool;
mod tracked;

use model::{RequestView, ResponseView};
use serde_json::{Value, json};
use wire::json::JsonError;

use crate::{Beginnings, Dialect, ErrorReply, Framing, Sent, StreamReader, Target, error};

/// The dialect of OpenAI's Responses and of the servers that speak it too.
#[derive(Debug)]
pub struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    /// What answers with output of a model: a new response, a stored one, its input, a compacted conversation.
    fn serves(&self, target: Target<'_>) -> bool {
        if target.is_post() {
            return target.ends_with("/responses")
                || target.ends_with("/responses/compact")
                || is_below(target.path, Some("cancel"));
        }
        target.method.eq_ignore_ascii_case("GET")
            && (is_below(target.path, None) || is_below(target.path, Some("input_items")))
    }

    fn read_request_on(
        &self,
        target: Target<'_>,
        body: &[u8],
        beginnings: &mut dyn Beginnings,
    ) -> Result<RequestView, JsonError> {
        let bare = !target.is_post() || is_below(target.path, Some("cancel"));
        let mut view = if bare && body.trim_ascii().is_empty() {
            RequestView::default()
        } else {
            request::read(body, beginnings)?
        };
        view.stream |= !target.is_post() && streams(target.query);
        Ok(view)
    }

    fn read_response(&self, body: &[u8]) -> Result<ResponseView, JsonError> {
        stream::read_whole(body)
    }

    fn keeps_answer(&self, target: Target<'_>) -> bool {
        target.is_post() && (target.ends_with("/responses") || target.ends_with("/responses/compact"))
    }

    fn shows_hosted(&self) -> bool {
        true
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::<stream::ResponseStream>::default()
    }

    fn error_body(&self, error: &ErrorReply<'_>) -> Vec<u8> {
        error::openai(error)
    }

    /// The documented event, and within it the object that the SDKs raise an error for, as the provider sends it.
    fn stream_error(&self, _: Framing, sent: Sent, error: &ErrorReply<'_>) -> Vec<u8> {
        let body: Value = serde_json::from_slice(&error::openai(error)).unwrap_or_default();
        let inner = body.get("error").cloned().unwrap_or_default();
        let number = sent.sequence.map_or(0, |last| last.saturating_add(1));
        let event = json!({
            "type": "error",
            "sequence_number": number,
            "code": inner.get("code"),
            "message": error.message,
            "param": null,
            "error": inner,
        });
        error::sse_event(Some("error"), event.to_string().as_bytes())
    }
}

/// Whether the path ends in `/responses/{id}`, followed by `end` if there is one. Case and doubled slashes do not matter.
fn is_below(path: &str, end: Option<&str>) -> bool {
    let mut segments = path.rsplit('/').filter(|segment| !segment.is_empty());
    let mut next_is = |name: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(name));
    if !end.is_none_or(&mut next_is) {
        return false;
    }
    let id = segments.next();
    id.is_some() && segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case("responses"))
}

/// Whether a stored answer is asked for as a stream.
fn streams(query: &str) -> bool {
    query.split('&').any(|pair| pair.eq_ignore_ascii_case("stream=true"))
}
