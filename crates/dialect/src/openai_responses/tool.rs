//! Declared tools.

use std::borrow::Cow;

use model::{Carrier, DeclaredTool, RequestView, Span, Text, ToolKind};
use wire::json::{JsonError, Reader, decode};

use super::item;

/// Reads one of `tools`, in a request or in an item that declares tools (API reference, "Responses", `tools`).
pub(super) fn declared(r: &mut Reader<'_>, view: &mut RequestView) -> Result<(), JsonError> {
    read(r, view, None)
}

/// Reads a tool, of a namespace if it stands in one.
fn read(r: &mut Reader<'_>, view: &mut RequestView, namespace: Option<Text>) -> Result<(), JsonError> {
    r.kind()?;
    let start = r.position();
    let (mut kind, mut name, mut label, mut group) = (None, None, None, None);
    let (mut environment, mut execution): (Option<Cow<'_, str>>, Option<Cow<'_, str>>) = (None, None);
    r.object(["type", "name", "server_label", "tools", "environment", "execution"], |r, field| {
        match field {
            Some(0) => kind = r.string()?,
            Some(1) => name = r.string()?,
            Some(2) => label = r.string()?,
            Some(3) => group = Some(r.value()?),
            Some(4) => environment = item::environment(r)?,
            Some(_) => execution = r.characters()?,
            None => r.skip()?,
        }
        Ok(())
    })?;
    let declaration = Span { start, end: r.position() };
    let type_name = kind.map(|kind| decode(r.bytes(), kind));
    let runs = match type_name.as_deref() {
        // Groups do not hold groups.
        Some("namespace") if namespace.is_none() => {
            let Some(group) = group else { return Ok(()) };
            return r.revisit(group, |r| r.array(|r| read(r, view, name.or(kind))));
        }
        Some("custom") => ToolKind::Custom,
        Some("apply_patch" | "computer" | "computer_use_preview" | "function" | "local_shell") | None => {
            ToolKind::Function
        }
        Some("shell") => by(item::carrier_in(environment.as_deref())),
        Some("tool_search") => by(item::carrier_by(execution.as_deref())),
        Some(_) => ToolKind::Hosted,
    };
    view.tools.push(DeclaredTool { declaration, kind: runs, name: name.or(label).or(kind), namespace });
    Ok(())
}

/// Who runs a tool whose calls come in this form.
fn by(carrier: Carrier) -> ToolKind {
    match carrier {
        Carrier::Custom => ToolKind::Custom,
        Carrier::Function | Carrier::LegacyFunction => ToolKind::Function,
        Carrier::Hosted | Carrier::Unknown => ToolKind::Hosted,
    }
}
