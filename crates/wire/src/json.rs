//! A strict JSON reader (RFC 8259) that never builds a tree.
//!
//! A [`Reader`] walks the bytes once. Its caller says which members of an object it wants and skips the
//! rest; skipped values are checked for syntax all the same, so a body that was read to its
//! [`end`](Reader::end) is one well-formed JSON text. Stricter than many parsers, because a proxy that reads a
//! body otherwise than the provider does would judge something else than what is executed:
//!
//! - a member that is read must not occur twice in its object,
//! - keys are compared after their escapes are undone,
//! - nesting is bounded by [`MAX_DEPTH`], and the bytes must be UTF-8 without a byte-order mark.
//!
//! Lone surrogates (`"\ud800"`) are accepted: providers relay them, and they change no structure.

mod scan;
mod text;
mod unique;

use std::borrow::Cow;

use model::{Form, Span, Text};

pub use text::decode;
pub use unique::check_unique;

/// Deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: usize = 256;

/// Most elements of arrays that are read, skipped ones not counted. A conversation has thousands; a body of a few
/// megabytes could be millions, each of which costs its reader far more memory than its two bytes.
pub const MAX_ELEMENTS: usize = 200_000;

/// Most members of objects that are read, skipped objects not counted; for the same reason.
pub const MAX_MEMBERS: usize = 1_000_000;

/// Why a body cannot be read as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct JsonError {
    /// What is wrong.
    pub fault: Fault,
    /// Where, as an offset into the body.
    pub offset: usize,
}

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A member that matters occurs twice in its object.
    #[error("duplicate key")]
    DuplicateKey,
    /// The text ends too early.
    #[error("unexpected end of JSON")]
    End,
    /// Not JSON's grammar.
    #[error("invalid JSON")]
    Syntax,
    /// Nested deeper than is read.
    #[error("JSON nested too deeply")]
    TooDeep,
    /// More elements of arrays or members of objects than are read.
    #[error("too many elements")]
    TooMany,
    /// Something follows the JSON value.
    #[error("unexpected bytes after the JSON value")]
    Trailing,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
}

/// Elements of an array that were read, from its first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Elements of arrays in them, they themselves included.
    elements: usize,
    /// Members of objects in them.
    members: usize,
    /// From the bracket that opens the array to the end of the last of them.
    pub span: Span,
}

/// The type of the value that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[`
    Array,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
    /// A number
    Number,
    /// `{`
    Object,
    /// A string
    String,
}

/// The key of a member, its escapes undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a>(Cow<'a, [u8]>);

impl Key<'_> {
    /// Whether it is `name`.
    pub fn is(&self, name: &str) -> bool {
        *self.0 == *name.as_bytes()
    }

    /// Its characters.
    pub fn as_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

