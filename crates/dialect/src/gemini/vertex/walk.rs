//! Walking through a message by a table of the fields that differ, and noting the edits.
//!
//! The tables are the specification: a field that is in none of them means the same in both APIs and stays as it came.
//! Names are in lower camel case; a body may also have them with underscores, as protocol buffers' JSON allows.

use std::borrow::Cow;

use model::Span;
use wire::json::{Fault, JsonError, Key, Kind, Reader};
use wire::splice::Edits;

use super::{Place, Untranslatable};
use crate::gemini::items::Items;

/// The walk through one body.
pub(super) struct Walk<'p> {
    /// What changes.
    pub edits: Edits<'p>,
    /// Where the request goes.
    pub place: Place<'p>,
    refusal: Option<Untranslatable>,
}

/// Reads one value and notes what changes in it.
pub(super) type Visit = fn(&mut Walk<'_>, &mut Reader<'_>) -> Result<(), JsonError>;

/// How a field differs on Vertex AI.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// It does not exist there. Left out if it says nothing (`null`, `false`, an empty list), otherwise refused with
    /// this message.
    Absent(&'static str),
    /// It does not exist there and changes nothing: left out.
    Drop,
    /// Messages; one alone is put into a list, as AI Studio reads it.
    Many(&'static Message),
    /// One message.
    One(&'static Message),
    /// It has another name there.
    Rename(&'static str),
    /// Something of its own.
    With(Visit),
}

/// The fields of a message that differ, and what else does.
pub(super) struct Message {
    /// Names in lower camel case, and how they differ.
    pub fields: &'static [(&'static str, Rule)],
    /// A field that Vertex AI wants, and the member that is added if it is missing.
    pub required: Option<(&'static str, &'static str)>,
    /// What stands around a string that is given in place of the message.
    pub text: Option<(&'static str, &'static str)>,
}

impl<'p> Walk<'p> {
    /// The body for `place` with the fields of `message` translated.
    pub(super) fn translate<'b>(
        place: Place<'p>,
        message: &'static Message,
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, Untranslatable> {
        let mut walk = Self::new(place);
        let mut reader = Reader::new(body).map_err(Untranslatable::Json)?;
        walk.one(message, &mut reader).and_then(|()| reader.end()).map_err(Untranslatable::Json)?;
        walk.finish(body)
    }

    /// An answer, or a list of them, with the fields of `message` translated.
    pub(super) fn rewrite<'b>(message: &'static Message, body: &'b [u8]) -> Result<Cow<'b, [u8]>, JsonError> {
        let mut walk = Self::new(Place { location: "", project: "" });
        let mut reader = Reader::new(body)?;
        if reader.kind()? == Kind::Array {
            walk.many(message, &mut reader)?;
        } else {
            walk.one(message, &mut reader)?;
        }
        reader.end()?;
        // Edits of one walk cannot overlap; if they did, the answer would stay as it is.
        Ok(walk.edits.apply(body).unwrap_or(Cow::Borrowed(body)))
    }

    /// A walk that has seen nothing yet.
    pub(super) fn new(place: Place<'p>) -> Self {
        Self { edits: Edits::default(), place, refusal: None }
    }

    /// The body with all edits, or why it cannot be translated.
    pub(super) fn finish<'b>(self, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Untranslatable> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        self.edits.apply(body).map_err(|error| Untranslatable::Field(error.to_string()))
    }

    /// Notes why the request cannot be translated; the first reason stays. The walk goes on, so that a body that cannot be
    /// read is told as such.
    pub(super) fn refuse(&mut self, reason: Untranslatable) {
        self.refusal.get_or_insert(reason);
    }

    /// One message.
    pub(super) fn one(&mut self, message: &'static Message, r: &mut Reader<'_>) -> Result<(), JsonError> {
        if r.kind()? == Kind::String
            && let Some((before, behind)) = message.text
        {
            let span = r.value()?;
            self.edits.insert(span.start, before.as_bytes());
            self.edits.insert(span.end, behind.as_bytes());
            return Ok(());
        }
        if r.kind()? != Kind::Object {
            return r.skip();
        }
        let open = r.position().saturating_add(1);
        let mut members = Items::default();
        let mut seen = [false; MOST_FIELDS];
        let mut complete = message.required.is_none();
        r.members(|r, key, offset| {
            complete = complete || message.required.is_some_and(|(name, _)| is(&key, name));
            let found = message.fields.iter().position(|(name, _)| is(&key, name));
            let rule = found.and_then(|at| message.fields.get(at)).map(|(_, rule)| *rule);
            if let Some(mark) = found.and_then(|at| seen.get_mut(at))
                && std::mem::replace(mark, true)
            {
                return Err(JsonError { fault: Fault::DuplicateKey, offset });
            }
            let keeps = match rule {
                Some(rule) => self.field(rule, r, offset)?,
                None => r.skip().map(|()| true)?,
            };
            members.passed(&mut self.edits, keeps, Span { start: offset, end: r.position() });
            Ok(())
        })?;
        members.end(&mut self.edits);
        if let Some((_, member)) = message.required.filter(|_| !complete) {
            let member = if members.any_kept { format!("{member},") } else { member.to_owned() };
            self.edits.insert(open, member.into_bytes());
        }
        Ok(())
    }

    /// Messages.
    pub(super) fn many(&mut self, message: &'static Message, r: &mut Reader<'_>) -> Result<(), JsonError> {
        match r.kind()? {
            Kind::Array => r.array(|r| self.one(message, r)),
            Kind::String if message.text.is_none() => r.skip(),
            Kind::Object | Kind::String => {
                self.edits.insert(r.position(), b"[".as_slice());
                self.one(message, r)?;
                self.edits.insert(r.position(), b"]".as_slice());
                Ok(())
            }
            Kind::Bool | Kind::Null | Kind::Number => r.skip(),
        }
    }

    /// Applies a rule to the value that comes next. Whether its member stays.
    fn field(&mut self, rule: Rule, r: &mut Reader<'_>, key: usize) -> Result<bool, JsonError> {
        match rule {
            Rule::Absent(message) => {
                let value = r.value()?;
                if !says_nothing(value.of(r.bytes())) {
                    self.refuse(Untranslatable::Field(message.to_owned()));
                }
                return Ok(false);
            }
            Rule::Drop => {
                r.skip()?;
                return Ok(false);
            }
            Rule::Many(message) => self.many(message, r)?,
            Rule::One(message) => self.one(message, r)?,
            Rule::Rename(name) => {
                if let Some(text) = r.key_at(key) {
                    self.edits.replace(text.span, name.as_bytes());
                }
                r.skip()?;
            }
            Rule::With(visit) => visit(self, r)?,
        }
        Ok(true)
    }
}

/// Longest table of fields.
const MOST_FIELDS: usize = 16;

/// `null`, `false` and `[]` are what a field is that was left out.
fn says_nothing(value: &[u8]) -> bool {
    let bare: Vec<u8> = value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(6).collect();
    matches!(bare.as_slice(), b"null" | b"false" | b"[]")
}

/// Whether a key is this field, in lower camel case or with underscores.
pub(super) fn is(key: &Key<'_>, camel: &str) -> bool {
    if key.is(camel) {
        return true;
    }
    let key = key.as_str();
    let mut rest = key.bytes();
    camel.bytes().all(|byte| {
        if byte.is_ascii_uppercase() {
            rest.next() == Some(b'_') && rest.next() == Some(byte.to_ascii_lowercase())
        } else {
            rest.next() == Some(byte)
        }
    }) && rest.next().is_none()
}
