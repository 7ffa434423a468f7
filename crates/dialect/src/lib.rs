//! What each provider's API looks like on the wire.
//!
//! A [`Dialect`] reads requests and responses into the views of `model` without changing a byte, says what
//! each event of a stream carries, and writes the errors that we answer ourselves in the API's own shape.
//! Nothing outside this crate asks which dialect it has in hand.

#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod anthropic;
mod beginning;
mod edit;
mod error;
mod gemini;
mod openai_chat;
mod openai_responses;
mod stream;

use std::fmt;

use model::{RequestView, ResponseView};
use wire::json::JsonError;

pub use anthropic::AnthropicMessages;
pub use beginning::{Beginning, Beginnings};
pub use edit::{Answer, CannotAsk, Edit, Editor, Event, Piece, Places, Ruling};
pub use error::{ErrorKind, ErrorReply};
pub use gemini::{GeminiGenerate, vertex};
pub use openai_chat::OpenAiChat;
pub use openai_responses::OpenAiResponses;
pub use stream::{EventClass, StreamReader};

/// How an answer is cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A streamed JSON array.
    Array,
    /// Server-sent events.
    Sse,
    /// Not at all: one JSON text.
    Whole,
}

/// What went out of a stream before it broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// At least one event.
    pub any: bool,
    /// The number of the last event, where the API numbers them.
    pub sequence: Option<u64>,
}

/// Where a request goes at its provider.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The method, as the provider may understand it.
    pub method: &'a str,
    /// The whole path, with percent-encoding undone and runs of `/` folded; for recognition only.
    pub path: &'a str,
    /// Query string without `?`.
    pub query: &'a str,
}

impl Target<'_> {
    /// Whether the method is `POST`. Case does not matter: a provider that overlooks it must not be reached unread.
    pub(crate) fn is_post(&self) -> bool {
        self.method.eq_ignore_ascii_case("POST")
    }

    /// Whether the path ends in `end`. Case and a slash at the end do not matter, nor what comes before: a provider
    /// that is served elsewhere, or overlooks such things, must not be reached unread.
    pub(crate) fn ends_with(&self, end: &str) -> bool {
        let path = self.path.trim_end_matches('/').as_bytes();
        let tail = path.len().checked_sub(end.len()).and_then(|start| path.get(start..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    }
}

/// One provider API.
pub trait Dialect: Edit + fmt::Debug + Sync {
    /// Its name in records and logs.
    fn name(&self) -> &'static str;

    /// Whether a request to this target is a conversation in this dialect.
    fn serves(&self, target: Target<'_>) -> bool;

    /// Reads a request.
    ///
    /// # Errors
    /// The body is not strict JSON, or a member that matters occurs twice. Wrong types are no errors: what
    /// cannot be understood is `Unknown` in the view, and the provider says what it thinks of it.
    fn read_request(&self, target: Target<'_>, body: &[u8]) -> Result<RequestView, JsonError> {
        self.read_request_on(target, body, &mut beginning::Forgetful)
    }

    /// Reads a request whose first turns may be known.
    ///
    /// # Errors
    /// As for [`read_request`](Self::read_request).
    fn read_request_on(
        &self,
        target: Target<'_>,
        body: &[u8],
        beginnings: &mut dyn Beginnings,
    ) -> Result<RequestView, JsonError>;

    /// Reads an answer that came in one piece.
    ///
    /// # Errors
    /// As for [`read_request`](Self::read_request).
    fn read_response(&self, body: &[u8]) -> Result<ResponseView, JsonError>;

    /// Whether an answer shows, where it happened, that a tool which the provider runs brought something in.
    fn shows_hosted(&self) -> bool {
        false
    }

    /// Whether the provider makes an answer to this that it keeps, so that later requests may refer to it by its id.
    fn keeps_answer(&self, target: Target<'_>) -> bool {
        let _ = target;
        false
    }

    /// How an answer with this `content-type` to this request is framed.
    fn framing(&self, target: Target<'_>, content_type: &str) -> Framing {
        let _ = target;
        if is_event_stream(content_type) { Framing::Sse } else { Framing::Whole }
    }

    /// A reader for the events of one streamed answer.
    fn stream_reader(&self) -> Box<dyn StreamReader>;

    /// The body of an error of ours, JSON.
    fn error_body(&self, error: &ErrorReply<'_>) -> Vec<u8>;

    /// What ends a stream that broke behind `sent`.
    fn stream_error(&self, framing: Framing, sent: Sent, error: &ErrorReply<'_>) -> Vec<u8>;
}

/// Skips a member; whether it says anything.
fn is_given(r: &mut wire::json::Reader<'_>) -> Result<bool, JsonError> {
    let is_given = r.kind()? != wire::json::Kind::Null;
    r.skip()?;
    Ok(is_given)
}

fn is_event_stream(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("text/event-stream")
}

/// Every dialect.
pub static ALL: [&dyn Dialect; 4] = [&AnthropicMessages, &GeminiGenerate, &OpenAiChat, &OpenAiResponses];

/// The dialect that has this [name](Dialect::name).
pub fn by_name(name: &str) -> Option<&'static dyn Dialect> {
    ALL.into_iter().find(|dialect| dialect.name() == name)
}
