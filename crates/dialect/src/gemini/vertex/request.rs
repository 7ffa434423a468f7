//! Requests with contents: generating, counting tokens, caching.

use std::borrow::Cow;

use model::Span;
use wire::json::{JsonError, Kind, Reader};

use super::content::{CONTENT, INSTRUCTION};
use super::names::{below, is_id, parent, shown};
use super::walk::{Message, Rule, Walk};
use super::{Place, Untranslatable};

/// `generateContent` and `streamGenerateContent`.
pub(super) fn generate<'b>(place: Place<'_>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Untranslatable> {
    Walk::translate(place, &GENERATE, body)
}

/// `cachedContents`, created or changed.
pub(super) fn cached_content<'b>(place: Place<'_>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Untranslatable> {
    Walk::translate(place, &CACHED_CONTENT, body)
}

/// `countTokens`: of contents, or of a whole request, which Vertex AI takes apart.
pub(super) fn count_tokens<'b>(place: Place<'_>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Untranslatable> {
    let Some(request) = whole_request(body).map_err(Untranslatable::Json)? else {
        return Walk::translate(place, &COUNT_TOKENS, body);
    };
    if request.has_contents {
        return Err(Untranslatable::Field(
            "`contents` beside `generateContentRequest`: one of them is counted, give that".to_owned(),
        ));
    }
    let mut walk = Walk::new(place);
    let mut reader = Reader::new(body).map_err(Untranslatable::Json)?.again(request.span);
    walk.one(&COUNT_TOKENS, &mut reader).map_err(Untranslatable::Json)?;
    walk.edits.remove(Span { start: 0, end: request.span.start });
    walk.edits.remove(Span { start: request.span.end, end: body.len() });
    walk.finish(body)
}

struct WholeRequest {
    has_contents: bool,
    span: Span,
}

