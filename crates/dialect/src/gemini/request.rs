//! Reading a request.

use model::{
    DeclaredTool, Origin, Reference, ReferenceKind, RequestView, Segment, Span, ToolKind, ToolResult,
};
use wire::json::{JsonError, Kind, Reader};

use super::part::{self, PartKind};
use crate::beginning::{Beginnings, turns};

/// Reads the body of a request. Model and streaming are in the path.
pub(super) fn read(body: &[u8], beginnings: &mut dyn Beginnings) -> Result<RequestView, JsonError> {
    let mut view = RequestView::default();
    let mut reader = Reader::new(body)?;
    let fields = [
        "contents",
        "systemInstruction",
        "system_instruction",
        "tools",
        "cachedContent",
        "cached_content",
        "messages",
        "input",
        "prompt",
    ];
    reader.object(fields, |r, field| match field {
        Some(0) if r.kind()? == Kind::Array => {
            turns(r, &mut view, beginnings, |r, view| content(r, view, None))
        }
        Some(0) => content(r, &mut view, None),
        Some(1 | 2) => {
            let first = view.segments.len();
            content(r, &mut view, Some(Origin::System))?;
            view.put_first(first);
            Ok(())
        }
        Some(3) => one_or_many(r, |r| tool(r, &mut view)),
        Some(4 | 5) if r.kind()? == Kind::Null => r.skip(),
        Some(4 | 5) => {
            view.references.push(Reference { id: r.string()?, kind: ReferenceKind::CachedContent });
            Ok(())
        }
        Some(_) => {
            view.elsewhere |= crate::is_given(r)?;
            Ok(())
        }
        None => r.skip(),
    })?;
    reader.end()?;
    Ok(view)
}

/// A repeated field; the API also takes a single value.
fn one_or_many<'a>(
    r: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    if r.kind()? == Kind::Array { r.array(read) } else { read(r) }
}

/// A content: `role` and `parts`, in either order. A bare string is a text.
fn content(r: &mut Reader<'_>, view: &mut RequestView, origin: Option<Origin>) -> Result<(), JsonError> {
    let first = view.segments.len();
    let mut role = None;
    if r.kind()? == Kind::String {
        let content = r.value()?;
        view.segments.push(Segment { content, origin: Origin::User });
    } else {
        r.object(["role", "parts"], |r, field| match field {
            Some(0) => {
                role = r.characters()?;
                Ok(())
            }
            Some(_) => one_or_many(r, |r| content_part(r, view)),
            None => r.skip(),
        })?;
    }
    let origin = origin.unwrap_or(match role.as_deref() {
        Some("model") => Origin::Assistant,
        Some("function" | "user") | None => Origin::User,
        Some("system") => Origin::System,
        Some(_) => Origin::Unknown,
    });
    for segment in view.segments.iter_mut().skip(first) {
        if segment.origin == Origin::User {
            segment.origin = origin;
        }
    }
    Ok(())
}

fn content_part(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let part = part::read(r)?;
    let origin = match part.kind {
        PartKind::Attachment => Origin::Attachment,
        PartKind::Call(carrier) => {
            view.calls.push(part.call(carrier, 0));
            Origin::User
        }
        PartKind::HostedResult => Origin::HostedTool,
        PartKind::Result => {
            view.results.push(ToolResult {
                call_id: part.id,
                content: part.response,
                has_files: part.has_files,
                name: part.name,
            });
            Origin::Tool(view.results.len().saturating_sub(1))
        }
        PartKind::Text => Origin::User,
        PartKind::Unknown => Origin::Unknown,
    };
    view.segments.push(Segment { content: part.span, origin });
    Ok(())
}

/// One of `tools`: function declarations, and hosted tools named by their member.
fn tool(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.members(|r, key, offset| {
        if key.is("functionDeclarations") || key.is("function_declarations") {
            return one_or_many(r, |r| function(r, view));
        }
        let declaration = r.value()?;
        let name = r.key_at(offset);
        view.tools.push(DeclaredTool { declaration, kind: ToolKind::Hosted, name, namespace: None });
        Ok(())
    })
}

fn function(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let name = r.member("name", |r| r.string())?;
    let declaration = Span { start, end: r.position() };
    view.tools.push(DeclaredTool { declaration, kind: ToolKind::Function, name, namespace: None });
    Ok(())
}
