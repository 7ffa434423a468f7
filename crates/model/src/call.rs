//! Tool calls and tool results.

use crate::{Span, Text};

/// In which of a provider's forms a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A tool with free-form input, declared by the application.
    Custom,
    /// A function tool, declared by the application and run by it.
    Function,
    /// A tool that the provider runs itself (web search, code execution, MCP connectors).
    Hosted,
    /// OpenAI's deprecated `function_call`.
    LegacyFunction,
    /// A form the dialect does not know. Such a call cannot be judged.
    Unknown,
}

/// A tool call that a model asks for, or asked for earlier in the conversation.
///
/// `S` is [`Text`] where the bytes are at hand (requests) and `String` where they arrived in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall<S> {
    /// Which alternative answer it belongs to: OpenAI's choice index, Gemini's candidate index, else 0.
    pub alternative: u32,
    /// The arguments as the model wrote them, undecoded JSON (free text for [`Carrier::Custom`]).
    pub arguments: Option<S>,
    /// In which form it came.
    pub carrier: Carrier,
    /// The provider's id of the call.
    pub id: Option<S>,
    /// The tool's name.
    pub name: Option<S>,
    /// The group in which the name holds: a namespace of functions, or the label of an MCP server.
    pub namespace: Option<S>,
}

impl<S> ToolCall<S> {
    /// A call of which only form and place are known so far.
    pub fn new(carrier: Carrier, alternative: u32) -> Self {
        Self { alternative, arguments: None, carrier, id: None, name: None, namespace: None }
    }
}

/// What a tool answered, as the application reports it to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolResult {
    /// Id of the call it answers.
    pub call_id: Option<Text>,
    /// Where its content stands: the whole JSON value.
    pub content: Option<Span>,
    /// Pictures or files stand beside its content.
    pub has_files: bool,
    /// The tool's name, where the result itself states one.
    pub name: Option<Text>,
}
