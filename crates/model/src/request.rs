//! What a request says.

use crate::{Span, Text, ToolCall, ToolResult};

/// Where a segment of a conversation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An earlier answer of the model.
    Assistant,
    /// An image, sound or file that somebody attached.
    Attachment,
    /// Output of a tool that the provider runs.
    HostedTool,
    /// Instructions of the application.
    System,
    /// Output of a tool that the application runs; the index is that of the result in
    /// [`RequestView::results`].
    Tool(usize),
    /// A role or part the dialect does not know.
    Unknown,
    /// The person's words.
    User,
}

/// A piece of the conversation with one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it stands: the whole JSON value of the part.
    pub content: Span,
    /// Where it comes from.
    pub origin: Origin,
}

/// Who runs a declared tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKind {
    /// The application, with free-form input.
    Custom,
    /// The application, with arguments by schema.
    Function,
    /// The provider.
    Hosted,
}

/// A tool that the request offers to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredTool {
    /// The whole declaration.
    pub declaration: Span,
    /// Who runs it.
    pub kind: ToolKind,
    /// Its name; for a hosted tool without one, its type.
    pub name: Option<Text>,
}

/// What a request asks for, read from its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestView {
    /// Calls in the conversation so far.
    pub calls: Vec<ToolCall<Text>>,
    /// The model's name.
    pub model: Option<String>,
    /// Results in the conversation so far.
    pub results: Vec<ToolResult>,
    /// The conversation, in order.
    pub segments: Vec<Segment>,
    /// Whether a streamed answer is asked for.
    pub stream: bool,
    /// Tools offered.
    pub tools: Vec<DeclaredTool>,
}
