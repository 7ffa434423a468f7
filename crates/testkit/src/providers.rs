//! Simulated providers for a [`FakeUpstream`](crate::FakeUpstream): OpenAI Chat Completions and Responses, Anthropic
//! Messages, Gemini in AI Studio and in Vertex AI, as far as their official SDKs need them.
//!
//! The answers are files in `answers/`, written after the providers' public API references. Which one a
//! request gets is told by the request alone:
//!
//! | request | answer |
//! | --- | --- |
//! | model `error-NNN` | an error with that status in the provider's shape |
//! | model `broken-stream`, streamed | half an answer, then the provider's error event at status 200 |
//! | its last message is a tool result | [`AFTER_TOOL`] |
//! | it declares tools | a call of `get_weather` for Paris |
//! | it gives a schema (Responses) | `{"city":"Paris","celsius":18}` |
//! | anything else | [`TEXT`] |
//!
//! A tool result has to answer the call as the provider's API demands it (ids, signatures), otherwise the
//! request gets status 400 with a message that says what is wrong. A stream of text has one event in each
//! HTTP chunk; one with a tool call is cut every few bytes, through events and characters.
//!
//! What Responses does in the background is remembered (`stored.rs`); what Gemini has besides conversations, counting,
//! embedding and lists, is computed from the request (`google.rs`).

mod answers;
mod google;
mod question;
mod stored;
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "it is told what to answer by tests, which fail by panicking"
)]
mod told;

use std::sync::Arc;

use crate::fake_google::FakeGoogle;
use crate::fake_upstream::Received;
use crate::script::Script;
use answers::Answers;
use google::Cloud;
use question::{Complaint, Question, Turn};
use stored::Stored;

/// The text of an answer to a plain question.
pub const TEXT: &str = "Grüße aus 東京 — it works. 🙂";
/// The text of an answer to a tool result.
pub const AFTER_TOOL: &str = "It is 18 °C and sunny in Paris.";
/// OpenAI and Anthropic give each answer this id, each in a header of its own name.
pub const REQUEST_ID: &str = "req_test_0001";

/// A prime, so that cuts fall everywhere in events of any regular length.
const CUT: usize = 29;

/// Answers as the provider would whose path this is. A handler for
/// [`FakeUpstream::start`](crate::FakeUpstream::start).
pub fn simulated() -> impl Fn(&Received) -> Script + Send + Sync + 'static {
    let stored = Stored::default();
    move |request| answer(&stored, request)
}

/// Answers as the client's header `x-answers` tells it to. A handler for [`FakeUpstream::start`](crate::FakeUpstream::start).
pub fn as_told() -> impl Fn(&Received) -> Script + Send + Sync + 'static {
    told::answer
}

/// Vertex AI alone, which lets in who has a token of `google`. A handler for
/// [`FakeUpstream::start`](crate::FakeUpstream::start).
pub fn vertex_ai(google: Arc<FakeGoogle>) -> impl Fn(&Received) -> Script + Send + Sync + 'static {
    move |request| match google.check(request.header("authorization").unwrap_or_default()) {
        Err(why) => Provider::VertexAi.error(401, &why),
        Ok(()) if Cloud::of(request) == Some(Cloud::VertexAi) => answer(&Stored::default(), request),
        Ok(()) => Provider::VertexAi.error(404, &format!("Vertex AI has nothing at {}", request.path())),
    }
}

fn answer(stored: &Stored, request: &Received) -> Script {
    if let Some(script) = stored.read(request).or_else(|| google::answer(request)) {
        return script;
    }
    let Some(provider) = Provider::of(request) else {
        return Script::respond(
            404,
            &[("content-type", "text/plain")],
            format!("no API at {}", request.target),
        );
    };
    let question = match provider.read(request) {
        Ok(question) => question,
        Err(Complaint(message)) => return provider.error(400, &message),
    };
    if let Some(status) = question.model.strip_prefix("error-").and_then(|status| status.parse().ok()) {
        return provider.error(status, &format!("simulated error {status}"));
    }
    if question.background {
        return stored.begin(request, question.stream);
    }
    match question.stream {
        true => provider.stream(&question),
        false => provider.json(provider.answers().whole(question.turn)),
    }
}

