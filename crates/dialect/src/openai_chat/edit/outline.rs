//! Where the members of an object and the elements of an array stand.

use model::Span;
use wire::json::{Fault, JsonError, Kind, Reader};
use wire::splice::{Edits, SpliceError};

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Offset of its key.
    start: usize,
    pub(super) value: Span,
}

impl Member {
    /// Key and value.
    pub(super) fn span(&self) -> Span {
        Span { start: self.start, end: self.value.end }
    }

    /// Whether it is `null` or the empty string.
    pub(super) fn is_empty(&self) -> bool {
        self.kind == Kind::Null || self.inside().is_some_and(|inside| inside.is_empty())
    }

    /// What stands between the quotes, if it is a string.
    pub(super) fn inside(&self) -> Option<Span> {
        let Span { start, end } = self.value;
        (self.kind == Kind::String)
            .then(|| Span { start: start.saturating_add(1), end: end.saturating_sub(1) })
    }
}

/// An object.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) members: Vec<Member>,
    pub(super) span: Span,
}

impl Object {
    /// The object that a body is. A body that is another value has no members.
    pub(super) fn of(body: &[u8]) -> Result<(Reader<'_>, Self), JsonError> {
        let mut reader = Reader::new(body)?;
        let object = Self::next(&mut reader)?;
        reader.end()?;
        Ok((reader, object))
    }

    /// The object at a place that `reader` has passed.
    pub(super) fn at(reader: &Reader<'_>, span: Span) -> Result<Self, JsonError> {
        Self::next(&mut reader.again(span))
    }

    fn next(r: &mut Reader<'_>) -> Result<Self, JsonError> {
        r.kind()?;
        let start = r.position();
        let mut members = Vec::new();
        r.members(|r, key, offset| {
            let kind = r.kind()?;
            members.push(Member { kind, name: key.as_str().into_owned(), start: offset, value: r.value()? });
            Ok(())
        })?;
        Ok(Self { members, span: Span { start, end: r.position() } })
    }

    /// The member with this name, unless it is `null`.
    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        self.any(name).filter(|member| member.kind != Kind::Null)
    }

    /// The member with this name.
    pub(super) fn any(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Puts a member before the others; `alone` if none of them stays.
    pub(super) fn add(&self, member: &str, alone: bool, edits: &mut Edits<'_>) {
        let comma = if alone { "" } else { "," };
        edits.insert(self.span.start.saturating_add(1), format!("{member}{comma}").into_bytes());
    }
}

/// Where the elements of an array stand. A value that is none has no elements.
pub(super) fn elements(reader: &Reader<'_>, span: Span) -> Result<Vec<Span>, JsonError> {
    let mut found = Vec::new();
    reader.again(span).array(|r| {
        found.push(r.value()?);
        Ok(())
    })?;
    Ok(found)
}

/// Takes out those of `items`, members or elements, that are `gone`, and the commas they leave.
pub(super) fn take_out(items: &[Span], gone: &[bool], edits: &mut Edits<'_>) {
    let mut before: Option<usize> = None;
    for (at, item) in items.iter().enumerate() {
        let next = items.get(at.saturating_add(1));
        if !gone.get(at).copied().unwrap_or_default() {
            before = Some(item.end);
            continue;
        }
        match (before, next) {
            (Some(start), _) => {
                edits.remove(Span { start, end: item.end });
                before = Some(item.end);
            }
            (None, Some(next)) => edits.remove(Span { start: item.start, end: next.start }),
            (None, None) => edits.remove(*item),
        }
    }
}

/// The body with the edits made.
pub(super) fn apply(edits: &Edits<'_>, body: &[u8]) -> Result<Vec<u8>, JsonError> {
    edits.apply(body).map(std::borrow::Cow::into_owned).map_err(|error| {
        let (SpliceError::Outside(offset) | SpliceError::Overlap(offset)) = error;
        JsonError { fault: Fault::Syntax, offset }
    })
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text as it stands between the quotes of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
