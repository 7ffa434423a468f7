//! OpenAI Chat Completions (`POST /chat/completions`, OpenAI API reference, "Chat").

mod edit;
mod request;
mod response;
mod stream;

use model::{RequestView, ResponseView, Text, ToolCall};
use wire::json::{JsonError, decode};

use crate::{Beginnings, Dialect, ErrorReply, Framing, Sent, StreamReader, Target, error};

pub(crate) use response::error as response_error;

/// The dialect of OpenAI's Chat Completions and of the many servers that speak it too.
#[derive(Debug)]
pub struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn serves(&self, target: Target<'_>) -> bool {
        target.is_post() && target.ends_with("/chat/completions")
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

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::<stream::ChatStream>::default()
    }

    fn error_body(&self, error: &ErrorReply<'_>) -> Vec<u8> {
        error::openai(error)
    }

    /// The SDKs raise an error for a `data` line with an `error` member; `[DONE]` would call the answer
    /// complete.
    fn stream_error(&self, _: Framing, _: Sent, error: &ErrorReply<'_>) -> Vec<u8> {
        error::sse_event(None, &error::openai(error))
    }
}

/// A call read by position, with its characters.
pub(crate) fn owned(call: ToolCall<Text>, bytes: &[u8]) -> ToolCall<String> {
    let text = |text: Option<Text>| text.map(|text| decode(bytes, text).into_owned());
    ToolCall {
        alternative: call.alternative,
        arguments: text(call.arguments),
        carrier: call.carrier,
        id: text(call.id),
        name: text(call.name),
        namespace: text(call.namespace),
    }
}
