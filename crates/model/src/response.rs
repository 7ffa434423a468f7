//! What a response says.

use crate::ToolCall;

/// Most segments that a view keeps; what comes after is counted into the last one. Also most stops.
const MAX_SEGMENTS: usize = 4096;

/// Longest reason for stopping that is taken for one, in bytes.
const LONGEST_REASON: usize = 256;

/// Tokens of one exchange as the provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens read from the provider's prompt cache.
    pub cached_tokens: Option<u64>,
    /// Tokens of the request.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
}

/// Why an alternative answer ended, in the provider's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Index of the alternative.
    pub alternative: u32,
    /// The provider's word, for example `stop`, `tool_use`, `MAX_TOKENS`.
    pub reason: String,
}

/// What a piece of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Output of a tool that the provider runs, or that it kept of an application's tool.
    HostedTool,
    /// An image, sound or file made by the model.
    Media,
    /// The model's reasoning, in clear or encrypted.
    Reasoning,
    /// Text for the person, refusals included.
    Text,
    /// A part the dialect does not know.
    Unknown,
}

/// A run of output of one kind. Neighbouring pieces of a stream make one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputSegment {
    /// Index of the alternative it belongs to.
    pub alternative: u32,
    /// Length in bytes as written on the wire.
    pub bytes: usize,
    /// What it is.
    pub kind: OutputKind,
}

/// What an answer says, read from its bytes, whole or streamed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseView {
    /// Calls the model asks for, in order of appearance.
    pub calls: Vec<ToolCall<String>>,
    /// The provider's id of the conversation that the answer was added to.
    pub conversation: Option<String>,
    /// The provider's word for an error that came in place of an answer or within it.
    pub error: Option<String>,
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Output other than calls, in order of appearance.
    pub segments: Vec<OutputSegment>,
    /// Why each alternative ended.
    pub stops: Vec<Stop>,
    /// Tokens.
    pub usage: Usage,
}

impl ResponseView {
    /// Notes why an alternative ended.
    pub fn stop(&mut self, alternative: u32, reason: String) {
        if self.stops.len() < MAX_SEGMENTS && reason.len() <= LONGEST_REASON {
            self.stops.push(Stop { alternative, reason });
        }
    }

    /// Adds output to the last segment if it is of the same kind and alternative, else starts one.
    pub fn output(&mut self, kind: OutputKind, alternative: u32, bytes: usize) {
        let full = self.segments.len() >= MAX_SEGMENTS;
        match self.segments.last_mut() {
            Some(last) if full || last.kind == kind && last.alternative == alternative => {
                last.bytes = last.bytes.saturating_add(bytes);
            }
            _ => self.segments.push(OutputSegment { alternative, bytes, kind }),
        }
    }
}
