//! Reading a request.

use model::{
    Carrier, DeclaredTool, Form, Origin, RequestView, Segment, Span, Text, ToolCall, ToolKind, ToolResult,
};
use wire::json::{JsonError, Kind, Reader, decode};

use crate::beginning::{Beginnings, turns};

/// Reads the body of a request.
pub(super) fn read(body: &[u8], beginnings: &mut dyn Beginnings) -> Result<RequestView, JsonError> {
    let mut view = RequestView::default();
    let mut reader = Reader::new(body)?;
    let fields = [
        "model",
        "stream",
        "messages",
        "tools",
        "functions",
        "input",
        "prompt",
        "contents",
        SEARCHES[0],
        SEARCHES[1],
        SEARCHES[2],
        SEARCHES[3],
    ];
    let mut searches = false;
    reader.object(fields, |r, field| {
        match field {
            Some(0) => view.model = r.characters()?.map(Into::into),
            Some(1) => view.stream = r.boolean()? == Some(true),
            Some(2) => turns(r, &mut view, beginnings, message)?,
            Some(3) => r.array(|r| declared(r, &mut view))?,
            Some(4) => r.array(|r| declared_function(r, &mut view))?,
            Some(5..=7) => view.elsewhere |= crate::is_given(r)?,
            Some(_) => searches |= crate::is_given(r)?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    if searches || view.model.as_deref().is_some_and(|model| model.ends_with(ONLINE)) {
        searched(body, &mut view)?;
    }
    Ok(view)
}

/// Members by which providers search the web for the model, each in its own way: OpenAI, xAI, OpenRouter, Alibaba Cloud.
const SEARCHES: [&str; 4] = ["web_search_options", "search_parameters", "plugins", "enable_search"];

/// End of a model's name by which OpenRouter does.
const ONLINE: &str = ":online";

/// Members that make the provider search are tools that it runs, by the member's name; or by the model's.
fn searched(body: &[u8], view: &mut RequestView) -> Result<(), JsonError> {
    Reader::new(body)?.members(|r, key, offset| {
        let is_model = key.is("model");
        let is_search = SEARCHES.iter().any(|name| key.is(name));
        if !is_model && !is_search {
            return r.skip();
        }
        let own = r.key_at(offset);
        r.kind()?;
        let start = r.position();
        let (is_on, name) = match r.kind()? {
            Kind::Bool => (r.boolean()? == Some(true), own),
            Kind::Null => (r.skip().map(|()| false)?, own),
            Kind::Object => {
                let mode = r.member("mode", |r| r.string())?;
                (mode.is_none_or(|mode| decode(r.bytes(), mode) != "off"), own)
            }
            Kind::String if is_model => {
                let name = r.string()?;
                (name.is_some_and(|name| decode(r.bytes(), name).ends_with(ONLINE)), name)
            }
            Kind::Array | Kind::Number | Kind::String => (r.skip().map(|()| true)?, own),
        };
        if is_on {
            let declaration = Span { start, end: r.position() };
            view.tools.push(DeclaredTool { declaration, kind: ToolKind::Hosted, name, namespace: None });
        }
        Ok(())
    })
}

/// One of `messages`. Its role may stand behind its content, so parts that have the role's origin are marked
/// [`Origin::User`] until the role is known.
fn message(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let first = view.segments.len();
    let (mut role, mut name, mut call_id, mut content) = (None, None, None, None);
    let fields = ["role", "content", "name", "tool_calls", "function_call", "tool_call_id"];
    let start = {
        r.kind()?;
        r.position()
    };
    r.object(fields, |r, field| {
        match field {
            Some(0) => role = r.string()?,
            Some(1) => content = Some(parts(r, view)?),
            Some(2) => name = r.string()?,
            Some(3) => r.array(|r| {
                view.calls.push(call(r, 0)?);
                Ok(())
            })?,
            Some(4) if r.kind()? == Kind::Object => view.calls.push(legacy(r, 0)?),
            Some(5) => call_id = r.string()?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    let role = role.map(|role| decode(r.bytes(), role));
    let origin = match role.as_deref() {
        Some("assistant") => Origin::Assistant,
        Some("developer" | "system") => Origin::System,
        Some("function" | "tool") => {
            view.results.push(ToolResult { call_id, content, has_files: false, name });
            Origin::Tool(view.results.len().saturating_sub(1))
        }
        Some("user") => Origin::User,
        _ => Origin::Unknown,
    };
    if role.is_none() {
        view.segments.push(Segment { content: Span { start, end: r.position() }, origin: Origin::Unknown });
    }
    for segment in view.segments.iter_mut().skip(first) {
        if segment.origin == Origin::User {
            segment.origin = origin;
        }
    }
    Ok(())
}

/// The `content` of a message: text, or an array of parts.
fn parts(r: &mut Reader<'_>, view: &mut RequestView) -> Result<Span, JsonError> {
    let kind = r.kind()?;
    let start = r.position();
    match kind {
        Kind::Array => r.array(|r| part(r, view))?,
        Kind::Null => r.skip()?,
        Kind::String => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin: Origin::User });
        }
        Kind::Bool | Kind::Number | Kind::Object => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin: Origin::Unknown });
        }
    }
    Ok(Span { start, end: r.position() })
}

