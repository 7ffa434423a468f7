//! Anthropic Messages (`POST /v1/messages`, Claude API reference, "Messages" and "Streaming messages").

mod block;
mod edit;
mod request;
mod response;
mod stream;

use model::{RequestView, ResponseView};
use wire::json::JsonError;

use crate::{Beginnings, Dialect, ErrorReply, Framing, Sent, StreamReader, Target, error};

/// The dialect of Anthropic's Messages API.
#[derive(Debug)]
pub struct AnthropicMessages;

impl Dialect for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    fn serves(&self, target: Target<'_>) -> bool {
        target.is_post() && target.ends_with("/v1/messages")
    }

    fn read_request_on(
        &self,
        _: Target<'_>,
        body: &[u8],
        beginnings: &mut dyn Beginnings,
    ) -> Result<RequestView, JsonError> {
        request::read(body, beginnings)
    }

    fn read_response(&self, body: &[u8]) -> Result<ResponseView, JsonError> {
        response::read(body)
    }

    fn shows_hosted(&self) -> bool {
        true
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::<stream::MessageStream>::default()
    }

    fn error_body(&self, error: &ErrorReply<'_>) -> Vec<u8> {
        error::anthropic(error)
    }

    fn stream_error(&self, _: Framing, _: Sent, error: &ErrorReply<'_>) -> Vec<u8> {
        error::sse_event(Some("error"), &error::anthropic(error))
    }
}
