//! Embeddings. AI Studio embeds contents, one or a batch; Vertex AI embeds contents with some models and texts, by
//! `predict`, with the others.

use std::borrow::Cow;

use model::{Span, Text};
use wire::json::{Fault, JsonError, Kind as Json, Reader};

use super::content::INSTRUCTION;
use super::names::shown;
use super::walk::{Message, Rule, Walk, is};
use super::{Embedder, Kind, Place, Route, Untranslatable};

/// A request of `embedContent` or `batchEmbedContents`. A batch for a model of Gemini of which `predict` takes one text
/// only goes to `batchEmbedContents`.
pub(super) fn request<'b>(
    route: &mut Route,
    (embedder, is_batch): (Embedder, bool),
    place: Place<'_>,
    body: &'b [u8],
) -> Result<Cow<'b, [u8]>, Untranslatable> {
    let items = if is_batch { read_batch(body) } else { read_one(body).map(|item| vec![item]) };
    let items = items.map_err(Untranslatable::Json)?;
    for item in &items {
        item.check(&route.model)?;
    }
    if embedder == Embedder::Predict && !(route.model.contains("gemini") && items.len() > 1) {
        return predict(&items, body).map(Cow::Owned);
    }
    if is_batch {
        if let Some(model) = route.path.strip_suffix(":predict") {
            route.path = format!("{model}:batchEmbedContents");
        }
        route.kind = Kind::BatchEmbed(Embedder::Content);
        let items: Result<Vec<_>, _> = items.iter().map(|item| item.with_config(place, body)).collect();
        return Ok(Cow::Owned([b"{\"requests\":[", items?.join(&b',').as_slice(), b"]}"].concat()));
    }
    match items.as_slice() {
        // Nothing but a content: it may stay where it is.
        [item] if !item.has_options() && item.model.is_none() => Walk::translate(place, &EMBED, body),
        [item, ..] => item.with_config(place, body).map(Cow::Owned),
        [] => Ok(Cow::Borrowed(body)),
    }
}

static EMBED: Message =
    Message { fields: &[("content", Rule::One(&INSTRUCTION))], required: None, text: None };

/// One content to embed, with what is said about it.
#[derive(Default)]
struct Item {
    content: Option<Span>,
    /// The characters of its parts.
    texts: Vec<Text>,
    /// A part is no text.
    has_media: bool,
    dimensions: Option<Span>,
    model: Option<String>,
    task: Option<Span>,
    title: Option<Span>,
    /// A member that we do not know.
    unknown: Option<String>,
}

fn read_one(body: &[u8]) -> Result<Item, JsonError> {
    let mut reader = Reader::new(body)?;
    let item = read_item(&mut reader)?;
    reader.end()?;
    Ok(item)
}

fn read_batch(body: &[u8]) -> Result<Vec<Item>, JsonError> {
    let mut items = Vec::new();
    let mut reader = Reader::new(body)?;
    reader.object(["requests"], |r, field| match field {
        Some(_) if r.kind()? == Json::Array => r.array(|r| {
            items.push(read_item(r)?);
            Ok(())
        }),
        Some(_) => {
            items.push(read_item(r)?);
            Ok(())
        }
        None => r.skip(),
    })?;
    reader.end()?;
    Ok(items)
}

