//! The content of results as values.

use std::collections::BTreeMap;

use serde_saphyr::options::{AliasLimits, MergeKeyPolicy};

use crate::rule::Format;
use crate::value::Value;

/// Largest YAML that is read, in bytes: its reader is slower than that of JSON.
const MAX_YAML_BYTES: usize = 4 << 20;

/// What conditions see of a result; none if it does not parse as its format.
pub(crate) fn read(format: Format, text: &str) -> Option<Value> {
    match format {
        Format::Json => Value::from_json(text.as_bytes()).ok().and_then(unwrap_block),
        Format::Text => {
            let text = Value::Text(text.to_owned());
            Some(Value::Object([("text".to_owned(), text)].into()))
        }
        Format::Yaml if text.len() > MAX_YAML_BYTES => None,
        Format::Yaml => yaml(text),
    }
}

fn yaml(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! {
        alias_limits: no_aliases(),
        budget: serde_saphyr::budget! { max_aliases: 0, max_anchors: 0, max_depth: 64 },
        merge_keys: MergeKeyPolicy::AsOrdinary,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).ok()
}

fn no_aliases() -> AliasLimits {
    serde_saphyr::alias_limits! { max_total_replayed_events: 0, max_replay_stack_depth: 0 }
}

/// The JSON inside a text block: `[{"type":"text","text":"…"}]`, alone or as the `content` of an MCP result. More than
/// one block is not looked into: what one says would hide what the others bring along.
fn unwrap_block(value: Value) -> Option<Value> {
    let blocks = match &value {
        Value::Object(members)
            if has_only(members, &["_meta", "content", "isError", "structuredContent"]) =>
        {
            members.get("content").unwrap_or(&value)
        }
        other @ Value::Object(_) => other,
        other @ (Value::Array(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_)) => other,
    };
    let Value::Array(blocks) = blocks else { return Some(value) };
    if blocks.is_empty() || !blocks.iter().all(|block| block_type(block).is_some()) {
        return Some(value);
    }
    let [Value::Object(block)] = blocks.as_slice() else { return None };
    if !has_only(block, &["_meta", "annotations", "cache_control", "citations", "text", "type"]) {
        return None;
    }
    let text = block.get("text").and_then(Value::text)?;
    let inner = Value::from_json(text.as_bytes()).ok()?;
    let structured = match &value {
        Value::Object(members) => members.get("structuredContent"),
        Value::Array(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => None,
    };
    // An MCP server says the same twice, or it says something that nobody looked at.
    structured.is_none_or(|structured| *structured == inner).then_some(inner)
}

fn has_only(members: &BTreeMap<String, Value>, names: &[&str]) -> bool {
    members.keys().all(|name| names.contains(&name.as_str()))
}

/// The type of a content block.
fn block_type(value: &Value) -> Option<&str> {
    let Value::Object(members) = value else { return None };
    let kind = members.get("type").and_then(Value::text)?;
    matches!(kind, "audio" | "image" | "input_text" | "output_text" | "resource" | "resource_link" | "text")
        .then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<Value> {
        Value::from_json(text.as_bytes()).ok()
    }

    #[test]
    fn json_is_found_inside_text_blocks() {
        let inner = json(r#"{"a":1}"#);
        assert_eq!(read(Format::Json, r#"{"a":1}"#), inner);
        assert_eq!(read(Format::Json, r#"[{"type":"text","text":"{\"a\":1}"}]"#), inner);
        assert_eq!(read(Format::Json, r#"{"content":[{"type":"text","text":"{\"a\":1}"}]}"#), inner);
        assert_eq!(read(Format::Json, r#"[{"a":1}]"#), json(r#"[{"a":1}]"#));
        assert_eq!(read(Format::Json, "[]"), json("[]"));
        assert_eq!(read(Format::Json, r#"[{"type":"text","text":"no JSON"}]"#), None);
        assert_eq!(read(Format::Json, r#"[{"type":"text","text":"1"},{"type":"image"}]"#), None);
        assert_eq!(read(Format::Json, "plain"), None);
        // What else stands there must not be hidden by it.
        let hides = r#"[{"type":"text","from":"mallory","text":"[{\"from\":\"ceo\"}]"}]"#;
        assert_eq!(read(Format::Json, hides), None);
        let twice = r#"{"content":[{"type":"text","text":"{\"a\":1}"}],"structuredContent":{"a":1}}"#;
        assert_eq!(read(Format::Json, twice), inner);
        assert_eq!(read(Format::Json, &twice.replace(r#":{"a":1}"#, r#":{"a":2}"#)), None);
        let other = r#"{"content":[{"type":"text","text":"{\"a\":1}"}],"b":2}"#;
        assert_eq!(read(Format::Json, other), json(other));
    }

    #[test]
    fn other_formats_are_read_as_declared() {
        assert_eq!(read(Format::Text, "plain"), json(r#"{"text":"plain"}"#));
        assert_eq!(read(Format::Yaml, "a: 1\nb: [x, 2.5, null]\n"), json(r#"{"a":1,"b":["x",2.5,null]}"#));
        assert_eq!(read(Format::Yaml, "a: &x 1\nb: *x\n"), None);
        assert_eq!(read(Format::Yaml, "a: !secret 1\n"), None);
        assert_eq!(read(Format::Yaml, "a: 1\na: 2\n"), None);
        assert_eq!(read(Format::Yaml, "a: [\n"), None);
        assert_eq!(read(Format::Yaml, &"[".repeat(10_000)), None);
    }
}
