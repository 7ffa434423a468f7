//! Content blocks, which requests and answers share.

use std::borrow::Cow;

use model::{Carrier, Form, OutputKind, Span, Text, ToolCall};
use wire::json::{JsonError, Kind, Reader};

/// What kind of block it is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    Attachment,
    Call(Carrier),
    HostedResult,
    Reasoning,
    Result,
    Text,
    Unknown,
}

/// One content block.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// `content`: of a result, where it stands.
    pub(super) content: Option<Span>,
    /// `id` of a call.
    pub(super) id: Option<Text>,
    /// `input` of a call.
    pub(super) input: Option<Text>,
    pub(super) kind: BlockKind,
    /// `name` of a call.
    pub(super) name: Option<Text>,
    /// The block as a whole.
    pub(super) span: Span,
    /// Length of what a text or thinking block says.
    pub(super) text_bytes: usize,
    /// `tool_use_id` of a result.
    pub(super) tool_use_id: Option<Text>,
    /// `type`.
    pub(super) type_name: Option<Cow<'a, str>>,
}

impl Block<'_> {
    /// The call that the block is.
    pub(super) fn call(&self, carrier: Carrier) -> ToolCall<Text> {
        ToolCall {
            alternative: 0,
            arguments: self.input,
            carrier,
            id: self.id,
            name: self.name,
            namespace: None,
        }
    }

    /// What the block is as output of the model; `None` for a call.
    pub(super) fn output(&self) -> Option<(OutputKind, usize)> {
        match self.kind {
            BlockKind::Attachment => Some((OutputKind::Media, self.span.len())),
            BlockKind::Call(_) => None,
            BlockKind::HostedResult => Some((OutputKind::HostedTool, self.span.len())),
            BlockKind::Reasoning => Some((OutputKind::Reasoning, self.text_bytes)),
            BlockKind::Text => Some((OutputKind::Text, self.text_bytes)),
            BlockKind::Result | BlockKind::Unknown => Some((OutputKind::Unknown, self.span.len())),
        }
    }
}

/// Reads one block. A bare string, which the API takes for a text block, is one.
pub(super) fn read<'a>(r: &mut Reader<'a>) -> Result<Block<'a>, JsonError> {
    let bare = r.kind()? == Kind::String;
    let start = r.position();
    let mut block = Block {
        content: None,
        id: None,
        input: None,
        kind: if bare { BlockKind::Text } else { BlockKind::Unknown },
        name: None,
        span: Span { start, end: start },
        text_bytes: 0,
        tool_use_id: None,
        type_name: None,
    };
    let fields = ["type", "id", "name", "input", "tool_use_id", "content", "text", "thinking", "data"];
    r.object(fields, |r, field| {
        match field {
            Some(0) => block.type_name = r.characters()?,
            Some(1) => block.id = r.string()?,
            Some(2) => block.name = r.string()?,
            Some(3) => block.input = Some(Text { form: Form::Json, span: r.value()? }),
            Some(4) => block.tool_use_id = r.string()?,
            Some(5) => block.content = Some(r.value()?),
            Some(6..=8) => {
                let length = r.string()?.map_or(0, |text| text.span.len());
                block.text_bytes = block.text_bytes.saturating_add(length);
            }
            _ => r.skip()?,
        }
        Ok(())
    })?;
    block.span.end = r.position();
    if let Some(name) = &block.type_name {
        block.kind = kind(name);
    }
    Ok(block)
}

/// Types as of the Messages API reference. Hosted tools come and go with beta versions, but their blocks
/// keep to two endings.
fn kind(type_name: &str) -> BlockKind {
    match type_name {
        "compaction" | "text" => BlockKind::Text,
        "container_upload" | "document" | "image" | "search_result" => BlockKind::Attachment,
        "redacted_thinking" | "thinking" => BlockKind::Reasoning,
        "tool_result" => BlockKind::Result,
        "tool_use" => BlockKind::Call(Carrier::Function),
        hosted if hosted.ends_with("_tool_result") => BlockKind::HostedResult,
        hosted if hosted.ends_with("_tool_use") => BlockKind::Call(Carrier::Hosted),
        _ => BlockKind::Unknown,
    }
}