/// Which API a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Anthropic,
    Gemini,
    OpenAi,
    Responses,
    VertexAi,
}

impl Provider {
    fn of(request: &Received) -> Option<Self> {
        match request.path() {
            _ if request.method != "POST" => None,
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/messages" => Some(Self::Anthropic),
            "/v1/responses" => Some(Self::Responses),
            _ => Cloud::of(request).map(Cloud::provider),
        }
    }

    fn read(self, request: &Received) -> Result<Question, Complaint> {
        match self {
            Self::Anthropic => question::anthropic(request),
            Self::Gemini | Self::VertexAi => question::gemini(request),
            Self::OpenAi => question::openai(request),
            Self::Responses => question::responses(request),
        }
    }

    fn answers(self) -> &'static Answers {
        match self {
            Self::Anthropic => &answers::ANTHROPIC,
            Self::Gemini => &answers::GEMINI,
            Self::OpenAi => &answers::OPENAI,
            Self::Responses => &answers::RESPONSES,
            Self::VertexAi => &answers::VERTEX_AI,
        }
    }

    fn json(self, body: impl Into<Vec<u8>>) -> Script {
        Script::respond(200, &self.headers("application/json"), body)
    }

    /// The response headers a client of this provider looks at.
    fn headers(self, content_type: &str) -> Vec<(&str, &str)> {
        let mut headers = vec![("content-type", content_type)];
        match self {
            Self::Anthropic => {
                headers
                    .extend([("request-id", REQUEST_ID), ("anthropic-ratelimit-requests-remaining", "49")]);
            }
            Self::VertexAi => headers.push(("vary", "Origin")),
            Self::Gemini => headers.extend([("x-gemini-service-tier", "standard"), ("vary", "Origin")]),
            Self::OpenAi | Self::Responses => {
                headers.extend([("x-request-id", REQUEST_ID), ("x-ratelimit-remaining-requests", "499")]);
            }
        }
        headers
    }

    fn stream(self, question: &Question) -> Script {
        let mut events: Vec<String> = self
            .answers()
            .stream(question)
            .split_inclusive("\n\n")
            .map(|event| self.line_ends(event))
            .collect();
        if !question.usage {
            events.retain(|event| !event.contains(r#""choices":[]"#));
        }
        let head = self.stream_head();
        match question.turn {
            Turn::Tools => events.concat().as_bytes().chunks(CUT).fold(head, Script::chunk),
            Turn::AfterTool | Turn::Plain | Turn::Structured => events.iter().fold(head, Script::chunk),
        }
        .last_chunk()
    }

    fn stream_head(self) -> Script {
        let content_type = match self {
            Self::OpenAi | Self::Responses => "text/event-stream; charset=utf-8",
            Self::Anthropic | Self::Gemini | Self::VertexAi => "text/event-stream",
        };
        Script::chunked_head(200, &self.headers(content_type))
    }

    /// Gemini ends its lines with CR LF.
    fn line_ends(self, event: &str) -> String {
        match self {
            Self::Gemini | Self::VertexAi => event.replace('\n', "\r\n"),
            Self::Anthropic | Self::OpenAi | Self::Responses => event.to_owned(),
        }
    }

    fn error(self, status: u16, message: &str) -> Script {
        let body = match self {
            Self::Anthropic => format!(
                r#"{{"type":"error","error":{{"type":"{}","message":"{message}"}},"request_id":"{REQUEST_ID}"}}"#,
                match status {
                    400 => "invalid_request_error",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    _ => "api_error",
                }
            ),
            Self::Gemini | Self::VertexAi => format!(
                r#"{{
  "error": {{
    "code": {status},
    "message": "{message}",
    "status": "{}"
  }}
}}
"#,
                match status {
                    400 => "INVALID_ARGUMENT",
                    401 => "UNAUTHENTICATED",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    _ => "INTERNAL",
                }
            ),
            Self::OpenAi | Self::Responses => format!(
                r#"{{
  "error": {{
    "message": "{message}",
    "type": "{}",
    "param": null,
    "code": {}
  }}
}}
"#,
                if status < 500 { "invalid_request_error" } else { "server_error" },
                if status == 429 { r#""rate_limit_exceeded""# } else { "null" },
            ),
        };
        Script::respond(status, &self.headers("application/json"), body)
    }
}
