//! Items, which requests and answers share.

use std::borrow::Cow;

use model::{Carrier, Form, OutputKind, Span, Text, ToolCall};
use wire::json::{JsonError, Kind, Reader, decode};

use super::items::{self, Class, Row, Runs};

/// Members that hold arguments, of all rows together.
const ARGUMENTS: [&str; 8] =
    ["arguments", "input", "code", "action", "actions", "operation", "queries", "revised_prompt"];

/// One item.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    arguments: [Option<Text>; ARGUMENTS.len()],
    /// `call_id`, or the id of the request that an approval answers.
    pub(super) call_id: Option<Text>,
    pub(super) content: Option<Span>,
    /// Length of `encrypted_content`.
    pub(super) encrypted: usize,
    /// The `type` of `environment`; empty if it has none that can be read.
    environment: Option<Cow<'a, str>>,
    execution: Option<Cow<'a, str>>,
    pub(super) id: Option<Text>,
    pub(super) name: Option<Text>,
    /// `namespace` of a function, or label of an MCP server.
    namespace: Option<Text>,
    /// `output` of a result.
    pub(super) output: Option<Span>,
    pub(super) role: Option<Cow<'a, str>>,
    /// What the table says of its type; none if the table does not know it.
    pub(super) row: Option<&'static Row>,
    /// The item as a whole.
    pub(super) span: Span,
    pub(super) status: Option<Cow<'a, str>>,
    summary: Option<Span>,
    pub(super) tools: Option<Span>,
    type_name: Option<Text>,
}

/// Reads one item. Without a `type` it is a message if it has a role, else a reference if it has an id.
pub(super) fn read<'a>(r: &mut Reader<'a>) -> Result<Item<'a>, JsonError> {
    r.kind()?;
    let start = r.position();
    let mut item = Item::default();
    let fields = [
        "type",
        "id",
        "call_id",
        "approval_request_id",
        "name",
        "namespace",
        "server_label",
        "role",
        "status",
        "execution",
        "environment",
        "content",
        "output",
        "summary",
        "encrypted_content",
        "tools",
        // The members of ARGUMENTS, in its order.
        "arguments",
        "input",
        "code",
        "action",
        "actions",
        "operation",
        "queries",
        "revised_prompt",
    ];
    r.object(fields, |r, field| {
        match field {
            Some(0) => item.type_name = any(r)?,
            Some(1) => item.id = r.string()?,
            Some(2 | 3) => item.call_id = r.string()?.or(item.call_id),
            Some(4) => item.name = r.string()?,
            Some(5 | 6) => item.namespace = r.string()?.or(item.namespace),
            Some(7) => item.role = r.characters()?,
            Some(8) => item.status = r.characters()?,
            Some(9) => item.execution = r.characters()?,
            Some(10) => item.environment = environment(r)?,
            Some(11) => item.content = Some(r.value()?),
            Some(12) => item.output = Some(r.value()?),
            Some(13) => item.summary = Some(r.value()?),
            Some(14) => item.encrypted = r.string()?.map_or(0, |text| text.span.len()),
            Some(15) => item.tools = Some(r.value()?),
            Some(other) => {
                let at = other.saturating_sub(16);
                let value = any(r)?;
                if let Some(arguments) = item.arguments.get_mut(at) {
                    *arguments = value;
                }
            }
            None => r.skip()?,
        }
        Ok(())
    })?;
    item.span = Span { start, end: r.position() };
    item.row = match (item.type_name, &item.role, item.id) {
        (Some(name), _, _) => items::row(&decode(r.bytes(), name)),
        (None, Some(_), _) => items::row("message"),
        (None, None, Some(_)) => items::row("item_reference"),
        (None, None, None) => None,
    };
    Ok(item)
}

/// A string's characters or another value's source; none for `null`.
fn any(r: &mut Reader<'_>) -> Result<Option<Text>, JsonError> {
    match r.kind()? {
        Kind::Null => r.skip().map(|()| None),
        Kind::String => r.string(),
        Kind::Array | Kind::Bool | Kind::Number | Kind::Object => {
            Ok(Some(Text { form: Form::Json, span: r.value()? }))
        }
    }
}

/// The `type` of an environment; none for `null`, empty if it cannot be read.
pub(super) fn environment<'a>(r: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>, JsonError> {
    if r.kind()? == Kind::Null {
        r.skip()?;
        return Ok(None);
    }
    let kind = r.member("type", |r| r.characters())?;
    Ok(Some(kind.unwrap_or_default()))
}

/// In which form a shell's call comes, by the type of its environment (guide "Shell").
pub(super) fn carrier_in(environment: Option<&str>) -> Carrier {
    match environment {
        None | Some("local") => Carrier::Function,
        Some("container_auto" | "container_reference") => Carrier::Hosted,
        Some(_) => Carrier::Unknown,
    }
}

/// In which form a tool search comes, by its `execution` (guide "Tool search").
pub(super) fn carrier_by(execution: Option<&str>) -> Carrier {
    match execution {
        None | Some("server") => Carrier::Hosted,
        Some("client") => Carrier::Function,
        Some(_) => Carrier::Unknown,
    }
}

