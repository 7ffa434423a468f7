//! Changing some bytes of a body and leaving the rest as they came.
//!
//! A reader finds positions, [`Edits`] collects what shall stand there instead, and [`Edits::apply`] makes the new
//! body in one pass. Bytes outside the edits are copied, never written anew; without an edit nothing is copied.

use std::borrow::Cow;

use model::Span;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit<'a> {
    span: Span,
    with: Cow<'a, [u8]>,
}

/// Why a list of edits cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// A position is not within the body, or ends before it starts.
    #[error("an edit at byte {0} is not within the body")]
    Outside(usize),
    /// Two edits would change the same bytes.
    #[error("two edits overlap at byte {0}")]
    Overlap(usize),
}

/// Replacements in one body, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits<'a> {
    list: Vec<Edit<'a>>,
}

impl<'a> Edits<'a> {
    /// Puts `with` before the byte at `at`. Of several at the same place the first one comes first; all of them come
    /// before what replaces the bytes that start there.
    pub fn insert(&mut self, at: usize, with: impl Into<Cow<'a, [u8]>>) {
        self.replace(Span { start: at, end: at }, with);
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes out the bytes at `span`.
    pub fn remove(&mut self, span: Span) {
        self.replace(span, b"".as_slice());
    }

    /// Puts `with` in place of the bytes at `span`.
    pub fn replace(&mut self, span: Span, with: impl Into<Cow<'a, [u8]>>) {
        self.list.push(Edit { span, with: with.into() });
    }

    /// The body with all edits made; borrowed if there are none.
    ///
    /// # Errors
    /// An edit lies outside of `bytes`, or two of them change the same bytes. Nothing is done by halves.
    pub fn apply<'b>(&self, bytes: &'b [u8]) -> Result<Cow<'b, [u8]>, SpliceError> {
        if self.list.is_empty() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut order: Vec<&Edit<'a>> = self.list.iter().collect();
        order.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let added = order.iter().map(|edit| edit.with.len()).sum::<usize>();
        let mut out = Vec::with_capacity(bytes.len().saturating_add(added));
        let mut pos = 0;
        for edit in order {
            let Span { start, end } = edit.span;
            if end > bytes.len() || end < start {
                return Err(SpliceError::Outside(start));
            }
            // Both bounds are within the body, so there is nothing to copy only if the edit starts too early.
            let Some(kept) = bytes.get(pos..start) else { return Err(SpliceError::Overlap(start)) };
            out.extend_from_slice(kept);
            out.extend_from_slice(&edit.with);
            pos = end;
        }
        out.extend_from_slice(bytes.get(pos..).unwrap_or_default());
        Ok(Cow::Owned(out))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    fn apply(edits: &[(usize, usize, &str)], bytes: &str) -> Result<String, SpliceError> {
        let mut list = Edits::default();
        for (start, end, with) in edits {
            list.replace(span(*start, *end), with.as_bytes());
        }
        list.apply(bytes.as_bytes()).map(|out| String::from_utf8(out.into_owned()).unwrap())
    }

    #[test]
    fn without_an_edit_the_bytes_are_not_even_copied() {
        let bytes = b"as it came";
        assert!(matches!(Edits::default().apply(bytes), Ok(Cow::Borrowed(same)) if same == bytes));
    }

    #[test]
    fn edits_are_made_in_the_order_of_their_places() {
        assert_eq!(apply(&[(8, 9, "x"), (0, 2, ""), (4, 4, "+")], "abcdefghij").unwrap(), "cd+efghxj");
        assert_eq!(apply(&[(10, 10, "!")], "abcdefghij").unwrap(), "abcdefghij!");
        assert_eq!(apply(&[(0, 0, "a")], "").unwrap(), "a");
    }

    #[test]
    fn what_is_put_at_the_same_place_keeps_its_order_and_comes_before_what_is_replaced_there() {
        assert_eq!(apply(&[(1, 2, "-"), (1, 1, "1"), (1, 1, "2")], "abc").unwrap(), "a12-c");
        assert_eq!(apply(&[(0, 1, "-"), (1, 1, "+"), (1, 2, "")], "abc").unwrap(), "-+c");
    }

    #[test]
    fn edits_that_change_the_same_bytes_or_none_of_the_body_are_errors() {
        assert_eq!(apply(&[(0, 3, ""), (2, 4, "")], "abcdef"), Err(SpliceError::Overlap(2)));
        assert_eq!(apply(&[(0, 3, ""), (1, 1, "x")], "abcdef"), Err(SpliceError::Overlap(1)));
        assert_eq!(apply(&[(5, 7, "")], "abcdef"), Err(SpliceError::Outside(5)));
        assert_eq!(apply(&[(3, 2, "")], "abcdef"), Err(SpliceError::Outside(3)));
        assert_eq!(apply(&[(usize::MAX, usize::MAX, "")], "abcdef"), Err(SpliceError::Outside(usize::MAX)));
    }

    proptest! {
        #[test]
        fn any_edits_are_made_whole_or_not_at_all(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            edits in proptest::collection::vec((0usize..50, 0usize..50, any::<u8>()), 0..8),
        ) {
            let mut list = Edits::default();
            let mut naive: Vec<(usize, usize, u8)> = Vec::new();
            for (start, end, with) in edits {
                list.replace(span(start, end), vec![with]);
                naive.push((start, end, with));
            }
            naive.sort_by_key(|(start, end, _)| (*start, *end));
            let sound = naive.iter().all(|(start, end, _)| start <= end && *end <= bytes.len())
                && naive.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            let mut expected = bytes.clone();
            if sound {
                for (start, end, with) in naive.iter().rev() {
                    expected.splice(start..end, [*with]);
                }
                prop_assert_eq!(list.apply(&bytes).unwrap().into_owned(), expected);
            } else {
                prop_assert!(list.apply(&bytes).is_err());
            }
        }
    }
}
