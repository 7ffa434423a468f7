//! Requests of a soak, and the answers that belong to them.

use bytes::Bytes;

use super::kind::{Ask, Client, Kind, NOBODY};
use crate::chat::prose::{Prose, quoted};
use crate::chat::reply::{self, Dialect, Digest};

/// Sizes of conversations, in bytes, as often as they stand here.
const SIZES: [usize; 8] = [1_000, 1_000, 2_000, 4_000, 8_000, 20_000, 60_000, 200_000];
/// Largest uploads are this many times as long as the largest conversation.
const UPLOAD: usize = 2;

/// A body and what the provider will tell of it.
#[derive(Clone)]
struct Body {
    bytes: Bytes,
    digest: Digest,
}

impl Body {
    fn new(text: String) -> Self {
        let bytes = Bytes::from(text);
        Self { digest: Digest::of(&bytes), bytes }
    }
}

/// All bodies, made once.
pub struct Stock {
    /// Of conversations, by dialect and size, whole and streamed.
    conversations: Vec<(Dialect, bool, Body)>,
    uploads: Vec<Body>,
}

/// A request about to be sent.
pub struct Ready {
    /// Up to and with the empty line.
    pub head: String,
    /// Behind it.
    pub body: Bytes,
    /// The body that the provider answers with when nothing fails.
    pub answer: Vec<u8>,
}

impl Stock {
    /// Makes them.
    pub fn new() -> Self {
        let mut prose = Prose::new(7);
        let mut conversations = Vec::new();
        for size in SIZES {
            let text = prose.text(size);
            for dialect in Dialect::ALL {
                for streamed in [false, true] {
                    conversations.push((
                        dialect,
                        streamed,
                        Body::new(conversation(dialect, streamed, &text)),
                    ));
                }
            }
        }
        let uploads = SIZES.map(|size| Body::new(prose.text(size * UPLOAD))).into();
        Self { conversations, uploads }
    }

    /// Makes a request of this kind with what chance decides.
    pub fn ready(&self, kind: &Kind, chance: &mut Prose) -> Ready {
        match kind.ask {
            Ask::Get => {
                let answer = reply::MODELS.into();
                let head = head("GET", kind, "openai", "/models?limit=20", "", 0);
                Ready { head, body: Bytes::new(), answer }
            }
            Ask::Upload => {
                let body = pick(&self.uploads, chance).cloned().unwrap_or_else(|| Body::new(String::new()));
                let answer = answer(kind, Dialect::OpenAi, || reply::received(body.digest).into());
                let head = head("POST", kind, "openai", "/files", "", body.bytes.len());
                Ready { head, body: body.bytes, answer }
            }
            Ask::Burst | Ask::Either | Ask::Paced | Ask::Whole => self.converse(kind, chance),
        }
    }

    fn converse(&self, kind: &Kind, chance: &mut Prose) -> Ready {
        let streamed = match kind.ask {
            Ask::Either => chance.below(2) == 0,
            Ask::Whole => false,
            Ask::Burst | Ask::Get | Ask::Paced | Ask::Upload => true,
        };
        let fitting: Vec<_> =
            self.conversations.iter().filter(|(_, stream, _)| *stream == streamed).collect();
        let (dialect, body) = pick(&fitting, chance).map_or_else(
            || (Dialect::OpenAi, Body::new(String::new())),
            |(dialect, _, body)| (*dialect, body.clone()),
        );
        let (chunks, delay_ms) = match (kind.client, kind.ask) {
            (Client::NeverReads, _) => (50_000, 0),
            (Client::ReadsSlowly, _) => (3_000, 0),
            (_, Ask::Paced) => (10 + chance.below(50), 10 + chance.below(30)),
            _ => (10 + chance.below(290), 0),
        };
        let wait = if kind.client == Client::LeavesEarly { 1_500 } else { 0 };
        let wishes = format!(
            "x-mock-chunks: {chunks}\r\nx-mock-delay-us: {}\r\nx-mock-wait-ms: {wait}\r\n",
            delay_ms * 1_000
        );
        let (provider, path) = match (dialect, streamed) {
            (Dialect::Anthropic, _) => ("anthropic", "/v1/messages"),
            (Dialect::Gemini, false) => ("gemini", "/v1beta/models/soak:generateContent"),
            (Dialect::Gemini, true) => ("gemini", "/v1beta/models/soak:streamGenerateContent?alt=sse"),
            (Dialect::OpenAi, _) => ("openai", "/chat/completions"),
        };
        let answer = answer(kind, dialect, || match streamed {
            true => {
                let chunks = usize::try_from(chunks).unwrap_or(usize::MAX);
                reply::events(dialect, chunks, body.digest).collect::<String>().into()
            }
            false => reply::whole(dialect, body.digest).into(),
        });
        let head = head("POST", kind, provider, path, &wishes, body.bytes.len());
        Ready { head, body: body.bytes, answer }
    }
}

