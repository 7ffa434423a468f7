//! Where things stand in a response object (a whole answer, or an event of a streamed one), and how some of them are
//! taken out.

use model::Span;
use wire::json::{Fault, JsonError, Kind, Reader};
use wire::splice::Edits;

use super::ruled::{Ruled, Told};
use super::text_part;
use crate::edit::Ruling;
use crate::gemini::items::Items;
use crate::gemini::part::{self, Part, PartKind};

/// A response object.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) candidates: Vec<Candidate>,
    /// Value of `responseId`.
    pub(super) id: Option<Span>,
    /// Value of `candidates`.
    pub(super) list: Option<Span>,
    /// First byte behind its brace.
    pub(super) open: usize,
    /// It has only what every event of an answer has.
    plain: bool,
    /// Value of `usageMetadata`.
    pub(super) usage: Option<Span>,
}

/// One of `candidates`.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) alternative: u32,
    /// Value of `content`.
    pub(super) content: Option<Span>,
    members: Vec<(Member, Span)>,
    /// First byte behind its brace.
    pub(super) open: usize,
    pub(super) parts: Vec<Part>,
    /// `parts` is one part and no list of them.
    pub(super) single: bool,
}

/// What a member of a candidate is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    /// Content, index, and numbers about them.
    Content,
    /// May repeat what the model wrote.
    Echo,
    /// Why it stopped.
    Reason,
    Other,
}

/// What goes from a candidate beside its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strip {
    /// What may repeat a call.
    Echo,
    /// That, and why the candidate stopped.
    Stop,
}

impl Chunk {
    /// Finds what stands where.
    pub(super) fn read(data: &[u8]) -> Result<Self, JsonError> {
        let mut reader = Reader::new(data)?;
        if reader.kind()? != Kind::Object {
            return Err(JsonError { fault: Fault::Syntax, offset: reader.position() });
        }
        let open = reader.position().saturating_add(1);
        let mut chunk = Self { candidates: Vec::new(), id: None, list: None, open, plain: true, usage: None };
        reader.members(|r, key, _| {
            match &*key.as_str() {
                "candidates" => {
                    r.kind()?;
                    let start = r.position();
                    let mut position = 0;
                    r.array(|r| {
                        chunk.candidates.push(Candidate::read(r, position)?);
                        position = position.saturating_add(1);
                        Ok(())
                    })?;
                    chunk.list = Some(Span { start, end: r.position() });
                }
                "responseId" => chunk.id = Some(r.value()?),
                "usageMetadata" => chunk.usage = Some(r.value()?),
                "createTime" | "modelVersion" => r.skip()?,
                _ => {
                    chunk.plain = false;
                    r.skip()?;
                }
            }
            Ok(())
        })?;
        reader.end()?;
        Ok(chunk)
    }

    /// Takes out calls as ruled. Whether the event need not go out, since nothing is left of it.
    pub(super) fn cut<'e>(
        &self,
        data: &[u8],
        ruled: &Ruled<'_>,
        told: &mut Told,
        edits: &mut Edits<'e>,
    ) -> bool {
        let refused = ruled.alternatives();
        let (mut cut, mut left) = (false, !self.plain);
        for candidate in &self.candidates {
            let alternative = candidate.alternative;
            let fates: Vec<Ruling> =
                candidate.parts.iter().map(|part| told.fate(part, data, alternative, ruled)).collect();
            if refused.contains(&alternative) {
                candidate.strip(Strip::Echo, edits);
            }
            cut |= fates.contains(&Ruling::Drop);
            left |= fates.iter().any(|fate| *fate != Ruling::Drop) || !candidate.is_plain();
            candidate.take_out(fates, edits);
        }
        cut && !left
    }
}

impl Candidate {
    fn read(r: &mut Reader<'_>, position: u32) -> Result<Self, JsonError> {
        r.kind()?;
        let open = r.position().saturating_add(1);
        let mut candidate = Self {
            alternative: position,
            content: None,
            members: Vec::new(),
            open,
            parts: Vec::new(),
            single: false,
        };
        r.members(|r, key, offset| {
            let member = match &*key.as_str() {
                "content" => {
                    candidate.content(r)?;
                    Member::Content
                }
                "index" => {
                    let index = r.unsigned()?.and_then(|index| u32::try_from(index).ok());
                    candidate.alternative = index.unwrap_or(position);
                    Member::Content
                }
                key => {
                    r.skip()?;
                    member(key)
                }
            };
            candidate.members.push((member, Span { start: offset, end: r.position() }));
            Ok(())
        })?;
        Ok(candidate)
    }

    fn content(&mut self, r: &mut Reader<'_>) -> Result<(), JsonError> {
        r.kind()?;
        let start = r.position();
        r.object(["parts"], |r, field| match field {
            Some(_) if r.kind()? == Kind::Array => r.array(|r| {
                self.parts.push(part::read(r)?);
                Ok(())
            }),
            Some(_) if r.kind()? == Kind::Object => {
                self.single = true;
                self.parts.push(part::read(r)?);
                Ok(())
            }
            Some(_) | None => r.skip(),
        })?;
        self.content = Some(Span { start, end: r.position() });
        Ok(())
    }

    /// Whether it has no members at all.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes out what is not content.
    pub(super) fn strip(&self, strip: Strip, edits: &mut Edits<'_>) {
        let mut items = Items::default();
        for (member, span) in &self.members {
            let goes = match member {
                Member::Echo => true,
                Member::Reason => strip == Strip::Stop,
                Member::Content | Member::Other => false,
            };
            items.passed(edits, !goes, *span);
        }
        items.end(edits);
    }

    /// Takes out parts, or puts text in their place. Official SDKs do not take a content without parts for an answer, so
    /// if none is left, an empty text is.
    pub(super) fn take_out(&self, mut fates: Vec<Ruling>, edits: &mut Edits<'_>) {
        if fates.iter().all(|fate| *fate == Ruling::Drop)
            && let Some(first) = fates.first_mut()
        {
            *first = Ruling::Say(String::new());
        }
        let mut items = Items::default();
        for (part, fate) in self.parts.iter().zip(&fates) {
            items.passed(edits, *fate != Ruling::Drop, part.span);
            if let Ruling::Say(text) = fate {
                edits.replace(part.span, text_part(text));
            }
        }
        items.end(edits);
    }

    fn is_plain(&self) -> bool {
        self.members.iter().all(|(member, _)| matches!(member, Member::Content | Member::Echo))
    }
}

fn member(key: &str) -> Member {
    match key {
        "avgLogprobs" | "safetyRatings" | "tokenCount" => Member::Content,
        "finishMessage" | "logprobsResult" => Member::Echo,
        "finishReason" => Member::Reason,
        _ => Member::Other,
    }
}

/// Whether a part says anything: streams end with an empty text.
pub(super) fn says_something(part: &Part) -> bool {
    part.kind != PartKind::Text || part.text_bytes > 0 || part.signed
}
