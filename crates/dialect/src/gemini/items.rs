//! Taking some members out of an object, or some elements out of an array.

use model::Span;
use wire::splice::Edits;

/// Takes items out of a list with the commas that belong to them.
#[derive(Default)]
pub(super) struct Items {
    /// An item stays.
    pub(super) any_kept: bool,
    /// Where the last item ended.
    last: Option<usize>,
    /// First byte of the items at the list's start that go.
    leading: Option<usize>,
}

impl Items {
    /// An item (of an object: its key and value) stood at `span`.
    pub(super) fn passed(&mut self, edits: &mut Edits<'_>, keeps: bool, span: Span) {
        if keeps {
            if let Some(start) = self.leading.take() {
                edits.remove(Span { start, end: span.start });
            }
            self.any_kept = true;
        } else if let Some(last) = self.last.filter(|_| self.any_kept) {
            edits.remove(Span { start: last, end: span.end });
        } else {
            self.leading.get_or_insert(span.start);
        }
        self.last = Some(span.end);
    }

    /// The list has ended.
    pub(super) fn end(&mut self, edits: &mut Edits<'_>) {
        if let (Some(start), Some(end)) = (self.leading.take(), self.last) {
            edits.remove(Span { start, end });
        }
    }
}