/// A cursor over one JSON text.
#[derive(Debug)]
pub struct Reader<'a> {
    depth: usize,
    /// Elements of arrays that were read.
    elements: usize,
    /// Members of objects that were read.
    members: usize,
    pos: usize,
    /// As text, so that what is cut out of it need not be checked a second time.
    text: &'a str,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`, which must be UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, JsonError> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok(Self { depth: 0, elements: 0, members: 0, pos: 0, text }),
            Err(_) => {
                let offset = std::str::from_utf8(bytes).err().map_or(0, |e| e.valid_up_to());
                Err(JsonError { fault: Fault::Utf8, offset })
            }
        }
    }

    /// A second reader over a value that this one has passed; positions stay those of the body.
    pub fn again(&self, span: Span) -> Self {
        let text = self.text.get(..span.end).unwrap_or(self.text);
        let pos = span.start.min(text.len());
        Self { depth: self.depth, elements: self.elements, members: self.members, pos, text }
    }

    /// Reads a value that this reader has passed once more. The elements of its arrays count here too.
    pub fn revisit<T>(
        &mut self,
        span: Span,
        visit: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        let mut inner = self.again(span);
        let result = visit(&mut inner);
        (self.elements, self.members) = (inner.elements, inner.members);
        result
    }

    /// Type of the next value.
    pub fn kind(&mut self) -> Result<Kind, JsonError> {
        self.blanks();
        match self.text.as_bytes().get(self.pos) {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(_) => Err(self.fault(Fault::Syntax)),
            None => Err(self.fault(Fault::End)),
        }
    }

    /// Reads an object. `visit` is called at the value of every member, in order, with the position of its
    /// key in `wanted` (`None` for any other key) and must consume that value. A wanted key that occurs twice is
    /// an error. A value that is no object is skipped, and `visit` is not called.
    pub fn object<const N: usize>(
        &mut self,
        wanted: [&str; N],
        mut visit: impl FnMut(&mut Self, Option<usize>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        let mut seen = [false; N];
        self.members(|reader, key, offset| {
            let index = wanted.iter().position(|name| key.is(name));
            if let Some(mark) = index.and_then(|i| seen.get_mut(i))
                && std::mem::replace(mark, true)
            {
                return Err(JsonError { fault: Fault::DuplicateKey, offset });
            }
            visit(reader, index)
        })
    }

    /// Reads one member of an object and skips the others; none if it is missing, or the value is no object.
    pub fn member<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Self) -> Result<Option<T>, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        let mut found = None;
        self.object([name], |reader, wanted| match wanted {
            Some(_) => {
                found = read(reader)?;
                Ok(())
            }
            None => reader.skip(),
        })?;
        Ok(found)
    }

    /// Reads an object; `visit` gets every key with its offset and must consume the value. A value that is no
    /// object is skipped.
    pub fn members(
        &mut self,
        mut visit: impl FnMut(&mut Self, Key<'a>, usize) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.kind()? != Kind::Object {
            return self.skip();
        }
        self.enter()?;
        let mut first = true;
        while self.more(b'}', &mut first)? {
            self.members = self.members.saturating_add(1);
            if self.members > MAX_MEMBERS {
                return Err(self.fault(Fault::TooMany));
            }
            let offset = self.pos;
            let key = self.key()?;
            visit(self, key, offset)?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// Reads an array; `visit` is called at every element and must consume it. A value that is no array is
    /// skipped.
    pub fn array(
        &mut self,
        mut visit: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.kind()? != Kind::Array {
            return self.skip();
        }
        self.array_from(None, &mut visit).map(drop)
    }

    /// Reads an array, for which [`kind`](Self::kind) was asked, and says what was read of it. Elements that were passed
    /// before, in a text with the same bytes there, at the same depth and with the same `visit`, are not visited again.
    pub fn array_from(
        &mut self,
        passed: Option<Passed>,
        mut visit: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<Passed, JsonError> {
        let (start, elements, members) = (self.pos, self.elements, self.members);
        self.enter()?;
        let mut first = true;
        if let Some(passed) = passed.filter(|passed| passed.elements > 0) {
            first = false;
            self.pos = passed.span.end;
            self.elements = self.elements.saturating_add(passed.elements);
            self.members = self.members.saturating_add(passed.members);
            if self.elements > MAX_ELEMENTS || self.members > MAX_MEMBERS {
                return Err(self.fault(Fault::TooMany));
            }
        }
        let mut end = self.pos;
        while self.more(b']', &mut first)? {
            self.elements = self.elements.saturating_add(1);
            if self.elements > MAX_ELEMENTS {
                return Err(self.fault(Fault::TooMany));
            }
            visit(self)?;
            end = self.pos;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(Passed {
            elements: self.elements.saturating_sub(elements),
            members: self.members.saturating_sub(members),
            span: Span { start, end },
        })
    }

    /// Reads a string; `None` if the value is of another type, which is then skipped.
    pub fn string(&mut self) -> Result<Option<Text>, JsonError> {
        if self.kind()? != Kind::String {
            self.skip()?;
            return Ok(None);
        }
        let start = self.pos.saturating_add(1);
        let (end, escaped) = scan::string(self.text.as_bytes(), start)?;
        self.pos = end.saturating_add(1);
        let form = if escaped { Form::Escaped } else { Form::Plain };
        Ok(Some(Text { form, span: Span { start, end } }))
    }

    /// Reads a string and hands out its characters.
    pub fn characters(&mut self) -> Result<Option<Cow<'a, str>>, JsonError> {
        let text = self.string()?;
        Ok(text.map(|text| self.decode(text)))
    }

    /// The characters of a string that was read here.
    pub fn decode(&self, text: Text) -> Cow<'a, str> {
        match self.cut(text.span).filter(|_| text.form != Form::Escaped) {
            Some(plain) => Cow::Borrowed(plain),
            None => decode(self.text.as_bytes(), text),
        }
    }

    /// Reads any value and says where it stood.
    pub fn value(&mut self) -> Result<Span, JsonError> {
        self.blanks();
        let start = self.pos;
        self.skip()?;
        Ok(Span { start, end: self.pos })
    }

    /// Reads `true` or `false`; anything else is skipped and is `None`.
    pub fn boolean(&mut self) -> Result<Option<bool>, JsonError> {
        let kind = self.kind()?;
        let span = self.value()?;
        Ok((kind == Kind::Bool).then(|| span.of(self.text.as_bytes()) == b"true"))
    }

    /// Reads a whole number from 0 up; anything else is skipped and is `None`.
    pub fn unsigned(&mut self) -> Result<Option<u64>, JsonError> {
        let kind = self.kind()?;
        let span = self.value()?;
        if kind != Kind::Number {
            return Ok(None);
        }
        Ok(self.cut(span).and_then(|digits| digits.parse().ok()))
    }

    /// Skips the next value, checking its syntax.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        self.blanks();
        let room = MAX_DEPTH.saturating_sub(self.depth);
        self.pos = scan::value(self.text.as_bytes(), self.pos, room)?;
        Ok(())
    }

    /// Checks that nothing but blanks follows.
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.blanks();
        if self.pos < self.text.len() {
            return Err(self.fault(Fault::Trailing));
        }
        Ok(())
    }

    /// Where the characters of the key stand that [`members`](Self::members) handed out with `offset`.
    pub fn key_at(&self, offset: usize) -> Option<Text> {
        let start = offset.saturating_add(1);
        let (end, escaped) = scan::string(self.text.as_bytes(), start).ok()?;
        let form = if escaped { Form::Escaped } else { Form::Plain };
        Some(Text { form, span: Span { start, end } })
    }

    /// The bytes that are read.
    pub fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Offset of the next byte that is read.
    pub fn position(&self) -> usize {
        self.pos
    }

    fn key(&mut self) -> Result<Key<'a>, JsonError> {
        let start = self.pos.saturating_add(1);
        if self.text.as_bytes().get(self.pos) != Some(&b'"') {
            return Err(self.fault(Fault::Syntax));
        }
        let (end, escaped) = scan::string(self.text.as_bytes(), start)?;
        self.pos = end.saturating_add(1);
        let key = if escaped {
            let text = Text { form: Form::Escaped, span: Span { start, end } };
            Key(Cow::Owned(decode(self.text.as_bytes(), text).into_owned().into_bytes()))
        } else {
            Key(Cow::Borrowed(self.text.as_bytes().get(start..end).unwrap_or_default()))
        };
        self.blanks();
        match self.text.as_bytes().get(self.pos) {
            Some(b':') => self.pos = self.pos.saturating_add(1),
            Some(_) => return Err(self.fault(Fault::Syntax)),
            None => return Err(self.fault(Fault::End)),
        }
        self.blanks();
        Ok(key)
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fault(Fault::TooDeep));
        }
        self.depth = self.depth.saturating_add(1);
        self.pos = self.pos.saturating_add(1);
        Ok(())
    }

    /// Moves to the next element or member, or past `close`.
    fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, JsonError> {
        self.blanks();
        let next = self.text.as_bytes().get(self.pos).copied();
        if next == Some(close) {
            self.pos = self.pos.saturating_add(1);
            return Ok(false);
        }
        match (std::mem::replace(first, false), next) {
            (_, None) => return Err(self.fault(Fault::End)),
            (true, Some(_)) => {}
            (false, Some(b',')) => {
                self.pos = self.pos.saturating_add(1);
                self.blanks();
            }
            (false, Some(_)) => return Err(self.fault(Fault::Syntax)),
        }
        Ok(true)
    }

    fn cut(&self, span: Span) -> Option<&'a str> {
        self.text.get(span.start..span.end)
    }

    fn blanks(&mut self) {
        self.pos = scan::blanks(self.text.as_bytes(), self.pos);
    }

    fn fault(&self, fault: Fault) -> JsonError {
        JsonError { fault, offset: self.pos }
    }
}

/// Checks that `bytes` are one JSON text.
pub fn check(bytes: &[u8]) -> Result<(), JsonError> {
    let mut reader = Reader::new(bytes)?;
    reader.skip()?;
    reader.end()
}

#[cfg(test)]
mod tests;
