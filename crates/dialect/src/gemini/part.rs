//! Parts of a content, which requests and answers share.

use model::{Carrier, Form, OutputKind, Span, Text, ToolCall};
use wire::json::{JsonError, Kind, Reader};

/// What a part is. The member that is present says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    Attachment,
    Call(Carrier),
    HostedResult,
    Result,
    Text,
    Unknown,
}

/// One part.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) arguments: Option<Text>,
    /// A call that goes on in a later part (`willContinue`).
    pub(super) continues: bool,
    /// A result with pictures or files beside what the function answered.
    pub(super) has_files: bool,
    pub(super) id: Option<Text>,
    pub(super) kind: PartKind,
    pub(super) name: Option<Text>,
    /// What a function answered.
    pub(super) response: Option<Span>,
    /// Something is said about it, mostly by a signature.
    pub(super) signed: bool,
    pub(super) span: Span,
    pub(super) text_bytes: usize,
    /// The model's reasoning.
    pub(super) thought: bool,
}

impl Part {
    /// The call that the part is.
    pub(super) fn call(&self, carrier: Carrier, alternative: u32) -> ToolCall<Text> {
        ToolCall {
            alternative,
            arguments: self.arguments,
            carrier,
            id: self.id,
            name: self.name,
            namespace: None,
        }
    }

    /// What the part is as output of the model; `None` for a call.
    pub(super) fn output(&self) -> Option<(OutputKind, usize)> {
        match self.kind {
            PartKind::Attachment => Some((OutputKind::Media, self.span.len())),
            PartKind::Call(_) => None,
            PartKind::HostedResult => Some((OutputKind::HostedTool, self.span.len())),
            PartKind::Text if self.thought => Some((OutputKind::Reasoning, self.text_bytes)),
            PartKind::Text => Some((OutputKind::Text, self.text_bytes)),
            PartKind::Result | PartKind::Unknown => Some((OutputKind::Unknown, self.span.len())),
        }
    }
}

/// What a member of a part means.
enum Member {
    Call(Carrier),
    Content(PartKind),
    /// Says something about the part, carries nothing.
    Modifier,
    Thought,
    Unknown,
}

/// Reads one part. Two members that each say what the part is make it unknown.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Part, JsonError> {
    r.kind()?;
    let start = r.position();
    let mut part = Part {
        arguments: None,
        continues: false,
        has_files: false,
        id: None,
        kind: PartKind::Unknown,
        name: None,
        response: None,
        signed: false,
        span: Span { start, end: start },
        text_bytes: 0,
        thought: false,
    };
    let mut kinds = 0_u32;
    r.members(|r, key, _| {
        let kind = match member(&key.as_str()) {
            Member::Call(carrier) => {
                call(r, &mut part)?;
                PartKind::Call(carrier)
            }
            Member::Content(PartKind::Text) => {
                part.text_bytes = text_length(r)?;
                PartKind::Text
            }
            Member::Content(PartKind::Result) => {
                result(r, &mut part)?;
                PartKind::Result
            }
            Member::Content(PartKind::HostedResult) => {
                part.id = r.member("id", Reader::string)?;
                PartKind::HostedResult
            }
            Member::Content(kind) => {
                r.skip()?;
                kind
            }
            Member::Modifier => {
                part.signed = true;
                return r.skip();
            }
            Member::Thought => {
                part.thought = r.boolean()? == Some(true);
                return Ok(());
            }
            Member::Unknown => {
                r.skip()?;
                PartKind::Unknown
            }
        };
        kinds = kinds.saturating_add(1);
        part.kind = if kinds == 1 { kind } else { PartKind::Unknown };
        Ok(())
    })?;
    if kinds == 0 && (part.signed || part.thought) {
        // A signature alone, as streams end with.
        part.kind = PartKind::Text;
    }
    part.span.end = r.position();
    Ok(part)
}

fn member(key: &str) -> Member {
    match key {
        "functionCall" | "function_call" => Member::Call(Carrier::Function),
        "executableCode" | "executable_code" | "toolCall" | "tool_call" => Member::Call(Carrier::Hosted),
        "codeExecutionResult" | "code_execution_result" | "toolResponse" | "tool_response" => {
            Member::Content(PartKind::HostedResult)
        }
        "fileData" | "file_data" | "inlineData" | "inline_data" => Member::Content(PartKind::Attachment),
        "functionResponse" | "function_response" => Member::Content(PartKind::Result),
        "text" => Member::Content(PartKind::Text),
        "thought" => Member::Thought,
        "mediaResolution" | "media_resolution" | "partMetadata" | "part_metadata" | "thoughtSignature"
        | "thought_signature" | "videoMetadata" | "video_metadata" => Member::Modifier,
        _ => Member::Unknown,
    }
}

fn text_length(r: &mut Reader<'_>) -> Result<usize, JsonError> {
    Ok(r.string()?.map_or(0, |text| text.span.len()))
}

/// `{"id", "name", "args"}`; streamed arguments come as `partialArgs`, hosted code as a whole.
fn call(r: &mut Reader<'_>, part: &mut Part) -> Result<(), JsonError> {
    let json = |r: &mut Reader<'_>| Ok(Some(Text { form: Form::Json, span: r.value()? }));
    let fields = [
        "id",
        "name",
        "args",
        "partialArgs",
        "partial_args",
        "willContinue",
        "will_continue",
        "toolType",
        "code",
    ];
    r.object(fields, |r, field| {
        match field {
            Some(0) => part.id = r.string()?,
            Some(1 | 7) => part.name = r.string()?,
            Some(2) if r.kind()? == Kind::Null => r.skip()?,
            Some(2..=4) => part.arguments = json(r)?,
            Some(5 | 6) => part.continues = r.boolean()? == Some(true),
            Some(8) => part.arguments = json(r)?,
            _ => r.skip()?,
        }
        Ok(())
    })
}

/// `{"id", "name", "response"}`, and `parts` with pictures and files.
fn result(r: &mut Reader<'_>, part: &mut Part) -> Result<(), JsonError> {
    r.object(["id", "name", "response", "parts"], |r, field| {
        match field {
            Some(0) => part.id = r.string()?,
            Some(1) => part.name = r.string()?,
            Some(2) => {
                let response = r.value()?;
                part.response = Some(own(r, response)?);
            }
            Some(_) => part.has_files |= crate::is_given(r)?,
            None => r.skip()?,
        }
        Ok(())
    })
}

/// What a function answered: a response is an object, so Google's SDKs put it into a member `result`, and the API's
/// reference asks for `output`. Beside another member it is the whole response.
fn own(r: &Reader<'_>, response: Span) -> Result<Span, JsonError> {
    let (mut count, mut wrapped) = (0_usize, None);
    r.again(response).members(|r, key, _| {
        let is_wrapper = key.is("result") || key.is("output");
        let value = r.value()?;
        count = count.saturating_add(1);
        wrapped = is_wrapper.then_some(value);
        Ok(())
    })?;
    Ok(wrapped.filter(|_| count == 1).unwrap_or(response))
}
