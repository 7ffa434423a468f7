//! The spellings by which clients put server and tool into one name.

use super::declared::Declared;
use crate::compile::Policy;
use crate::decide::ToolName;

/// The tool that a client means: `mcp__server__tool`, `server__tool`, `server.tool`, and `server_tool` if rules or
/// declarations name that server, and no other split of the name leads to one.
pub fn undo<'a>(
    policy: &Policy,
    declared: &Declared,
    name: &'a str,
    namespace: Option<&'a str>,
) -> ToolName<'a> {
    if let Some(server) = namespace.map(bare).filter(|server| !server.is_empty()) {
        return ToolName { name, server: Some(server) };
    }
    let rest = name.strip_prefix("mcp__").unwrap_or(name);
    for mark in ["__", "."] {
        if let Some((server, tool)) = split(rest, mark) {
            return ToolName { name: tool, server: Some(server) };
        }
    }
    let is_known = |server: &str| policy.knows_server(server) || declared.knows_server(server);
    let mut splits = name.match_indices('_').filter_map(|(at, mark)| {
        let (server, rest) = name.split_at_checked(at)?;
        let tool = rest.strip_prefix(mark)?;
        (!server.is_empty() && !tool.is_empty() && is_known(server)).then_some((server, tool))
    });
    match (splits.next(), splits.next()) {
        (Some((server, tool)), None) => ToolName { name: tool, server: Some(server) },
        _ => ToolName { name, server: None },
    }
}

/// Whether this name, as a result states it, is a spelling of the tool.
pub(crate) fn means(name: &str, tool: ToolName<'_>) -> bool {
    let Some(server) = tool.server else { return name == tool.name };
    let rest = name.strip_suffix(tool.name).unwrap_or("\0");
    rest.is_empty()
        || rest
            .strip_prefix("mcp__")
            .unwrap_or(rest)
            .strip_prefix(server)
            .is_some_and(|mark| matches!(mark, "__" | "." | "_"))
}

/// The server of a namespace: Codex calls that of a server `mcp__server__`.
fn bare(namespace: &str) -> &str {
    let rest = namespace.strip_prefix("mcp__").unwrap_or(namespace);
    rest.strip_suffix("__").unwrap_or(rest)
}

/// The server that a declaration names beyond doubt.
pub(super) fn server_of<'a>(name: &'a str, namespace: Option<&'a str>) -> Option<&'a str> {
    match namespace {
        Some(namespace) => Some(bare(namespace)),
        None => split(name.strip_prefix("mcp__")?, "__").map(|(server, _)| server),
    }
}

fn split<'a>(name: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    name.split_once(mark).filter(|(server, tool)| !server.is_empty() && !tool.is_empty())
}
