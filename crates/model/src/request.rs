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
    /// The group in which the name holds, where tools are declared in groups.
    pub namespace: Option<Text>,
}

/// What kind of thing a request refers to that the provider keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// The start of a conversation, cached.
    CachedContent,
    /// A conversation in a form that only the provider can read.
    Compaction,
    /// A conversation that the provider keeps.
    Conversation,
    /// An uploaded file.
    File,
    /// One item of an earlier request or answer.
    Item,
    /// An earlier answer, with all that came before it.
    PreviousResponse,
    /// A template of instructions.
    Prompt,
}

/// Content of the conversation that the request names and does not hold. It cannot be seen here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The provider's id of it; none if the request has none, or not in a form that can be read.
    pub id: Option<Text>,
    /// What it is.
    pub kind: ReferenceKind,
}

/// What a request asks for, read from its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestView {
    /// Calls in the conversation so far.
    pub calls: Vec<ToolCall<Text>>,
    /// There is a member, too, in which another API carries its conversation: the provider may read that one.
    pub elsewhere: bool,
    /// The model's name.
    pub model: Option<String>,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Results in the conversation so far.
    pub results: Vec<ToolResult>,
    /// The conversation, in order; what is said to the whole of it first.
    pub segments: Vec<Segment>,
    /// Whether a streamed answer is asked for.
    pub stream: bool,
    /// Tools offered.
    pub tools: Vec<DeclaredTool>,
}

impl RequestView {
    /// Puts the segments from this one on before all others: what is said to the whole conversation comes first, wherever
    /// it stands in the body, so that one which goes on begins as it did.
    pub fn put_first(&mut self, from: usize) {
        let count = self.segments.len().saturating_sub(from);
        self.segments.rotate_right(count);
    }
}
