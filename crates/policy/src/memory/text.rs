//! The text of parts of a conversation, in whichever provider's form they are.

use std::borrow::Cow;

use wire::json::{JsonError, Kind, Reader};

/// Members of parts that are no text: types, ids, what is for the provider alone, files.
const NO_TEXT: [&str; 18] = [
    "cache_control",
    "call_id",
    "data",
    "encrypted_content",
    "fileData",
    "file_data",
    "id",
    "inlineData",
    "inline_data",
    "mimeType",
    "mime_type",
    "role",
    "signature",
    "thoughtSignature",
    "thought_signature",
    "tool_call_id",
    "tool_use_id",
    "type",
];

/// Members by which an object is told to be a part of a conversation.
const PART: [&str; 6] =
    ["functionResponse", "function_response", "inlineData", "inline_data", "parts", "role"];

/// Types of parts; besides those that end with `_call`, `_output` or `_result`.
const TYPES: [&str; 20] = [
    "audio",
    "base64",
    "document",
    "file",
    "image",
    "image_url",
    "input_audio",
    "input_file",
    "input_image",
    "input_text",
    "message",
    "output_text",
    "reasoning",
    "redacted_thinking",
    "refusal",
    "resource",
    "text",
    "thinking",
    "tool_use",
    "url",
];

/// Types of parts that are no text.
const FILES: [&str; 9] = [
    "audio",
    "document",
    "file",
    "image",
    "image_url",
    "input_audio",
    "input_file",
    "input_image",
    "resource",
];

/// Members of a block of text. Others would be hidden by what the text says.
const OF_TEXT: [&str; 5] = ["_meta", "annotations", "cache_control", "citations", "logprobs"];

/// Members that hold a tool's own JSON, where nothing is left out.
const FREE: [&str; 3] = ["arguments", "input", "structuredContent"];

/// All text of a JSON text, one piece in each line. What cannot be read is taken as it is.
pub(super) fn all_text(raw: &[u8]) -> String {
    let mut text = String::new();
    if read(raw, |reader| part(reader, &mut text)).is_none() {
        return String::from_utf8_lossy(raw).into_owned();
    }
    text
}

/// All names, texts and numbers of a JSON text, whatever they are for.
pub(super) fn whole_text(raw: &[u8]) -> String {
    let mut text = String::new();
    if read(raw, |reader| everything(reader, &mut text)).is_none() {
        return String::from_utf8_lossy(raw).into_owned();
    }
    text
}

/// Whether a JSON text is an array of parts in a provider's form, of which one is a picture, a sound or a file. (A tool's own
/// JSON is a string there, or an object.)
pub(crate) fn has_files(raw: &[u8]) -> bool {
    let mut found = false;
    let mut look = |reader: &mut Reader<'_>| {
        reader.object(["type"], |reader, wanted| match wanted {
            Some(_) => {
                let kind = reader.characters()?;
                found |= kind.is_some_and(|kind| FILES.contains(&kind.as_ref()));
                Ok(())
            }
            None => reader.skip(),
        })
    };
    let is_read =
        raw.trim_ascii_start().starts_with(b"[") && read(raw, |reader| reader.array(&mut look)).is_some();
    is_read && found
}

fn read<'a, T>(raw: &'a [u8], mut visit: impl FnMut(&mut Reader<'a>) -> Result<T, JsonError>) -> Option<T> {
    let mut reader = Reader::new(raw).ok()?;
    let found = visit(&mut reader).ok()?;
    reader.end().ok()?;
    Some(found)
}

/// Adds the text of a part, or of an array of them.
fn part(reader: &mut Reader<'_>, text: &mut String) -> Result<(), JsonError> {
    match reader.kind()? {
        Kind::Array => reader.array(|reader| part(reader, text)),
        Kind::Object if !is_part(reader)? => everything(reader, text),
        Kind::Object => reader.members(|reader, key, _| {
            if key.is("functionResponse") || key.is("function_response") {
                reader.object(["response"], |reader, wanted| match wanted {
                    Some(_) => everything(reader, text),
                    None => reader.skip(),
                })
            } else if NO_TEXT.iter().any(|name| key.is(name)) {
                reader.skip()
            } else if FREE.iter().any(|name| key.is(name)) {
                everything(reader, text)
            } else {
                part(reader, text)
            }
        }),
        Kind::Bool | Kind::Null | Kind::Number | Kind::String => everything(reader, text),
    }
}

