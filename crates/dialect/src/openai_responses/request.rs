//! Reading a request.

use model::{Carrier, Origin, OutputKind, Reference, ReferenceKind, RequestView, Segment, ToolResult};
use wire::json::{JsonError, Kind, Reader};

use super::item::{self, Item, Part};
use super::items::Class;
use super::tool;
use crate::beginning::{Beginnings, turns};

/// Reads the body of a request.
pub(super) fn read(body: &[u8], beginnings: &mut dyn Beginnings) -> Result<RequestView, JsonError> {
    let mut view = RequestView::default();
    let mut reader = Reader::new(body)?;
    let fields = [
        "model",
        "stream",
        "input",
        "instructions",
        "tools",
        "previous_response_id",
        "conversation",
        "prompt",
        "messages",
        "contents",
    ];
    reader.object(fields, |r, field| {
        match field {
            Some(0) => view.model = r.characters()?.map(Into::into),
            Some(1) => view.stream = r.boolean()? == Some(true),
            Some(2) if r.kind()? == Kind::Array => turns(r, &mut view, beginnings, item)?,
            Some(2) => said(r, &mut view, Origin::User)?,
            Some(3) => {
                let first = view.segments.len();
                said(r, &mut view, Origin::System)?;
                view.put_first(first);
            }
            Some(4) => r.array(|r| tool::declared(r, &mut view))?,
            Some(5) => refer(r, &mut view, ReferenceKind::PreviousResponse)?,
            Some(6) => refer(r, &mut view, ReferenceKind::Conversation)?,
            Some(7) => refer(r, &mut view, ReferenceKind::Prompt)?,
            Some(_) => view.elsewhere |= crate::is_given(r)?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(view)
}

/// Text with an origin, or items.
fn said(r: &mut Reader<'_>, view: &mut RequestView, origin: Origin) -> Result<(), JsonError> {
    match r.kind()? {
        Kind::Array => r.array(|r| item(r, view)),
        Kind::Null => r.skip(),
        Kind::String => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin });
            Ok(())
        }
        Kind::Bool | Kind::Number | Kind::Object => {
            let content = r.value()?;
            view.segments.push(Segment { content, origin: Origin::Unknown });
            Ok(())
        }
    }
}

/// One item of the conversation.
fn item(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let item = item::read(r)?;
    take(&item, r, view)
}

/// The id of something that the provider keeps, bare or as a member of an object. A template's variables are said by
/// the application.
fn refer(r: &mut Reader<'_>, view: &mut RequestView, kind: ReferenceKind) -> Result<(), JsonError> {
    let mut id = None;
    match r.kind()? {
        Kind::Null => return r.skip(),
        Kind::Object => r.object(["id", "variables"], |r, field| match field {
            Some(0) => {
                id = r.string()?;
                Ok(())
            }
            Some(_) => r.members(|r, _, _| {
                let part = item::part(r)?;
                take_part(part, view, Origin::User);
                Ok(())
            }),
            None => r.skip(),
        })?,
        Kind::Array | Kind::Bool | Kind::Number | Kind::String => id = r.string()?,
    }
    view.references.push(Reference { id, kind });
    Ok(())
}

/// Takes in one item of the conversation.
fn take(item: &Item<'_>, r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let call = item.call(r.bytes());
    let origin = match item.class() {
        Some(Class::Approval) => Origin::User,
        Some(Class::Both | Class::Image) => Origin::HostedTool,
        Some(Class::Call | Class::Reasoning) => Origin::Assistant,
        Some(Class::Compaction) => {
            view.references.push(Reference { id: item.id, kind: ReferenceKind::Compaction });
            Origin::Assistant
        }
        Some(Class::Message) => return message(item, r, view),
        Some(Class::Reference) => {
            view.references.push(Reference { id: item.id, kind: ReferenceKind::Item });
            return Ok(());
        }
        Some(Class::Result) => result(item, view),
        Some(Class::Setting) => Origin::System,
        Some(Class::Tools) => {
            if let Some(tools) = item.tools {
                r.revisit(tools, |r| r.array(|r| tool::declared(r, view)))?;
            }
            match &item.role {
                Some(role) if !item.is_result() => of_role(role),
                _ => result(item, view),
            }
        }
        None => Origin::Unknown,
    };
    view.calls.extend(call);
    view.segments.push(Segment { content: item.span, origin });
    Ok(())
}

/// Whose result it is; one of the application's is noted.
fn result(item: &Item<'_>, view: &mut RequestView) -> Origin {
    match item.carrier() {
        Carrier::Custom | Carrier::Function | Carrier::LegacyFunction => {
            let content = item.output.or(item.tools);
            let call_id = item.call_id.or(item.id);
            view.results.push(ToolResult { call_id, content, has_files: false, name: item.name });
            Origin::Tool(view.results.len().saturating_sub(1))
        }
        Carrier::Hosted => Origin::HostedTool,
        Carrier::Unknown => Origin::Unknown,
    }
}

fn message(item: &Item<'_>, r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    let origin = item.role.as_deref().map_or(Origin::Unknown, of_role);
    let Some(content) = item.content else {
        view.segments.push(Segment { content: item.span, origin });
        return Ok(());
    };
    r.revisit(content, |r| match r.kind()? {
        Kind::Array => r.array(|r| {
            let part = item::part(r)?;
            take_part(part, view, origin);
            Ok(())
        }),
        Kind::Null => Ok(()),
        Kind::String => {
            view.segments.push(Segment { content, origin });
            Ok(())
        }
        Kind::Bool | Kind::Number | Kind::Object => {
            view.segments.push(Segment { content, origin: Origin::Unknown });
            Ok(())
        }
    })
}

fn of_role(role: &str) -> Origin {
    match role {
        "assistant" => Origin::Assistant,
        "developer" | "system" => Origin::System,
        "user" => Origin::User,
        _ => Origin::Unknown,
    }
}

/// Takes in a part of what `origin` says.
fn take_part(part: Part, view: &mut RequestView, origin: Origin) {
    if let Some(id) = part.file {
        view.references.push(Reference { id: Some(id), kind: ReferenceKind::File });
    }
    let origin = match part.kind {
        OutputKind::Reasoning | OutputKind::Text => origin,
        OutputKind::Media => Origin::Attachment,
        OutputKind::HostedTool | OutputKind::Unknown => Origin::Unknown,
    };
    view.segments.push(Segment { content: part.span, origin });
}
