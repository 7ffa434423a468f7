//! Positions in a body.

/// A half-open range of bytes in the body that a view was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes at this position; empty if `bytes` is not the body that the span was read from.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How the characters of a [`Text`] stand in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON string with at least one escape; the span is what stands between its quotes.
    Escaped,
    /// A JSON value of any type, taken as its own source text.
    Json,
    /// A JSON string without escapes; the span is what stands between its quotes.
    Plain,
}

/// Text at a position of the body; `wire::json::decode` turns it into characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// How it is written.
    pub form: Form,
    /// Where it stands.
    pub span: Span,
}