/// `generateContentRequest`, if that is what is given.
fn whole_request(body: &[u8]) -> Result<Option<WholeRequest>, JsonError> {
    let (mut span, mut has_contents) = (None, false);
    let mut reader = Reader::new(body)?;
    let fields = ["generateContentRequest", "generate_content_request", "contents"];
    reader.object(fields, |r, field| {
        let kind = r.kind()?;
        let start = r.position();
        r.skip()?;
        match field {
            Some(0 | 1) if kind == Kind::Object => span = Some(Span { start, end: r.position() }),
            Some(2) if kind != Kind::Null => has_contents = true,
            _ => {}
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(span.map(|span| WholeRequest { has_contents, span }))
}

static GENERATE: Message = Message {
    fields: &[
        ("cachedContent", Rule::With(cached_content_name)),
        ("contents", Rule::Many(&CONTENT)),
        ("generationConfig", Rule::One(&GENERATION_CONFIG)),
        // The path has it.
        ("model", Rule::Drop),
        ("safetySettings", Rule::Many(&SAFETY_SETTING)),
        ("store", Rule::Absent("`store` does not exist on Vertex AI, which keeps no requests: leave it out")),
        ("systemInstruction", Rule::One(&INSTRUCTION)),
        ("toolConfig", Rule::One(&TOOL_CONFIG)),
        ("tools", Rule::Many(&TOOL)),
    ],
    required: None,
    text: None,
};

static COUNT_TOKENS: Message = Message {
    fields: &[
        (
            "cachedContent",
            Rule::Absent("`cachedContent` cannot be counted by Vertex AI's countTokens: count without it"),
        ),
        ("contents", Rule::Many(&CONTENT)),
        ("generateContentRequest", Rule::Drop),
        ("generationConfig", Rule::One(&GENERATION_CONFIG)),
        ("model", Rule::Drop),
        // These add no tokens, and Vertex AI's countTokens has no place for them.
        ("safetySettings", Rule::Drop),
        ("serviceTier", Rule::Drop),
        ("store", Rule::Drop),
        ("toolConfig", Rule::Drop),
        ("systemInstruction", Rule::One(&INSTRUCTION)),
        ("tools", Rule::Many(&TOOL)),
    ],
    required: None,
    text: None,
};

static CACHED_CONTENT: Message = Message {
    fields: &[
        ("contents", Rule::Many(&CONTENT)),
        ("model", Rule::With(model_name)),
        ("name", Rule::With(cached_content_name)),
        ("systemInstruction", Rule::One(&INSTRUCTION)),
        ("toolConfig", Rule::One(&TOOL_CONFIG)),
        ("tools", Rule::Many(&TOOL)),
    ],
    required: None,
    text: None,
};

static GENERATION_CONFIG: Message = Message {
    fields: &[
        // Older name of AI Studio's.
        ("_responseJsonSchema", Rule::Rename("responseJsonSchema")),
        (
            "enableEnhancedCivicAnswers",
            Rule::Absent(
                "`generationConfig.enableEnhancedCivicAnswers` does not exist on Vertex AI: leave it out",
            ),
        ),
    ],
    required: None,
    text: None,
};

static TOOL: Message = Message {
    fields: &[
        (
            "fileSearch",
            Rule::Absent(
                "the tool `fileSearch` does not exist on Vertex AI: use `retrieval` with a RAG corpus",
            ),
        ),
        ("functionDeclarations", Rule::Many(&FUNCTION_DECLARATION)),
        ("googleSearch", Rule::One(&GOOGLE_SEARCH)),
        (
            "mcpServers",
            Rule::Absent("the tool `mcpServers` does not exist on Vertex AI: declare the server's functions"),
        ),
    ],
    required: None,
    text: None,
};

static FUNCTION_DECLARATION: Message = Message {
    // For the Live API only, without effect here.
    fields: &[("behavior", Rule::Drop)],
    required: None,
    text: None,
};

static GOOGLE_SEARCH: Message = Message {
    fields: &[(
        "timeRangeFilter",
        Rule::Absent(
            "`googleSearch.timeRangeFilter` does not exist on Vertex AI: say the time in the prompt",
        ),
    )],
    required: None,
    text: None,
};

static TOOL_CONFIG: Message = Message {
    fields: &[(
        "includeServerSideToolInvocations",
        Rule::Absent(
            "`toolConfig.includeServerSideToolInvocations` does not exist on Vertex AI: hosted tools run there \
             without being shown as parts; leave it out",
        ),
    )],
    required: None,
    text: None,
};

static SAFETY_SETTING: Message =
    Message { fields: &[("category", Rule::With(harm_category))], required: None, text: None };

/// AI Studio's categories of the models before Gemini, which Vertex AI does not have; in the order of their numbers.
const OLD_CATEGORIES: [&str; 6] = [
    "HARM_CATEGORY_DEROGATORY",
    "HARM_CATEGORY_TOXICITY",
    "HARM_CATEGORY_VIOLENCE",
    "HARM_CATEGORY_SEXUAL",
    "HARM_CATEGORY_MEDICAL",
    "HARM_CATEGORY_DANGEROUS",
];

/// AI Studio's categories from number 7 on. Vertex AI numbers them otherwise, so numbers become names.
const CATEGORIES: [&str; 5] = [
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];

fn harm_category(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    let kind = r.kind()?;
    let start = r.position();
    let old = if kind == Kind::Number {
        let number = r.unsigned()?.and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
        let name = number.checked_sub(7).and_then(|at| CATEGORIES.get(at));
        if let Some(name) = name {
            walk.edits.replace(Span { start, end: r.position() }, format!("\"{name}\"").into_bytes());
        }
        number.checked_sub(1).and_then(|at| OLD_CATEGORIES.get(at)).copied()
    } else {
        let name = r.characters()?;
        name.and_then(|name| OLD_CATEGORIES.into_iter().find(|old| name.eq_ignore_ascii_case(old)))
    };
    if let Some(old) = old {
        walk.refuse(Untranslatable::Field(format!(
            "`safetySettings.category` {old} is for models before Gemini and does not exist on Vertex AI: leave it out"
        )));
    }
    Ok(())
}

/// `cachedContents/{id}`, which Vertex AI wants with project and location.
fn cached_content_name(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    name(walk, r, |place, name| {
        let rest = below(place, name)?;
        let id = rest.unwrap_or(name).strip_prefix("cachedContents/").filter(|id| is_id(id));
        match id {
            Some(_) if rest.is_some() => Ok(None),
            Some(id) => Ok(Some(format!("{}/cachedContents/{id}", parent(place)))),
            None => Err(Untranslatable::Name(format!(
                "`{}` is no name of a cached content: give it as cachedContents/…",
                shown(name)
            ))),
        }
    })
}

/// `models/{id}`, which Vertex AI wants with project, location and publisher.
fn model_name(walk: &mut Walk<'_>, r: &mut Reader<'_>) -> Result<(), JsonError> {
    name(walk, r, |place, name| {
        let rest = below(place, name)?;
        let publisher = "publishers/google/models/";
        let id = match rest {
            Some(rest) => rest.strip_prefix(publisher),
            None => Some(name.strip_prefix("models/").or(name.strip_prefix(publisher)).unwrap_or(name)),
        };
        match id.filter(|id| is_id(id)) {
            Some(_) if rest.is_some() => Ok(None),
            Some(id) => Ok(Some(format!("{}/{publisher}{id}", parent(place)))),
            None => Err(Untranslatable::Name(format!(
                "`{}` is no name of a model: give it as models/…",
                shown(name)
            ))),
        }
    })
}

/// Puts another name in place of a string; names are ids and slashes, so that nothing needs an escape. `null` and
/// other types stay for Vertex AI to judge.
fn name(
    walk: &mut Walk<'_>,
    r: &mut Reader<'_>,
    translate: fn(Place<'_>, &str) -> Result<Option<String>, Untranslatable>,
) -> Result<(), JsonError> {
    let kind = r.kind()?;
    let start = r.position();
    let name = r.characters()?.unwrap_or_default();
    let end = r.position();
    if kind != Kind::String || name.is_empty() {
        return Ok(());
    }
    match translate(walk.place, &name) {
        Ok(Some(name)) => walk.edits.replace(Span { start, end }, format!("\"{name}\"").into_bytes()),
        Ok(None) => {}
        Err(refusal) => walk.refuse(refusal),
    }
    Ok(())
}
