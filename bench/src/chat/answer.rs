//! The mock provider's answers, made once and then only copied.
//!
//! `prompt_tokens` is the request body's length in bytes: a proxy that loses or changes part of a request
//! changes the answer, and the byte-for-byte comparison with the direct one shows it.

use bytes::Bytes;

use super::agent::Call;
use super::prose::{Prose, escaped, quoted};
use super::responses;

/// Different content events; a stream repeats them.
const EVENTS: usize = 32;
/// Numbered events that are prepared. Were they made while they are sent, the proxy would find fewer of them waiting at
/// once than of Chat's, and be charged for it.
const NUMBERED: usize = 1_000;
/// What all answers say of themselves.
const ID: &str = r#""id":"chatcmpl-BenchBenchBenchBench00000001""#;
const MODEL: &str =
    r#""created":1760000000,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_bench00001""#;

/// Everything the mock provider can say.
pub struct Answers {
    before_usage: String,
    events: Vec<Bytes>,
    /// The first events with text in Responses.
    numbered: Vec<Bytes>,
    /// The text of each event, as JSON without its quotes.
    texts: Vec<String>,
}

impl Answers {
    /// Prepares them.
    pub fn new() -> Self {
        let mut prose = Prose::new(1);
        let text = quoted(prose.text(420));
        let before_usage = format!(
            r#"{{{ID},"object":"chat.completion",{MODEL},"choices":[{{"index":0,"message":{{"role":"assistant","content":{text},"refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":"#
        );
        let texts: Vec<_> = (0..EVENTS).map(|_| escaped(prose.text(2))).collect();
        let events = texts.iter().map(|text| {
            let delta = format!(r#"{{"content":"{text}"}}"#);
            Bytes::from(framed(&event(&delta, "null")))
        });
        let events = events.collect();
        let mut answers = Self { before_usage, events, numbered: Vec::new(), texts };
        answers.numbered = answers.pieces(NUMBERED).collect();
        answers
    }

    /// A whole HTTP response of about 1 KB.
    pub fn complete(&self, prompt: usize) -> String {
        let usage = usage(prompt);
        let length = self.before_usage.len() + usage.len() + 1;
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{}{usage}}}",
            self.before_usage
        )
    }

    /// Content events without end, each as an HTTP chunk of its own.
    pub fn events(&self) -> impl Iterator<Item = &Bytes> {
        self.events.iter().cycle()
    }

    /// The events with text of a stream of Responses that says the same, each as an HTTP chunk of its own.
    pub fn pieces(&self, count: usize) -> impl Iterator<Item = Bytes> {
        self.texts().take(count).enumerate().map(|(number, text)| match self.numbered.get(number) {
            Some(piece) => piece.clone(),
            None => Bytes::from(responses::piece(number, text)),
        })
    }

    /// What they say, without end, as it stands in JSON.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str).cycle()
    }
}

/// The head of a streamed answer.
pub const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n\
      transfer-encoding: chunked\r\n\r\n";

/// Events that close a stream: finish, usage, `[DONE]`.
pub const CLOSING_EVENTS: usize = 3;

/// The closing events.
pub fn closing(prompt: usize, reason: &str) -> [String; CLOSING_EVENTS] {
    let usage = format!(
        "data: {{{ID},\"object\":\"chat.completion.chunk\",{MODEL},\"choices\":[],\"usage\":{}}}\n\n",
        usage(prompt)
    );
    [event("{}", &quoted(reason.to_owned())), usage, "data: [DONE]\n\n".to_owned()]
}

/// Events as HTTP chunks, and the end of the body.
pub fn framed_to_the_end(events: &[String]) -> String {
    let framed: String = events.iter().map(|event| framed(event)).collect();
    format!("{framed}0\r\n\r\n")
}

/// The body of an answer that asks for a call.
pub fn calling(call: &Call, prompt: usize) -> String {
    format!(
        r#"{{{ID},"object":"chat.completion",{MODEL},"choices":[{{"index":0,"message":{{"role":"assistant","content":null,"tool_calls":[{}],"refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"tool_calls"}}],"usage":{}}}"#,
        call.json(),
        usage(prompt)
    )
}

/// An event of a stream; `finish` is JSON.
pub fn event(delta: &str, finish: &str) -> String {
    format!(
        "data: {{{ID},\"object\":\"chat.completion.chunk\",{MODEL},\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
    )
}

/// An event as an HTTP chunk.
pub fn framed(event: &str) -> String {
    format!("{:x}\r\n{event}\r\n", event.len())
}

fn usage(prompt: usize) -> String {
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":128,"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}}"#,
        prompt + 128
    )
}
