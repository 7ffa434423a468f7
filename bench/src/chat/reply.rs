//! What the mock provider says in a soak, in each of the three dialects, and what a client must therefore see.
//!
//! Every answer carries a digest of the request: a proxy that changes a byte of it changes the answer.

/// An API that conversations are held in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// Gemini's `generateContent` and `streamGenerateContent`.
    Gemini,
    /// OpenAI Chat Completions.
    OpenAi,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::Gemini, Self::OpenAi];

    /// The dialect that a path of a provider's API belongs to.
    pub fn of(target: &[u8]) -> Option<Self> {
        if target.ends_with(b"/chat/completions") {
            Some(Self::OpenAi)
        } else if target.ends_with(b"/v1/messages") {
            Some(Self::Anthropic)
        } else if memchr::memmem::find(target, b"enerateContent").is_some() {
            Some(Self::Gemini)
        } else {
            None
        }
    }
}

/// What an answer tells of its request's body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Digest {
    length: usize,
    sum: u64,
}

impl Digest {
    /// Of a body. A sum against accidents, not against malice.
    pub fn of(body: &[u8]) -> Self {
        let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let (words, rest) = body.as_chunks::<8>();
        let sum = words.iter().fold(0, |sum, word| mix(sum, u64::from_le_bytes(*word)));
        let sum = rest.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)));
        Self { length: body.len(), sum }
    }
}

/// The text of every answer in one piece: escapes, line ends, characters of two and three bytes.
const TEXT: &str = r#"Größe and \"東京\"\nare naïve \u0022words\u0022, repeated here so that an answer has the length that answers have. "#;

/// The body of an answer in one piece, about 1 KB.
pub fn whole(dialect: Dialect, digest: Digest) -> String {
    let Digest { length, sum } = digest;
    let text = TEXT.repeat(6);
    match dialect {
        Dialect::Anthropic => format!(
            r#"{{"id":"msg_{sum:016x}","type":"message","role":"assistant","model":"claude-soak","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{length},"output_tokens":128}}}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":{length},"candidatesTokenCount":128}},"modelVersion":"gemini-soak","responseId":"{sum:016x}"}}"#
        ),
        Dialect::OpenAi => format!(
            r#"{{"id":"chatcmpl-{sum:016x}","object":"chat.completion","created":1760000000,"model":"gpt-soak","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{length},"completion_tokens":128}}}}"#
        ),
    }
}

/// The events of a streamed answer, `count` of them with content between an opening and a closing.
pub fn events(dialect: Dialect, count: usize, digest: Digest) -> impl Iterator<Item = String> {
    std::iter::once(opening(dialect, digest))
        .chain((0..count).map(move |number| content(dialect, number)))
        .chain(std::iter::once(closing(dialect, digest)))
}

/// A provider's error in one piece.
pub fn error(dialect: Dialect, status: u16) -> String {
    match dialect {
        Dialect::Anthropic => format!(
            r#"{{"type":"error","error":{{"type":"overloaded_error","message":"soak {status}"}},"request_id":"req_soak"}}"#
        ),
        Dialect::Gemini => {
            format!(r#"{{"error":{{"code":{status},"message":"soak","status":"RESOURCE_EXHAUSTED"}}}}"#)
        }
        Dialect::OpenAi => format!(
            r#"{{"error":{{"message":"soak","type":"server_error","param":null,"code":"soak_{status}"}}}}"#
        ),
    }
}

/// The body of a listing.
pub const MODELS: &str =
    r#"{"object":"list","data":[{"id":"gpt-soak","object":"model","created":1760000000,"owned_by":"soak"}]}"#;

/// The body that acknowledges an upload.
pub fn received(digest: Digest) -> String {
    format!(r#"{{"object":"file","bytes":{},"id":"file-{:016x}"}}"#, digest.length, digest.sum)
}

fn opening(dialect: Dialect, Digest { length, sum }: Digest) -> String {
    match dialect {
        Dialect::Anthropic => format!(
            "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_{sum:016x}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-soak\",\"content\":[],\"stop_reason\":null,\"usage\":{{\"input_tokens\":{length},\"output_tokens\":1}}}}}}\n\nevent: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n"
        ),
        Dialect::Gemini => format!(": {length} {sum:016x}\n\n"),
        Dialect::OpenAi => format!(
            "data: {{\"id\":\"chatcmpl-{sum:016x}\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-soak\",\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":null}}]}}\n\n"
        ),
    }
}

fn content(dialect: Dialect, number: usize) -> String {
    let text = format!(r#"naïve \"東京\" {number}\n"#);
    match dialect {
        Dialect::Anthropic => format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
        ),
        Dialect::Gemini => format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\"role\":\"model\"}},\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":9}},\"modelVersion\":\"gemini-soak\"}}\r\n\r\n"
        ),
        Dialect::OpenAi => format!(
            "data: {{\"id\":\"chatcmpl-soak\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-soak\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null}}\n\n"
        ),
    }
}

fn closing(dialect: Dialect, Digest { length, .. }: Digest) -> String {
    match dialect {
        Dialect::Anthropic => "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":128}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned(),
        Dialect::Gemini => format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"\"}}],\"role\":\"model\"}},\"finishReason\":\"STOP\",\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":{length},\"candidatesTokenCount\":128}}}}\r\n\r\n"
        ),
        Dialect::OpenAi => format!(
            "data: {{\"id\":\"chatcmpl-soak\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-soak\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: {{\"id\":\"chatcmpl-soak\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-soak\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{length},\"completion_tokens\":128}}}}\n\ndata: [DONE]\n\n"
        ),
    }
}
