//! The three APIs as data: a request, its answer, its stream, and the shape of an error.

use serde_json::{Value, json};
use testkit::Response;

/// One API with a conversation in it.
#[derive(Debug)]
pub struct Api {
    pub provider: &'static str,
    /// Path of a conversation behind our prefix.
    pub path: &'static str,
    /// What the fake provider's base URL adds in front.
    pub base: &'static str,
    pub route: &'static str,
    pub request: &'static str,
    pub stream_request: &'static str,
    pub answer: &'static str,
    pub model: &'static str,
}

/// A streamed answer in one framing.
#[derive(Debug)]
pub struct Stream {
    pub api: &'static Api,
    /// Path and query behind our prefix.
    pub path: &'static str,
    pub content_type: &'static str,
    /// Each an event with its framing; the last ones complete the answer.
    pub events: &'static [&'static str],
    /// How many events bring the answer into the middle of a tool call.
    pub mid_call: usize,
    /// What follows the last event: the end of the array.
    pub tail: &'static str,
}

pub static OPENAI: Api = Api {
    provider: "openai",
    path: "/chat/completions",
    base: "/v1",
    route: "openai-chat",
    request: r#"{"model":"gpt-x","messages":[{"role":"user","content":"hi"}],"n":1e0}"#,
    stream_request: r#"{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    answer: r#"{"id":"c1","object":"chat.completion","model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#,
    model: "gpt-x",
};

pub static ANTHROPIC: Api = Api {
    provider: "anthropic",
    path: "/v1/messages",
    base: "",
    route: "anthropic-messages",
    request: r#"{"model":"claude-x","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#,
    stream_request: r#"{"model":"claude-x","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    answer: r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7}}"#,
    model: "claude-x",
};

pub static GEMINI: Api = Api {
    provider: "gemini",
    path: "/v1beta/models/gemini-x:generateContent",
    base: "",
    route: "gemini-generate",
    request: r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
    stream_request: r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
    answer: r#"{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":7,"totalTokenCount":18},"modelVersion":"gemini-x"}"#,
    model: "gemini-x",
};

pub static APIS: [&Api; 3] = [&OPENAI, &ANTHROPIC, &GEMINI];

pub static STREAMS: [Stream; 4] = [
    Stream {
        api: &OPENAI,
        path: "/chat/completions",
        content_type: "text/event-stream",
        events: &[
            "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hé\"},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"send\",\"arguments\":\"{\\\"to\\\":\"}}]},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}]},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"gpt-x\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n",
            "data: [DONE]\n\n",
        ],
        mid_call: 2,
        tail: "",
    },
    Stream {
        api: &ANTHROPIC,
        path: "/v1/messages",
        content_type: "text/event-stream; charset=utf-8",
        events: &[
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"send\",\"input\":{}}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"to\\\":\"}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}}\n\n",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":7}}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ],
        mid_call: 3,
        tail: "",
    },
    Stream {
        api: &GEMINI,
        path: "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        content_type: "text/event-stream",
        events: &[
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hé\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-x\"}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"send\",\"args\":{\"to\":1}}}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-x\"}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":7,\"totalTokenCount\":18},\"modelVersion\":\"gemini-x\"}\r\n\r\n",
        ],
        mid_call: 2,
        tail: "",
    },
    Stream {
        api: &GEMINI,
        path: "/v1beta/models/gemini-x:streamGenerateContent",
        content_type: "application/json; charset=UTF-8",
        events: &[
            "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hé\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-x\"}",
            "\n,\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"send\",\"args\":{\"to\":1}}}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-x\"}",
            ",{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":7,\"totalTokenCount\":18},\"modelVersion\":\"gemini-x\"}",
        ],
        mid_call: 2,
        tail: "\n]\n",
    },
];

impl Api {
    /// Our path of a conversation, with `agent` (empty, or a slash and a name) in it.
    pub fn ours(&self, agent: &str) -> String {
        format!("/v1/{}{agent}{}", self.provider, self.path)
    }

    /// Our path of anything else of this API.
    pub fn other(&self, path: &str) -> String {
        format!("/v1/{}{path}", self.provider)
    }

    /// The body of an error of ours.
    pub fn error(&self, status: u16, message: &str, id: &str) -> Value {
        let (openai, code, anthropic, gemini) = match status {
            404 => ("invalid_request_error", "not_found", "not_found_error", "NOT_FOUND"),
            413 => ("invalid_request_error", "request_too_large", "request_too_large", "INVALID_ARGUMENT"),
            502 => ("server_error", "upstream_unavailable", "api_error", "UNAVAILABLE"),
            503 => ("server_error", "shutting_down", "overloaded_error", "UNAVAILABLE"),
            504 => ("server_error", "upstream_timeout", "timeout_error", "DEADLINE_EXCEEDED"),
            _ => ("invalid_request_error", "invalid_request", "invalid_request_error", "INVALID_ARGUMENT"),
        };
        match self.provider {
            "openai" => json!({"error": {"message": message, "type": openai, "param": null, "code": code}}),
            "anthropic" => json!({
                "type": "error", "error": {"type": anthropic, "message": message}, "request_id": id,
            }),
            _ => json!({"error": {"code": status, "message": message, "status": gemini}}),
        }
    }

    /// Checks that a response is this error of ours and nothing else.
    pub fn assert_error(&self, response: &Response, status: u16, message: &str) {
        let case = format!("{} {}", self.provider, response.text());
        assert_eq!(response.status, status, "{case}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{case}");
        let id = response.header("x-archestra-exchange-id").unwrap_or_default();
        assert_eq!(id.len(), 36, "{case}");
        assert_eq!(response.json(), self.error(status, message, id));
        assert!(response.complete, "{case}");
    }
}

impl Stream {
    pub fn ours(&self) -> String {
        format!("/v1/{}{}", self.api.provider, self.path)
    }

    /// All of the answer.
    pub fn whole(&self) -> String {
        self.events.concat() + self.tail
    }

    /// The error that stands behind what came through, which must be exactly one in the API's own form.
    pub fn ending(&self, rest: &str, after_event: bool) -> Value {
        let array = self.content_type.starts_with("application/json");
        let (before, behind) = match (array, self.api.provider) {
            (true, _) if after_event => (",", "]"),
            (true, _) => ("[", "]"),
            (false, "anthropic") => ("event: error\ndata: ", "\n\n"),
            (false, _) => ("data: ", "\n\n"),
        };
        let error = rest.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
        let error = error.unwrap_or_else(|| panic!("{}: {rest:?} is no ending", self.path));
        serde_json::from_str(error).unwrap_or_else(|e| panic!("{}: {rest:?}: {e}", self.path))
    }
}