fn read_item(r: &mut Reader<'_>) -> Result<Item, JsonError> {
    const FIELDS: [&str; 5] = ["content", "model", "outputDimensionality", "taskType", "title"];
    let mut item = Item::default();
    let mut seen = [false; FIELDS.len()];
    r.members(|r, key, offset| {
        let field = FIELDS.iter().position(|name| is(&key, name));
        if let Some(mark) = field.and_then(|at| seen.get_mut(at))
            && std::mem::replace(mark, true)
        {
            return Err(JsonError { fault: Fault::DuplicateKey, offset });
        }
        if r.kind()? == Json::Null {
            return r.skip();
        }
        match field {
            Some(0) => {
                r.kind()?;
                let start = r.position();
                content(r, &mut item)?;
                item.content = Some(Span { start, end: r.position() });
            }
            Some(1) => item.model = r.characters()?.map(Cow::into_owned),
            Some(2) => item.dimensions = Some(r.value()?),
            Some(3) => {
                let task = r.value()?;
                item.task = Some(task).filter(|task| task.of(r.bytes()) != br#""TASK_TYPE_UNSPECIFIED""#);
            }
            Some(_) => item.title = Some(r.value()?),
            None => {
                r.skip()?;
                item.unknown.get_or_insert_with(|| shown(&key.as_str()));
            }
        }
        Ok(())
    })?;
    Ok(item)
}

/// Finds the texts of a content.
fn content(r: &mut Reader<'_>, item: &mut Item) -> Result<(), JsonError> {
    if r.kind()? == Json::String {
        item.texts.extend(r.string()?);
        return Ok(());
    }
    r.object(["parts"], |r, field| match field {
        Some(_) if r.kind()? == Json::Array => r.array(|r| part(r, item)),
        Some(_) => part(r, item),
        None => r.skip(),
    })
}

fn part(r: &mut Reader<'_>, item: &mut Item) -> Result<(), JsonError> {
    if r.kind()? == Json::String {
        item.texts.extend(r.string()?);
        return Ok(());
    }
    r.members(|r, key, _| {
        if key.is("text") {
            item.texts.extend(r.string()?);
            return Ok(());
        }
        item.has_media |= r.kind()? != Json::Null;
        r.skip()
    })
}

impl Item {
    fn has_options(&self) -> bool {
        self.dimensions.is_some() || self.task.is_some() || self.title.is_some()
    }

    fn check(&self, model: &str) -> Result<(), Untranslatable> {
        let named = self.model.as_deref().unwrap_or(model);
        if named.strip_prefix("models/").unwrap_or(named) != model {
            return Err(Untranslatable::Field(format!(
                "`model` `{}` is not the model in the path: embed with one model at a time",
                shown(named)
            )));
        }
        match &self.unknown {
            Some(name) => Err(Untranslatable::Field(format!(
                "`{name}` has no counterpart for embeddings on Vertex AI: leave it out"
            ))),
            None => Ok(()),
        }
    }

    /// As a request of Vertex AI's `embedContent`, which has the options in a message of their own.
    fn with_config(&self, place: Place<'_>, body: &[u8]) -> Result<Vec<u8>, Untranslatable> {
        let mut out = b"{".to_vec();
        if let Some(content) = self.content {
            let content = Walk::translate(place, &INSTRUCTION, content.of(body))?;
            member(&mut out, "content", &content);
        }
        if self.has_options() {
            let mut config = b"{".to_vec();
            let options =
                [("taskType", self.task), ("title", self.title), ("outputDimensionality", self.dimensions)];
            for (name, value) in options {
                if let Some(value) = value {
                    member(&mut config, name, value.of(body));
                }
            }
            config.push(b'}');
            member(&mut out, "embedContentConfig", &config);
        }
        out.push(b'}');
        Ok(out)
    }

    /// As an instance of `predict`: a text, which is all that these models embed.
    fn instance(&self, body: &[u8]) -> Result<Vec<u8>, Untranslatable> {
        if self.has_media || self.texts.is_empty() {
            return Err(Untranslatable::Field(
                "`content.parts` of something other than text cannot be embedded by this model on Vertex AI: give text"
                    .to_owned(),
            ));
        }
        let texts: Vec<&[u8]> = self.texts.iter().map(|text| text.span.of(body)).collect();
        let mut out = b"{".to_vec();
        member(&mut out, "content", &[b"\"", texts.concat().as_slice(), b"\""].concat());
        for (name, value) in [("task_type", self.task), ("title", self.title)] {
            if let Some(value) = value {
                member(&mut out, name, value.of(body));
            }
        }
        out.push(b'}');
        Ok(out)
    }
}

/// Adds a member to an object that is being written.
fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    for part in [b"\"", name.as_bytes(), b"\":", value] {
        out.extend_from_slice(part);
    }
}

/// `{"instances": […], "parameters": {…}}`
fn predict(items: &[Item], body: &[u8]) -> Result<Vec<u8>, Untranslatable> {
    let instances: Result<Vec<_>, _> = items.iter().map(|item| item.instance(body)).collect();
    let dimensions: Vec<&[u8]> =
        items.iter().map(|item| item.dimensions.unwrap_or_default().of(body)).collect();
    let first = dimensions.first().copied().unwrap_or_default();
    if dimensions.iter().any(|other| *other != first) {
        return Err(Untranslatable::Field(
            "`outputDimensionality` must be the same for a whole batch on Vertex AI: send a batch for each"
                .to_owned(),
        ));
    }
    let mut out = [b"{\"instances\":[", instances?.join(&b',').as_slice(), b"]"].concat();
    if !first.is_empty() {
        out.extend_from_slice(b",\"parameters\":{\"outputDimensionality\":");
        out.extend_from_slice(first);
        out.push(b'}');
    }
    out.push(b'}');
    Ok(out)
}

/// An answer with embeddings: one, or those of a batch. Statistics are Vertex AI's alone.
pub(super) fn answer(embedder: Embedder, is_batch: bool, body: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    if embedder == Embedder::Content {
        return Walk::rewrite(&EMBEDDED, body);
    }
    let mut vectors: Vec<&[u8]> = Vec::new();
    let mut reader = Reader::new(body)?;
    reader.object(["predictions"], |r, field| match field {
        Some(_) => r.array(|r| {
            let vector = prediction(r)?;
            vectors.push(vector.of(body));
            Ok(())
        }),
        None => r.skip(),
    })?;
    reader.end()?;
    let written = |vector: &&[u8]| {
        let vector = if vector.is_empty() { b"[]".as_slice() } else { vector };
        [b"{\"values\":".as_slice(), vector, b"}"].concat()
    };
    if is_batch {
        let embeddings: Vec<_> = vectors.iter().map(written).collect();
        return Ok(Cow::Owned([b"{\"embeddings\":[", embeddings.join(&b',').as_slice(), b"]}"].concat()));
    }
    let first = vectors.first().map(written).unwrap_or_else(|| b"{}".to_vec());
    Ok(Cow::Owned([b"{\"embedding\":", first.as_slice(), b"}"].concat()))
}

/// Where the vector of a prediction stands.
fn prediction(r: &mut Reader<'_>) -> Result<Span, JsonError> {
    let mut values = None;
    r.object(["embeddings"], |r, field| match field {
        Some(_) => r.object(["values"], |r, field| match field {
            Some(_) => {
                values = Some(r.value()?);
                Ok(())
            }
            None => r.skip(),
        }),
        None => r.skip(),
    })?;
    Ok(values.unwrap_or_default())
}

static EMBEDDED: Message = Message {
    fields: &[
        ("embedding", Rule::One(&EMBEDDING)),
        ("embeddings", Rule::Many(&EMBEDDING)),
        ("truncated", Rule::Drop),
    ],
    required: None,
    text: None,
};

static EMBEDDING: Message = Message { fields: &[("statistics", Rule::Drop)], required: None, text: None };
