//! Three simulated providers for a [`FakeUpstream`](crate::FakeUpstream): OpenAI Chat Completions, Anthropic
//! Messages and Gemini, as far as their official SDKs need them to hold a conversation.
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
//! | anything else | [`TEXT`] |
//!
//! A tool result has to answer the call as the provider's API demands it (ids, signatures), otherwise the
//! request gets status 400 with a message that says what is wrong. A stream of text has one event in each
//! HTTP chunk; one with a tool call is cut every few bytes, through events and characters.

mod question;

use crate::fake_upstream::Received;
use crate::script::Script;
use question::{Complaint, Question, Turn};

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
pub fn answer(request: &Received) -> Script {
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
    match question.stream {
        true => provider.stream(&question),
        false => Script::respond(200, &provider.headers("application/json"), provider.body(question.turn)),
    }
}

/// Which API a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Anthropic,
    Gemini,
    OpenAi,
}

impl Provider {
    fn of(request: &Received) -> Option<Self> {
        match request.path() {
            _ if request.method != "POST" => None,
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/messages" => Some(Self::Anthropic),
            path if path.starts_with("/v1beta/models/") || path.starts_with("/v1/models/") => {
                Some(Self::Gemini)
            }
            _ => None,
        }
    }

    fn read(self, request: &Received) -> Result<Question, Complaint> {
        match self {
            Self::Anthropic => question::anthropic(request),
            Self::Gemini => question::gemini(request),
            Self::OpenAi => question::openai(request),
        }
    }

    /// The response headers a client of this provider looks at.
    fn headers(self, content_type: &str) -> Vec<(&str, &str)> {
        let mut headers = vec![("content-type", content_type)];
        match self {
            Self::Anthropic => {
                headers
                    .extend([("request-id", REQUEST_ID), ("anthropic-ratelimit-requests-remaining", "49")]);
            }
            Self::Gemini => headers.extend([("x-gemini-service-tier", "standard"), ("vary", "Origin")]),
            Self::OpenAi => {
                headers.extend([("x-request-id", REQUEST_ID), ("x-ratelimit-remaining-requests", "499")]);
            }
        }
        headers
    }

    fn body(self, turn: Turn) -> &'static str {
        match (self, turn) {
            (Self::Anthropic, Turn::AfterTool) => include_str!("../answers/anthropic/after_tool.json"),
            (Self::Anthropic, Turn::Plain) => include_str!("../answers/anthropic/text.json"),
            (Self::Anthropic, Turn::Tools) => include_str!("../answers/anthropic/tool_call.json"),
            (Self::Gemini, Turn::AfterTool) => include_str!("../answers/gemini/after_tool.json"),
            (Self::Gemini, Turn::Plain) => include_str!("../answers/gemini/text.json"),
            (Self::Gemini, Turn::Tools) => include_str!("../answers/gemini/tool_call.json"),
            (Self::OpenAi, Turn::AfterTool) => include_str!("../answers/openai/after_tool.json"),
            (Self::OpenAi, Turn::Plain) => include_str!("../answers/openai/text.json"),
            (Self::OpenAi, Turn::Tools) => include_str!("../answers/openai/tool_call.json"),
        }
    }

    fn events(self, question: &Question) -> &'static str {
        match (self, question.turn) {
            (Self::Anthropic, _) if question.breaks() => include_str!("../answers/anthropic/error.sse"),
            (Self::Anthropic, Turn::AfterTool) => include_str!("../answers/anthropic/after_tool.sse"),
            (Self::Anthropic, Turn::Plain) => include_str!("../answers/anthropic/text.sse"),
            (Self::Anthropic, Turn::Tools) => include_str!("../answers/anthropic/tool_call.sse"),
            (Self::Gemini, _) if question.breaks() => include_str!("../answers/gemini/error.sse"),
            (Self::Gemini, Turn::AfterTool) => include_str!("../answers/gemini/after_tool.sse"),
            (Self::Gemini, Turn::Plain) => include_str!("../answers/gemini/text.sse"),
            (Self::Gemini, Turn::Tools) => include_str!("../answers/gemini/tool_call.sse"),
            (Self::OpenAi, _) if question.breaks() => include_str!("../answers/openai/error.sse"),
            (Self::OpenAi, Turn::AfterTool) => include_str!("../answers/openai/after_tool.sse"),
            (Self::OpenAi, Turn::Plain) => include_str!("../answers/openai/text.sse"),
            (Self::OpenAi, Turn::Tools) => include_str!("../answers/openai/tool_call.sse"),
        }
    }

    fn stream(self, question: &Question) -> Script {
        let mut events: Vec<String> =
            self.events(question).split_inclusive("\n\n").map(|event| self.line_ends(event)).collect();
        if !question.usage {
            events.retain(|event| !event.contains(r#""choices":[]"#));
        }
        let content_type =
            if self == Self::OpenAi { "text/event-stream; charset=utf-8" } else { "text/event-stream" };
        let head = Script::chunked_head(200, &self.headers(content_type));
        match question.turn {
            Turn::Tools => events.concat().as_bytes().chunks(CUT).fold(head, Script::chunk),
            Turn::AfterTool | Turn::Plain => events.iter().fold(head, Script::chunk),
        }
        .last_chunk()
    }

    /// Gemini ends its lines with CR LF.
    fn line_ends(self, event: &str) -> String {
        match self {
            Self::Gemini => event.replace('\n', "\r\n"),
            Self::Anthropic | Self::OpenAi => event.to_owned(),
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
            Self::Gemini => format!(
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
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    _ => "INTERNAL",
                }
            ),
            Self::OpenAi => format!(
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