/// The provider's answer: an error where the kind says so.
fn answer(kind: &Kind, dialect: Dialect, good: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    match kind.fault.parse() {
        Ok(status) => reply::error(dialect, status).into(),
        // Nobody compares it, and it is long.
        Err(_) if kind.client == Client::NeverReads => Vec::new(),
        Err(_) => good(),
    }
}

fn head(method: &str, kind: &Kind, provider: &str, path: &str, wishes: &str, length: usize) -> String {
    let agent = if kind.client == Client::UnknownAgent { NOBODY } else { kind.name };
    // A GET that leaves early must find the provider waiting too.
    let wait =
        if wishes.is_empty() && kind.client == Client::LeavesEarly { "x-mock-wait-ms: 1500\r\n" } else { "" };
    let length = if method == "GET" { String::new() } else { format!("content-length: {length}\r\n") };
    format!(
        "{method} /v1/{provider}/{agent}{path} HTTP/1.1\r\nhost: soak.local\r\nuser-agent: soak\r\naccept: */*\r\n\
         authorization: Bearer sk-soak-0123456789abcdef\r\ncontent-type: application/json\r\n\
         x-mock-fault: {}\r\n{wait}{wishes}{length}\r\n",
        kind.fault
    )
}

fn pick<'a, T>(stock: &'a [T], chance: &mut Prose) -> Option<&'a T> {
    usize::try_from(chance.below(stock.len() as u64)).ok().and_then(|number| stock.get(number))
}

fn conversation(dialect: Dialect, streamed: bool, text: &str) -> String {
    let text = quoted(text.to_owned());
    let stream = if streamed { r#","stream":true"# } else { "" };
    match dialect {
        Dialect::Anthropic => format!(
            r#"{{"model":"claude-soak","max_tokens":1024,"system":"Be brief.","messages":[{{"role":"user","content":"hello"}},{{"role":"assistant","content":[{{"type":"tool_use","id":"toolu_1","name":"read_file","input":{{"path":"a.rs"}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_1","content":{text}}}]}}],"tools":[{{"name":"read_file","input_schema":{{"type":"object"}}}}]{stream}}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"hello"}}]}},{{"role":"model","parts":[{{"functionCall":{{"name":"read_file","args":{{"path":"a.rs"}}}}}}]}},{{"role":"user","parts":[{{"functionResponse":{{"name":"read_file","response":{{"content":{text}}}}}}}]}}],"tools":[{{"functionDeclarations":[{{"name":"read_file"}}]}}]}}"#
        ),
        Dialect::OpenAi => format!(
            r#"{{"model":"gpt-soak","messages":[{{"role":"user","content":"hello"}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_1","type":"function","function":{{"name":"read_file","arguments":"{{\"path\":\"a.rs\"}}"}}}}]}},{{"role":"tool","tool_call_id":"call_1","content":{text}}}],"tools":[{{"type":"function","function":{{"name":"read_file","parameters":{{"type":"object"}}}}}}]{stream}}}"#
        ),
    }
}