fn part(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let is_text = r.kind()? == Kind::String;
    let start = r.position();
    let kind = r.member("type", |r| r.characters())?;
    let origin = match kind.as_deref() {
        Some("text" | "refusal") => Origin::User,
        Some("image_url" | "input_audio" | "file" | "video_url") => Origin::Attachment,
        _ if is_text => Origin::User,
        _ => Origin::Unknown,
    };
    view.segments.push(Segment { content: Span { start, end: r.position() }, origin });
    Ok(())
}

/// One of `tool_calls`, in a request or in a whole answer.
pub(super) fn call(r: &mut Reader<'_>, alternative: u32) -> Result<ToolCall<Text>, JsonError> {
    let mut call = ToolCall::new(Carrier::Unknown, alternative);
    let mut kind = None;
    let (mut has_function, mut has_custom) = (false, false);
    r.object(["id", "type", "function", "custom"], |r, field| {
        match field {
            Some(0) => call.id = r.string()?,
            Some(1) => kind = r.characters()?,
            Some(2) => {
                has_function = true;
                named(r, &mut call, "arguments")?;
            }
            Some(3) => {
                has_custom = true;
                named(r, &mut call, "input")?;
            }
            _ => r.skip()?,
        }
        Ok(())
    })?;
    call.carrier = match (kind.as_deref(), has_function, has_custom) {
        (Some("function") | None, true, false) => Carrier::Function,
        (Some("custom"), false, true) => Carrier::Custom,
        _ => Carrier::Unknown,
    };
    Ok(call)
}

/// OpenAI's deprecated `function_call`.
pub(super) fn legacy(r: &mut Reader<'_>, alternative: u32) -> Result<ToolCall<Text>, JsonError> {
    let mut call = ToolCall::new(Carrier::LegacyFunction, alternative);
    named(r, &mut call, "arguments")?;
    Ok(call)
}

/// `{"name": …, "arguments": …}`. Arguments are JSON within a string; some servers send the JSON itself.
fn named(r: &mut Reader<'_>, call: &mut ToolCall<Text>, arguments: &str) -> Result<(), JsonError> {
    r.object(["name", arguments], |r, field| {
        match field {
            Some(0) => call.name = r.string()?,
            Some(1) => {
                call.arguments = if r.kind()? == Kind::String {
                    r.string()?
                } else {
                    Some(Text { form: Form::Json, span: r.value()? })
                }
            }
            _ => r.skip()?,
        }
        Ok(())
    })
}

/// One of `tools`.
fn declared(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let (mut kind, mut name) = (None, None);
    r.object(["type", "function", "custom", "name"], |r, field| {
        match field {
            Some(0) => kind = r.string()?,
            Some(1 | 2) => r.object(["name"], |r, field| match field {
                Some(_) => {
                    name = r.string()?;
                    Ok(())
                }
                None => r.skip(),
            })?,
            Some(3) => name = r.string()?,
            _ => r.skip()?,
        }
        Ok(())
    })?;
    let declaration = Span { start, end: r.position() };
    let (tool, name) = match kind.map(|kind| decode(r.bytes(), kind)).as_deref() {
        Some("custom") => (ToolKind::Custom, name),
        Some("function") | None => (ToolKind::Function, name),
        Some(_) => (ToolKind::Hosted, name.or(kind)),
    };
    view.tools.push(DeclaredTool { declaration, kind: tool, name, namespace: None });
    Ok(())
}

/// One of the deprecated `functions`.
fn declared_function(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let name = r.member("name", |r| r.string())?;
    let declaration = Span { start, end: r.position() };
    view.tools.push(DeclaredTool { declaration, kind: ToolKind::Function, name, namespace: None });
    Ok(())
}
