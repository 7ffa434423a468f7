//! Changing one of `choices`, of a chunk or of a whole answer.

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

use super::outline::{Member, Object, elements, escaped, quoted, take_out};

/// What stands between two texts that were not written as one.
pub(super) const BETWEEN: &str = "\n\n";

/// What becomes of a part of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken out.
    Gone,
    /// It stays; with a number, at this index.
    Kept(Option<u64>),
    /// It is taken out and the text takes its place.
    Said(String),
}

/// A part of a call.
#[derive(Debug)]
pub(super) struct Part {
    /// The index that it has.
    pub(super) given: Option<u64>,
    /// Its position in `tool_calls`; none for `function_call`.
    pub(super) position: Option<u64>,
    pub(super) span: Span,
}

/// A `delta` or `message`.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) object: Object,
    /// Parts of calls, in the order in which they stand.
    pub(super) parts: Vec<Part>,
}

/// One of `choices`.
#[derive(Debug)]
pub(super) struct Choice {
    /// Its `index`; none if it does not say.
    pub(super) index: Option<u32>,
    /// What it says; a chunk may have both a `delta` and a `message`.
    pub(super) messages: Vec<Message>,
    pub(super) object: Object,
}

/// What shall become of a message.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// As its parts are ordered; a part without one is taken out.
    pub(super) fates: Vec<Fate>,
    /// The role was told.
    pub(super) no_role: bool,
    /// Its text does not go on from the text that was told.
    pub(super) separate: bool,
    /// Text was told before.
    pub(super) text_told: bool,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// A part of a call was taken out.
    pub(super) cut: bool,
    /// It still says something.
    pub(super) left: bool,
}

/// The choices of a body.
pub(super) fn choices(reader: &Reader<'_>, body: &Object) -> Result<Vec<Choice>, JsonError> {
    let Some(list) = body.get("choices") else { return Ok(Vec::new()) };
    elements(reader, list.value)?.into_iter().map(|span| choice(reader, span)).collect()
}

fn choice(reader: &Reader<'_>, span: Span) -> Result<Choice, JsonError> {
    let object = Object::at(reader, span)?;
    let index = match object.get("index") {
        Some(index) => reader.again(index.value).unsigned()?.and_then(|index| u32::try_from(index).ok()),
        None => None,
    };
    let said = object.members.iter().filter(|member| matches!(member.name.as_str(), "delta" | "message"));
    let messages = said.map(|said| message(reader, said.value)).collect::<Result<_, _>>()?;
    Ok(Choice { index, messages, object })
}

fn message(reader: &Reader<'_>, span: Span) -> Result<Message, JsonError> {
    let object = Object::at(reader, span)?;
    let mut parts = Vec::new();
    for member in &object.members {
        if member.name == "function_call" && member.kind == Kind::Object {
            parts.push(Part { given: None, position: None, span: member.value });
        } else if member.name == "tool_calls" {
            for (position, span) in (0_u64..).zip(elements(reader, member.value)?) {
                let given = reader.again(span).member("index", |r| r.unsigned())?;
                parts.push(Part { given, position: Some(position), span });
            }
        }
    }
    Ok(Message { object, parts })
}

impl Choice {
    /// Why it stopped, if it says so.
    pub(super) fn reason(&self) -> Option<Span> {
        let reason = self.object.get("finish_reason")?;
        reason.inside().filter(|inside| !inside.is_empty()).map(|_| reason.value)
    }

    /// Puts the reason of an answer without calls in place of that of an answer with calls.
    pub(super) fn stop_without_calls(
        &self,
        reader: &Reader<'_>,
        edits: &mut Edits<'_>,
    ) -> Result<(), JsonError> {
        let Some(reason) = self.reason() else { return Ok(()) };
        if matches!(reader.again(reason).characters()?.as_deref(), Some("tool_calls" | "function_call")) {
            edits.replace(reason, b"\"stop\"".as_slice());
        }
        Ok(())
    }

    /// Takes out what tells the tokens of a call that was taken out.
    pub(super) fn forget_tokens(&self, edits: &mut Edits<'_>) {
        for member in ["logprobs", "token_ids"].into_iter().filter_map(|name| self.object.get(name)) {
            edits.replace(member.value, b"null".as_slice());
        }
    }

    /// Whether it says something beside its messages, when its tokens are `forgotten`.
    pub(super) fn says_more(&self, forgotten: bool) -> bool {
        self.reason().is_some()
            || self.object.members.iter().any(|member| match member.name.as_str() {
                "delta" | "finish_reason" | "index" | "message" => false,
                "logprobs" | "token_ids" => !forgotten && member.kind != Kind::Null,
                _ => member.kind != Kind::Null,
            })
    }
}