/// Whether the object that comes next is a part of a conversation, and not a tool's own.
fn is_part(reader: &mut Reader<'_>) -> Result<bool, JsonError> {
    let start = reader.position();
    let end = reader.bytes().len();
    let (mut found, mut has_text, mut has_others) = (false, false, false);
    reader.again(model::Span { start, end }).members(|reader, key, _| {
        has_text |= key.is("text");
        has_others |=
            !["text", "thought", "thoughtSignature", "thought_signature"].iter().any(|name| key.is(name));
        found |= PART.iter().any(|name| key.is(name));
        if !key.is("type") {
            return reader.skip();
        }
        let kind = reader.characters()?.unwrap_or_default();
        let ends = ["_call", "_output", "_result"];
        found |= TYPES.contains(&kind.as_ref()) || ends.iter().any(|end| kind.ends_with(end));
        Ok(())
    })?;
    Ok(found || has_text && !has_others)
}

/// Adds all names, texts and numbers.
fn everything(reader: &mut Reader<'_>, text: &mut String) -> Result<(), JsonError> {
    match reader.kind()? {
        Kind::Array => reader.array(|reader| everything(reader, text)),
        Kind::Object => reader.members(|reader, key, _| {
            add(text, &key.as_str());
            everything(reader, text)
        }),
        Kind::Bool | Kind::Null => reader.skip(),
        Kind::Number => {
            let span = reader.value()?;
            add(text, &String::from_utf8_lossy(span.of(reader.bytes())));
            Ok(())
        }
        Kind::String => {
            let characters = reader.characters()?.unwrap_or_default();
            add_characters(text, &characters);
            Ok(())
        }
    }
}

/// Adds the characters of a string. JSON within it is read, so that its escapes hide nothing.
fn add_characters(text: &mut String, characters: &str) {
    if characters.trim_start().starts_with(['{', '[']) {
        let mut inner = String::new();
        if read(characters.as_bytes(), |reader| plain_json(reader, &mut inner)).is_some() {
            return add(text, &inner);
        }
    }
    add(text, characters);
}

/// As [`everything`], but strings are taken as they are.
fn plain_json(reader: &mut Reader<'_>, text: &mut String) -> Result<(), JsonError> {
    match reader.kind()? {
        Kind::Array => reader.array(|reader| plain_json(reader, text)),
        Kind::Object => reader.members(|reader, key, _| {
            add(text, &key.as_str());
            plain_json(reader, text)
        }),
        Kind::String => {
            let characters = reader.characters()?.unwrap_or_default();
            add(text, &characters);
            Ok(())
        }
        Kind::Bool | Kind::Null | Kind::Number => everything(reader, text),
    }
}

fn add(text: &mut String, piece: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(piece);
}

/// The value that a result's part carries: itself, or what stands in the member for it.
fn carried(raw: &[u8]) -> Option<&[u8]> {
    let mut members = Vec::new();
    let mut kind = None;
    let text = std::str::from_utf8(raw).ok()?;
    read(raw, |reader| {
        if reader.kind()? != Kind::Object {
            return reader.skip();
        }
        reader.members(|reader, key, _| {
            let is_type = key.is("type") || key.is("role");
            if is_type && reader.kind()? == Kind::String {
                kind = reader.characters()?.map(Cow::into_owned);
                return Ok(());
            }
            let span = reader.value()?;
            members.push((key.as_str().into_owned(), span));
            Ok(())
        })
    })?;
    let member = |names: &[&str]| {
        let found = members.iter().find(|(name, _)| names.contains(&name.as_str()))?;
        text.get(found.1.start..found.1.end).map(str::as_bytes)
    };
    if let Some(response) = member(&["functionResponse", "function_response"]) {
        let response =
            read(response, |reader| reader.member("response", |reader| reader.value().map(Some)))??;
        let whole = member(&["functionResponse", "function_response"])?;
        return Some(response.of(whole));
    }
    match kind.as_deref() {
        Some("function" | "tool" | "tool_result" | "mcp_tool_result") => member(&["content"]),
        Some(kind) if kind.ends_with("_output") => member(&["output"]),
        _ => Some(raw),
    }
}

/// The content of a result as text in which JSON may be: the characters of a string or of a single block of text, or
/// the JSON that it is.
pub(super) fn content(raw: &[u8]) -> Option<Cow<'_, str>> {
    let raw = carried(raw)?;
    if let Some(Some(characters)) = read(raw, |reader| reader.characters()) {
        return Some(characters);
    }
    match blocks(raw) {
        Some(mut all) if all.len() == 1 => all.pop().map(Cow::Owned),
        // What one block says would hide what the others bring along.
        Some(_) => None,
        None => std::str::from_utf8(raw).ok().map(Cow::Borrowed),
    }
}

/// The content of a result as plain text: the characters of a string or of blocks that are all text.
pub(super) fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    let raw = carried(raw)?;
    if let Some(Some(characters)) = read(raw, |reader| reader.characters()) {
        return Some(characters);
    }
    blocks(raw).map(|all| Cow::Owned(all.join("\n")))
}

