//! Requests of a known size: system prompt, turns with tool calls and their results, declared tools.

use bytes::Bytes;
use clap::ValueEnum;

use super::prose::{Prose, quoted};
use super::{answer, responses};

/// A request body's size.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ValueEnum)]
pub enum Size {
    /// 1,024 bytes: a question.
    #[value(name = "1k")]
    Kb1,
    /// 20,480 bytes: a conversation.
    #[value(name = "20k")]
    Kb20,
    /// 204,800 bytes: a coding agent at work.
    #[value(name = "200k")]
    Kb200,
}

impl Size {
    /// The exact length in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Kb1 => 1_024,
            Self::Kb20 => 20_480,
            Self::Kb200 => 204_800,
        }
    }
}

/// An API of OpenAI's that answers can be streamed in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Api {
    /// Chat Completions.
    Chat,
    /// Responses.
    Responses,
}

impl Api {
    /// The one that a path belongs to.
    pub fn of(path: &[u8]) -> Option<Self> {
        [Self::Chat, Self::Responses].into_iter().find(|api| path.ends_with(api.path().as_bytes()))
    }

    /// Its path below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
        }
    }
}

/// The streamed answer to ask the mock provider for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Shape {
    /// In which API.
    pub api: Api,
    /// Events that carry content; a few more open and close the stream.
    pub chunks: usize,
    /// Pause between them, in microseconds; 0 is a burst.
    pub delay_us: u64,
    /// How a burst is written.
    pub flush: Flush,
}

impl Shape {
    /// All events of the stream.
    pub fn events(&self) -> usize {
        self.chunks
            + match self.api {
                Api::Chat => answer::CLOSING_EVENTS,
                Api::Responses => responses::OTHER_EVENTS,
            }
    }
}

/// How the mock provider writes a burst.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ValueEnum)]
pub enum Flush {
    /// Everything at once.
    All,
    /// A write per event.
    Each,
}

/// A whole HTTP request, head and body; `shape` makes it a streamed one.
pub fn http(path: &str, size: Size, shape: Option<Shape>) -> Bytes {
    let api = shape.map_or(Api::Chat, |shape| shape.api);
    let body = body(api, size, shape.is_some());
    let wishes = shape.map_or(String::new(), |shape| {
        let flush = match shape.flush {
            Flush::All => "all",
            Flush::Each => "each",
        };
        format!(
            "x-mock-chunks: {}\r\nx-mock-delay-us: {}\r\nx-mock-flush: {flush}\r\n",
            shape.chunks, shape.delay_us
        )
    });
    posted(path, &wishes, &body)
}

/// An HTTP request with this body; `wishes` are header fields for the mock provider.
pub fn posted(path: &str, wishes: &str, body: &str) -> Bytes {
    Bytes::from(format!(
        "POST {path} HTTP/1.1\r\nhost: bench.local\r\nuser-agent: bench\r\naccept: */*\r\n\
         authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\ncontent-type: application/json\r\n\
         {wishes}content-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A request body of exactly `size`.
pub fn body(api: Api, size: Size, stream: bool) -> String {
    let size = size.bytes();
    let tail = tail(api, stream);
    let turns = match api {
        Api::Chat => "messages",
        Api::Responses => "input",
    };
    let mut prose = Prose::new(size as u64);
    let system = prose.text((size / 20).clamp(60, 4_000));
    let mut body =
        format!(r#"{{"model":"gpt-4o","{turns}":[{{"role":"system","content":{}}}"#, quoted(system));
    for number in 0_u32.. {
        let turn = turn(api, number, size, &mut prose);
        // The last message makes up the size: keep room for it.
        if body.len() + turn.len() + tail.len() + CLOSING.len() > size {
            break;
        }
        body.push_str(&turn);
    }
    let room = size.saturating_sub(body.len() + tail.len() + CLOSING.len());
    let (before, after) = CLOSING.split_once('|').unwrap_or_default();
    [&body, before, &prose.plain(room + 1), after, &tail].concat()
}

/// The last message, its content at the bar.
const CLOSING: &str = r#",{"role":"user","content":"|"}"#;

fn turn(api: Api, number: u32, size: usize, prose: &mut Prose) -> String {
    let limit = (size / 8).min(6_000) as u64;
    let question = quoted(prose.text((size / 100).clamp(25, 200)));
    let result_length = 20_u64.saturating_add(prose.below(limit.saturating_sub(60)));
    let result = quoted(prose.text(usize::try_from(result_length).unwrap_or(100)));
    match api {
        Api::Chat => format!(
            r#",{{"role":"user","content":{question}}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{number:04}","type":"function","function":{{"name":"read_file","arguments":"{{\"path\":\"src/{number}.rs\"}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{number:04}","content":{result}}}"#
        ),
        Api::Responses => format!(
            r#",{{"role":"user","content":{question}}},{{"type":"function_call","call_id":"call_{number:04}","name":"read_file","arguments":"{{\"path\":\"src/{number}.rs\"}}"}},{{"type":"function_call_output","call_id":"call_{number:04}","output":{result}}}"#
        ),
    }
}

fn tail(api: Api, stream: bool) -> String {
    let stream = match (stream, api) {
        (false, _) => "",
        // The usage chunk is asked for, so that no proxy has a reason to ask for it itself.
        (true, Api::Chat) => r#","stream":true,"stream_options":{"include_usage":true}"#,
        (true, Api::Responses) => r#","stream":true,"stream_options":{"include_obfuscation":false}"#,
    };
    let tools = [("read_file", "path"), ("search", "query")].map(|(name, argument)| {
        let function = format!(
            r#""name":"{name}","parameters":{{"type":"object","properties":{{"{argument}":{{"type":"string"}}}},"required":["{argument}"]}}"#
        );
        match api {
            Api::Chat => format!(r#"{{"type":"function","function":{{{function}}}}}"#),
            Api::Responses => format!(r#"{{"type":"function",{function}}}"#),
        }
    });
    format!(r#"],"tools":[{}],"temperature":0.2{stream}}}"#, tools.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_their_exact_size_and_hold_tool_calls_and_results() {
        for size in [Size::Kb1, Size::Kb20, Size::Kb200] {
            for stream in [false, true] {
                for (api, turns, member, result) in [
                    (Api::Chat, "messages", "role", "tool"),
                    (Api::Responses, "input", "type", "function_call_output"),
                ] {
                    let body = body(api, size, stream);
                    assert_eq!(body.len(), size.bytes());
                    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
                    let turns = value[turns].as_array().unwrap();
                    assert!(
                        turns.iter().any(|turn| turn[member] == result),
                        "{size:?} {stream}: no tool result"
                    );
                    assert_eq!(value["stream"].as_bool().unwrap_or(false), stream);
                    assert_eq!(value["tools"].as_array().unwrap().len(), 2);
                }
            }
        }
    }
}