impl Message {
    /// Whether it has text for the person.
    pub(super) fn has_text(&self) -> bool {
        self.object.any("content").is_some_and(|content| !content.is_empty())
    }

    /// Changes it.
    pub(super) fn change(
        &self,
        reader: &Reader<'_>,
        wanted: &Wanted,
        edits: &mut Edits<'_>,
    ) -> Result<Outcome, JsonError> {
        let fates: Vec<&Fate> =
            (0..self.parts.len()).map(|at| wanted.fates.get(at).unwrap_or(&Fate::Gone)).collect();
        let gone: Vec<bool> = fates.iter().map(|fate| !matches!(fate, Fate::Kept(_))).collect();
        let in_list = |at: &usize| self.parts.get(*at).is_some_and(|part| part.position.is_some());
        let listed: Vec<usize> = (0..self.parts.len()).filter(in_list).collect();
        let is_gone = |at: usize| gone.get(at).copied().unwrap_or(true);
        let none_left = !listed.is_empty() && listed.iter().all(|at| is_gone(*at));
        let legacy_gone = (0..self.parts.len()).any(|at| !in_list(&at) && is_gone(at));

        let members: Vec<Span> = self.object.members.iter().map(|member| member.span()).collect();
        let out = |name: &str| match name {
            "function_call" => legacy_gone,
            "role" => wanted.no_role,
            "tool_calls" => none_left,
            _ => false,
        };
        let members_gone: Vec<bool> = self.object.members.iter().map(|member| out(&member.name)).collect();
        take_out(&members, &members_gone, edits);
        if !none_left {
            let spans: Vec<Span> = listed.iter().filter_map(|at| Some(self.parts.get(*at)?.span)).collect();
            let elements_gone: Vec<bool> = listed.iter().map(|at| is_gone(*at)).collect();
            take_out(&spans, &elements_gone, edits);
            self.number(reader, &fates, edits)?;
        }

        let texts: Vec<&str> = fates.iter().filter_map(|fate| said(fate)).collect();
        let alone = members_gone.iter().all(|gone| *gone);
        self.write(reader, &texts.join(BETWEEN), wanted, alone, edits)?;
        let silent = |(member, gone): (&Member, &bool)| *gone || member.is_empty();
        let left = !texts.is_empty() || !self.object.members.iter().zip(&members_gone).all(silent);
        Ok(Outcome { cut: gone.iter().any(|gone| *gone), left })
    }

    /// Gives the calls that stay the indexes that they shall have.
    fn number(&self, reader: &Reader<'_>, fates: &[&Fate], edits: &mut Edits<'_>) -> Result<(), JsonError> {
        let mut position = 0;
        for (part, fate) in self.parts.iter().zip(fates) {
            let (Some(_), Fate::Kept(index)) = (part.position, fate) else { continue };
            let has = part.given.unwrap_or(position);
            position = position.saturating_add(1);
            let Some(index) = index.filter(|index| *index != has) else { continue };
            let object = Object::at(reader, part.span)?;
            match object.any("index") {
                Some(member) => edits.replace(member.value, index.to_string().into_bytes()),
                None => object.add(&format!("\"index\":{index}"), object.members.is_empty(), edits),
            }
        }
        Ok(())
    }

    /// Writes `text` behind the text it has.
    fn write(
        &self,
        reader: &Reader<'_>,
        text: &str,
        wanted: &Wanted,
        alone: bool,
        edits: &mut Edits<'_>,
    ) -> Result<(), JsonError> {
        let before = if wanted.text_told { BETWEEN } else { "" };
        let content = self.object.any("content");
        let inside = content.and_then(|content| content.inside());
        if wanted.separate
            && let Some(inside) = inside.filter(|inside| !inside.is_empty())
        {
            edits.insert(inside.start, escaped(BETWEEN).into_bytes());
        }
        if text.is_empty() {
            return Ok(());
        }
        let before = if inside.is_some_and(|inside| !inside.is_empty()) { BETWEEN } else { before };
        let text = format!("{before}{text}");
        match (content, inside) {
            (_, Some(inside)) => edits.insert(inside.end, escaped(&text).into_bytes()),
            (Some(content), None) => match elements(reader, content.value)?.last() {
                Some(last) => {
                    let part = format!(r#",{{"type":"text","text":{}}}"#, quoted(&text));
                    edits.insert(last.end, part.into_bytes());
                }
                None => edits.replace(content.value, quoted(&text).into_bytes()),
            },
            (None, None) => self.object.add(&format!("\"content\":{}", quoted(&text)), alone, edits),
        }
        Ok(())
    }
}

fn said(fate: &Fate) -> Option<&str> {
    match fate {
        Fate::Said(text) => Some(text),
        Fate::Gone | Fate::Kept(_) => None,
    }
}