impl Item<'_> {
    /// What it is; none if the table does not know it.
    pub(super) fn class(&self) -> Option<Class> {
        self.row.map(|row| row.class)
    }

    /// Whether somebody ran a tool for it.
    pub(super) fn is_result(&self) -> bool {
        self.row.is_some_and(|row| row.runs != Runs::Nobody)
    }

    /// In which form its call comes, or came for a result. Nobody's is [`Carrier::Unknown`].
    pub(super) fn carrier(&self) -> Carrier {
        match self.row.map(|row| row.runs) {
            Some(Runs::Application(carrier)) => carrier,
            Some(Runs::Environment) => carrier_in(self.environment.as_deref()),
            Some(Runs::Execution) => carrier_by(self.execution.as_deref()),
            Some(Runs::Provider) => Carrier::Hosted,
            Some(Runs::Nobody) | None => Carrier::Unknown,
        }
    }

    /// The call that the item is. An item of an unknown type is a call that cannot be judged.
    pub(super) fn call(&self, bytes: &[u8]) -> Option<ToolCall<Text>> {
        if self.row.is_some_and(|row| !row.is_call()) {
            return None;
        }
        let mut carrier = self.carrier();
        let wanted = self.row.map_or(ARGUMENTS.as_slice(), |row| row.arguments);
        let said = ARGUMENTS.iter().zip(self.arguments).filter(|(member, _)| wanted.contains(member));
        let mut said = said.filter_map(|(_, arguments)| arguments);
        let arguments = said.next();
        if said.next().is_some() {
            // Which of them is run cannot be known.
            carrier = Carrier::Unknown;
        }
        Some(ToolCall {
            alternative: 0,
            arguments,
            carrier,
            id: self.call_id.or(self.id),
            name: self.name.or_else(|| self.tool(bytes)),
            namespace: self.namespace,
        })
    }

    /// The name of a tool that is named by the item's type.
    fn tool(&self, bytes: &[u8]) -> Option<Text> {
        let mut name = self.type_name?;
        if let Some(row) = self.row
            && name.span.of(bytes) == row.name.as_bytes()
        {
            name.span.end = name.span.start.saturating_add(row.tool().len());
        }
        Some(name)
    }

    /// The parts that it has as output of the model, each with its length. What an unknown item says is in its call.
    pub(super) fn output(&self, r: &mut Reader<'_>) -> Result<Vec<(OutputKind, usize)>, JsonError> {
        let mut parts = Vec::new();
        let whole = self.span.len();
        match self.class() {
            Some(Class::Approval | Class::Reference | Class::Setting) => {
                parts.push((OutputKind::Text, whole))
            }
            Some(Class::Both | Class::Result | Class::Tools) => parts.push((OutputKind::HostedTool, whole)),
            Some(Class::Compaction) => parts.push((OutputKind::Reasoning, self.encrypted)),
            Some(Class::Image) => parts.push((OutputKind::Media, whole)),
            Some(Class::Message) => self.said(r, self.content, &mut parts)?,
            Some(Class::Reasoning) => {
                self.said(r, self.summary, &mut parts)?;
                self.said(r, self.content, &mut parts)?;
                parts.push((OutputKind::Reasoning, self.encrypted));
            }
            Some(Class::Call) | None => {}
        }
        Ok(parts)
    }

    /// Adds what the parts at `span` say.
    fn said(
        &self,
        r: &mut Reader<'_>,
        span: Option<Span>,
        parts: &mut Vec<(OutputKind, usize)>,
    ) -> Result<(), JsonError> {
        let Some(span) = span else { return Ok(()) };
        r.revisit(span, |r| match r.kind()? {
            Kind::Array => r.array(|r| {
                let part = part(r)?;
                parts.push((part.kind, if part.text > 0 { part.text } else { part.silent() }));
                Ok(())
            }),
            Kind::Null => Ok(()),
            Kind::String => {
                parts.push((OutputKind::Text, span.len().saturating_sub(2)));
                Ok(())
            }
            Kind::Bool | Kind::Number | Kind::Object => {
                parts.push((OutputKind::Unknown, span.len()));
                Ok(())
            }
        })
    }
}

/// A part of a message or of reasoning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Id of an uploaded file.
    pub(super) file: Option<Text>,
    pub(super) kind: OutputKind,
    pub(super) span: Span,
    /// Length of what it says.
    text: usize,
}

impl Part {
    /// Its length, where it says nothing: of text that is none, of anything else its own.
    fn silent(&self) -> usize {
        match self.kind {
            OutputKind::Reasoning | OutputKind::Text => 0,
            OutputKind::HostedTool | OutputKind::Media | OutputKind::Unknown => self.span.len(),
        }
    }
}

/// Reads one part. A bare string is text.
pub(super) fn part(r: &mut Reader<'_>) -> Result<Part, JsonError> {
    let bare = r.kind()? == Kind::String;
    let start = r.position();
    let (mut kind, mut text, mut file) = (None, 0, None);
    r.object(["type", "text", "refusal", "file_id"], |r, field| {
        match field {
            Some(0) => kind = r.characters()?,
            Some(1 | 2) => text = r.string()?.map_or(0, |text| text.span.len()),
            Some(_) => file = r.string()?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    let span = Span { start, end: r.position() };
    let kind = match kind.as_deref() {
        Some("input_text" | "output_text" | "refusal" | "text") => OutputKind::Text,
        Some("reasoning_text" | "summary_text") => OutputKind::Reasoning,
        Some("computer_screenshot" | "input_audio" | "input_file" | "input_image" | "output_audio") => {
            OutputKind::Media
        }
        None if bare => OutputKind::Text,
        Some(_) | None => OutputKind::Unknown,
    };
    Ok(Part { file, kind, span, text: if bare { span.len().saturating_sub(2) } else { text } })
}
