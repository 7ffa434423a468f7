//! The list of models: Vertex AI's `publisherModels` as AI Studio's `models`.
//!
//! Vertex AI tells the name and version only. What AI Studio's clients choose by, `supportedGenerationMethods`, follows
//! from the name; limits and prices are not known and left out.

use std::borrow::Cow;

use model::Span;
use wire::json::{JsonError, Reader, decode};

/// `{"publisherModels": […], "nextPageToken": …}` as `{"models": […], "nextPageToken": …}`.
pub(super) fn list(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    let mut reader = Reader::new(body)?;
    let mut out = b"{\"models\":[".to_vec();
    let (mut first, mut next) = (true, None);
    reader.object(["publisherModels", "nextPageToken"], |r, field| match field {
        Some(0) => r.array(|r| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            read(r)?.write(r.bytes(), &mut out);
            Ok(())
        }),
        Some(_) => {
            next = Some(r.value()?);
            Ok(())
        }
        None => r.skip(),
    })?;
    reader.end()?;
    out.push(b']');
    if let Some(token) = next {
        out.extend_from_slice(b",\"nextPageToken\":");
        out.extend_from_slice(token.of(body));
    }
    out.push(b'}');
    Ok(Cow::Owned(out))
}

/// One model.
pub(super) fn one(body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    let mut reader = Reader::new(body)?;
    let model = read(&mut reader)?;
    reader.end()?;
    let mut out = Vec::new();
    model.write(body, &mut out);
    Ok(Cow::Owned(out))
}

/// What Vertex AI tells about a model.
struct PublisherModel {
    /// Its id as it stands in the body, between the quotes of its name.
    id: Span,
    /// What AI Studio would let one do with it.
    methods: &'static str,
    version: Option<Span>,
}

fn read(r: &mut Reader<'_>) -> Result<PublisherModel, JsonError> {
    let mut model = PublisherModel { id: Span::default(), methods: "[]", version: None };
    r.object(["name", "versionId"], |r, field| match field {
        Some(0) => {
            if let Some(name) = r.string()? {
                let raw = name.span.of(r.bytes());
                let start = raw.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at.saturating_add(1));
                model.id = Span { start: name.span.start.saturating_add(start), end: name.span.end };
                model.methods = methods(&decode(r.bytes(), model::Text { span: model.id, ..name }));
            }
            Ok(())
        }
        Some(_) => {
            model.version = Some(r.value()?);
            Ok(())
        }
        None => r.skip(),
    })?;
    Ok(model)
}

impl PublisherModel {
    fn write(&self, body: &[u8], out: &mut Vec<u8>) {
        let id = self.id.of(body);
        for part in [b"{\"name\":\"models/".as_slice(), id, b"\",\"displayName\":\"", id, b"\""] {
            out.extend_from_slice(part);
        }
        if let Some(version) = self.version {
            out.extend_from_slice(b",\"version\":");
            out.extend_from_slice(version.of(body));
        }
        out.extend_from_slice(b",\"supportedGenerationMethods\":");
        out.extend_from_slice(self.methods.as_bytes());
        out.push(b'}');
    }
}

fn methods(id: &str) -> &'static str {
    if id.contains("embedding") {
        r#"["embedContent"]"#
    } else if id.starts_with("imagen") {
        r#"["predict"]"#
    } else if id.starts_with("gemini-") && !id.contains("live") && !id.contains("native-audio") {
        r#"["generateContent","countTokens","createCachedContent"]"#
    } else {
        "[]"
    }
}