/// The texts of blocks, if all are blocks of text.
fn blocks(raw: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut are_texts = true;
    read(raw, |reader| match reader.kind()? {
        Kind::Array => reader.array(|reader| {
            let text = block(reader, true)?;
            are_texts &= text.is_some();
            texts.extend(text);
            Ok(())
        }),
        Kind::Bool | Kind::Null | Kind::Number | Kind::Object | Kind::String => {
            let text = block(reader, false)?;
            are_texts &= text.is_some();
            texts.extend(text);
            Ok(())
        }
    })?;
    (are_texts && !texts.is_empty()).then_some(texts)
}

/// The text of a block that is one of text. In a list some clients of Google's, whose results are JSON of their own, call
/// it `content`.
fn block(reader: &mut Reader<'_>, is_listed: bool) -> Result<Option<String>, JsonError> {
    let (mut is_text, mut text, mut has_others) = (false, None, false);
    reader.members(|reader, key, _| {
        if key.is("type") {
            let kind = reader.characters()?;
            is_text = matches!(kind.as_deref(), Some("input_text" | "output_text" | "text"));
        } else if key.is("text") || is_listed && key.is("content") {
            let found = reader.characters()?;
            has_others |= text.is_some() || found.is_none();
            text = found.map(Cow::into_owned);
        } else {
            has_others |= !OF_TEXT.iter().any(|name| key.is(name));
            reader.skip()?;
        }
        Ok(())
    })?;
    Ok(text.filter(|_| is_text && !has_others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_text_leaves_out_what_is_none() {
        for (raw, wanted) in [
            (r#""a\u0062c""#, "abc"),
            (r#"{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}"#, "x"),
            (r#"[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","data":"QQ"}}]"#, "x"),
            (r#"{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"}]}"#, "x"),
            (
                r#"{"functionResponse":{"id":"1","name":"f","response":{"id":"e24","n":[7,true]}}}"#,
                "id\ne24\nn\n7",
            ),
            (r#"{"type":"tool_result","content":"{\"id\":\"a\\nb\"}"}"#, "id\na\nb"),
            (r#"{"text":"x","thoughtSignature":"QQ"}"#, "x"),
            (r#"{"type":"event","id":"e24"}"#, "type\nevent\nid\ne24"),
            ("no JSON", "no JSON"),
        ] {
            assert_eq!(all_text(raw.as_bytes()), wanted, "{raw}");
        }
    }

    #[test]
    fn files_are_parts_and_not_a_tools_own() {
        assert!(has_files(br#"[{"type":"text","text":"x"},{"type":"image","source":{}}]"#));
        for raw in
            [r#"[{"type":"text","text":"x"}]"#, r#""[{\"type\":\"image\"}]""#, r#"{"type":"image"}"#, "[1]"]
        {
            assert!(!has_files(raw.as_bytes()), "{raw}");
        }
        assert_eq!(whole_text(br#"{"role":"x","id":["e24"]}"#), "role\nx\nid\ne24");
    }

    #[test]
    fn contents_are_found_in_every_carrier() {
        for (raw, wanted) in [
            (r#""{\"a\":1}""#, Some(r#"{"a":1}"#)),
            (r#"{"a":1}"#, Some(r#"{"a":1}"#)),
            (r#"{"type":"tool_result","tool_use_id":"t","content":"{\"a\":1}"}"#, Some(r#"{"a":1}"#)),
            (r#"{"type":"tool_result","content":[{"type":"text","text":"{\"a\":1}"}]}"#, Some(r#"{"a":1}"#)),
            (r#"{"type":"function_call_output","output":"{\"a\":1}"}"#, Some(r#"{"a":1}"#)),
            (r#"{"role":"tool","content":"{\"a\":1}"}"#, Some(r#"{"a":1}"#)),
            (r#"{"functionResponse":{"name":"f","response":{"a":1}}}"#, Some(r#"{"a":1}"#)),
            (r#"[{"type":"text","text":"1"},{"type":"text","text":"2"}]"#, None),
            (r#"[{"type":"text","content":"1"}]"#, Some("1")),
            (r#"{"type":"text","content":"1"}"#, Some(r#"{"type":"text","content":"1"}"#)),
            (
                r#"[{"type":"text","content":"1","text":"2"}]"#,
                Some(r#"[{"type":"text","content":"1","text":"2"}]"#),
            ),
            (
                r#"[{"type":"text","content":[],"text":"1"}]"#,
                Some(r#"[{"type":"text","content":[],"text":"1"}]"#),
            ),
            (r#"{"type":"tool_result","tool_use_id":"t"}"#, None),
        ] {
            assert_eq!(content(raw.as_bytes()).as_deref(), wanted, "{raw}");
        }
        assert_eq!(
            plain(br#"[{"type":"text","text":"1"},{"type":"text","text":"2"}]"#).as_deref(),
            Some("1\n2")
        );
        assert_eq!(plain(br#"[{"type":"text","text":"1"},{"type":"image"}]"#), None);
    }
}
