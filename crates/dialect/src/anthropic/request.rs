//! Reading a request.

use model::{DeclaredTool, Origin, RequestView, Segment, Span, ToolKind, ToolResult};
use wire::json::{JsonError, Kind, Reader, decode};

use super::block::{self, BlockKind};
use crate::beginning::{Beginnings, turns};

/// Reads the body of a request.
pub(super) fn read(body: &[u8], beginnings: &mut dyn Beginnings) -> Result<RequestView, JsonError> {
    let mut view = RequestView::default();
    let mut reader = Reader::new(body)?;
    let fields =
        ["model", "stream", "messages", "tools", "system", "mcp_servers", "input", "prompt", "contents"];
    reader.object(fields, |r, field| {
        match field {
            Some(0) => view.model = r.characters()?.map(Into::into),
            Some(1) => view.stream = r.boolean()? == Some(true),
            Some(2) => turns(r, &mut view, beginnings, message)?,
            Some(3) => r.array(|r| declared(r, &mut view))?,
            Some(4) => {
                let first = view.segments.len();
                content(r, &mut view)?;
                settle(&mut view, first, Origin::System);
                view.put_first(first);
            }
            Some(5) => r.array(|r| mcp_server(r, &mut view))?,
            Some(_) => view.elsewhere |= crate::is_given(r)?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(view)
}

/// One of `messages`; its role may stand behind its content.
fn message(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let first = view.segments.len();
    let mut role = None;
    r.object(["role", "content"], |r, field| {
        match field {
            Some(0) => role = r.characters()?,
            Some(_) => content(r, view)?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    let origin = match role.as_deref() {
        Some("assistant") => Origin::Assistant,
        Some("system") => Origin::System,
        Some("user") => Origin::User,
        _ => Origin::Unknown,
    };
    settle(view, first, origin);
    Ok(())
}

/// Gives the parts of a message from `first` on, which are marked [`Origin::User`], the origin of its role.
fn settle(view: &mut RequestView, first: usize, origin: Origin) {
    for segment in view.segments.iter_mut().skip(first) {
        if segment.origin == Origin::User {
            segment.origin = origin;
        }
    }
}

/// The `content` of a message: text, or an array of blocks.
fn content(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    match r.kind()? {
        Kind::Array => r.array(|r| content_block(r, view)),
        Kind::Null => r.skip(),
        Kind::String => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin: Origin::User });
            Ok(())
        }
        Kind::Bool | Kind::Number | Kind::Object => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin: Origin::Unknown });
            Ok(())
        }
    }
}

fn content_block(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let block = block::read(r)?;
    let origin = match block.kind {
        BlockKind::Attachment => Origin::Attachment,
        BlockKind::Call(carrier) => {
            view.calls.push(block.call(carrier));
            Origin::User
        }
        BlockKind::HostedResult => Origin::HostedTool,
        BlockKind::Reasoning | BlockKind::Text => Origin::User,
        BlockKind::Result => {
            view.results.push(ToolResult {
                call_id: block.tool_use_id,
                content: block.content,
                has_files: false,
                name: None,
            });
            Origin::Tool(view.results.len().saturating_sub(1))
        }
        BlockKind::Unknown => Origin::Unknown,
    };
    view.segments.push(Segment { content: block.span, origin });
    Ok(())
}

/// One of `tools`: the application's own have no `type` or `custom`, any other type is a hosted tool.
fn declared(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let (mut kind, mut name) = (None, None);
    r.object(["type", "name"], |r, field| {
        match field {
            Some(0) => kind = r.string()?,
            Some(_) => name = r.string()?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    let declaration = Span { start, end: r.position() };
    let tool = match kind.map(|kind| decode(r.bytes(), kind)).as_deref() {
        None | Some("custom") => ToolKind::Function,
        Some(_) => ToolKind::Hosted,
    };
    view.tools.push(DeclaredTool { declaration, kind: tool, name: name.or(kind), namespace: None });
    Ok(())
}

/// One of `mcp_servers`: tools that the provider calls on its own.
fn mcp_server(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let name = r.member("name", |r| r.string())?;
    let declaration = Span { start, end: r.position() };
    view.tools.push(DeclaredTool { declaration, kind: ToolKind::Hosted, name, namespace: None });
    Ok(())
}
