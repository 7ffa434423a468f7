//! Contents and their parts.

use wire::json::{JsonError, Kind, Reader};

use super::Untranslatable;
use super::names::shown;
use super::walk::{Message, Rule, Walk};

/// A turn of a conversation. Vertex AI wants a role on each; AI Studio takes one without as the user's.
pub(super) static CONTENT: Message = Message {
    fields: &[("parts", Rule::Many(&PART)), ("role", Rule::With(role))],
    required: Some(("role", r#""role":"user""#)),
    text: Some((r#"{"role":"user","parts":[{"text":"#, "}]}")),
};

/// Instructions and what is embedded: contents whose role is not looked at.
pub(super) static INSTRUCTION: Message = Message {
    fields: &[("parts", Rule::Many(&PART))],
    required: None,
    text: Some((r#"{"parts":[{"text":"#, "}]}")),
};

static PART: Message = Message {
    fields: &[
        ("codeExecutionResult", Rule::One(&NUMBERED)),
        ("executableCode", Rule::One(&NUMBERED)),
        ("fileData", Rule::With(file_data)),
        ("functionResponse", Rule::One(&FUNCTION_RESPONSE)),
        (
            "partMetadata",
            Rule::Absent("`partMetadata` does not exist on Vertex AI: leave it out of the parts"),
        ),
        (
            "toolCall",
            Rule::Absent(
                "a part `toolCall` does not exist on Vertex AI: leave calls of hosted tools out of the conversation",
            ),
        ),
        (
            "toolResponse",
            Rule::Absent(
                "a part `toolResponse` does not exist on Vertex AI: leave results of hosted tools out of the \
                 conversation",
            ),
        ),
    ],
    required: None,
    text: Some((r#"{"text":"#, "}")),
};

/// Code and its result: on AI Studio they are numbered, on Vertex AI the result follows its code.
static NUMBERED: Message = Message { fields: &[("id", Rule::Drop)], required: None, text: None };

static FUNCTION_RESPONSE: Message = Message {
    fields: &[
        ("parts", Rule::Many(&FUNCTION_RESPONSE_PART)),
        (
            "willContinue",
            Rule::Absent(
                "`functionResponse.willContinue` does not exist on Vertex AI: give the whole result",
            ),
        ),
    ],
    required: None,
    text: None,
};

static FUNCTION_RESPONSE_PART: Message = Message {
    fields: &[
        ("fileData", Rule::With(file_data)),
        (
            "mediaProcessing",
            Rule::Absent(
                "`functionResponse.parts.mediaProcessing` does not exist on Vertex AI: leave it out",
            ),
        ),
    ],
    required: None,
    text: None,
};

/// `user` and `model` are roles on both. AI Studio also has `function`, whose results are the user's on Vertex AI.
fn role(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    let kind = r.kind()?;
    let start = r.position();
    let role = r.characters()?;
    let span = model::Span { start, end: r.position() };
    match role.as_deref() {
        Some("model" | "user") => {}
        Some("" | "function") => walk.edits.replace(span, br#""user""#.as_slice()),
        Some(other) => walk.refuse(Untranslatable::Field(format!(
            "`contents.role` `{}` does not exist on Vertex AI: use `user` or `model`, and `systemInstruction` for the \
             system's words",
            shown(other)
        ))),
        None if kind == Kind::Null => walk.edits.replace(span, br#""user""#.as_slice()),
        None => {}
    }
    Ok(())
}

/// `fileData`: a file of AI Studio's cannot be read by Vertex AI, and every other one needs a type there.
fn file_data(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    if r.kind()? != Kind::Object {
        return r.skip();
    }
    let open = r.position().saturating_add(1);
    let (mut uri, mut typed, mut untyped) = (None, false, None);
    r.object(["fileUri", "file_uri", "mimeType", "mime_type"], |r, field| match field {
        Some(0 | 1) => {
            uri = r.characters()?;
            Ok(())
        }
        Some(2 | 3) if r.kind()? == Kind::Null => {
            untyped = Some(r.value()?);
            Ok(())
        }
        Some(2 | 3) => {
            typed = true;
            r.skip()
        }
        _ => r.skip(),
    })?;
    let Some(uri) = uri else { return Ok(()) };
    if is_uploaded(&uri) {
        walk.refuse(Untranslatable::Field(
            "`fileData.fileUri` of the Files API cannot be used on Vertex AI: upload to Cloud Storage and give a gs:// URI"
                .to_owned(),
        ));
    } else if !typed {
        match media_type(&uri) {
            Some(media) => match untyped {
                Some(null) => walk.edits.replace(null, format!("\"{media}\"").into_bytes()),
                None => walk.edits.insert(open, format!(r#""mimeType":"{media}","#).into_bytes()),
            },
            None => walk.refuse(Untranslatable::Field(
                "`fileData.mimeType` is missing, which Vertex AI needs: give the type of the file".to_owned(),
            )),
        }
    }
    Ok(())
}

/// Whether it is a file of AI Studio's Files API.
fn is_uploaded(uri: &str) -> bool {
    if uri.starts_with("files/") {
        return true;
    }
    let (_, rest) = uri.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    host.to_ascii_lowercase().ends_with("generativelanguage.googleapis.com")
}

/// The type of a file whose URI says it: a video of YouTube, or by the ending of its name.
fn media_type(uri: &str) -> Option<&'static str> {
    let (_, rest) = uri.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    if matches!(host.as_str(), "youtube.com" | "m.youtube.com" | "www.youtube.com" | "youtu.be") {
        return Some("video/mp4");
    }
    let (_, ending) = path.rsplit_once('.')?;
    let media = match ending.to_ascii_lowercase().as_str() {
        "aac" => "audio/aac",
        "avi" => "video/avi",
        "css" => "text/css",
        "csv" => "text/csv",
        "flac" => "audio/flac",
        "flv" => "video/x-flv",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "m4a" => "audio/mp4",
        "md" => "text/markdown",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "mpeg" | "mpg" => "video/mpeg",
        "ogg" => "audio/ogg",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "txt" => "text/plain",
        "wav" => "audio/wav",
        "webm" => "video/webm",
        "webp" => "image/webp",
        "wmv" => "video/wmv",
        "xml" => "text/xml",
        _ => return None,
    };
    Some(media)
}
