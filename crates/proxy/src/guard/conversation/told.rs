//! A history as policies read it: the segments, and what decides where they come from.

use model::{Form, Origin, Text};
use policy::identity::undo;
use policy::{Answered, Asked, Declared, Memory, Outline, Policy, Segment, Segments};

use super::{History, kind};

/// A history as the segments that policies read. What the request only refers to comes first: it was there before.
pub(in crate::guard) struct Told<'b, 'a> {
    pub(super) declared: &'b Declared,
    pub(super) history: &'b History<'a>,
    pub(super) policy: &'b Policy,
}

/// What is told at a place.
enum Piece<'a> {
    /// Of the result with this number; its first piece, if it has several.
    Result(usize, &'a [u8]),
    Said(Origin, &'a [u8]),
    /// It adds nothing: what a result says was read with its first piece.
    Spent,
    Unseen,
}

impl<'b> Told<'b, '_> {
    fn piece(&self, at: usize) -> Piece<'b> {
        let History { body, view, .. } = self.history;
        let Some(place) = self.history.place(at) else { return Piece::Unseen };
        let result = self.history.result_at(place);
        let own = view.segments.get(place).map(|segment| (segment.origin, segment.content.of(body)));
        match (result, own) {
            (None, None) => Piece::Unseen,
            (None, Some((origin, raw))) => Piece::Said(origin, raw),
            (Some(result), own) if own.is_none() || self.history.said.get(result) == Some(&Some(place)) => {
                let whole = view.results.get(result).and_then(|result| result.content);
                let raw = whole.map(|span| span.of(body)).or(own.map(|(_, raw)| raw));
                Piece::Result(result, raw.unwrap_or(b"null"))
            }
            (Some(_), _) => Piece::Spent,
        }
    }

    fn answered(&self, result: usize) -> Answered<'b> {
        let Some(matched) = self.history.matches().results.get(result) else { return Answered::default() };
        let made = self.history.calls(result).iter().filter_map(|at| self.history.made(*at));
        let calls = made.map(|call| Asked {
            arguments: call.arguments.as_deref().map(str::as_bytes),
            is_foreign: call.is_foreign,
            tool: undo(self.policy, self.declared, &call.name, call.namespace.as_deref()),
        });
        Answered {
            calls: calls.collect(),
            has_files: matched.has_files,
            own_name: matched.own_name.as_deref(),
        }
    }
}

impl Segments for Told<'_, '_> {
    fn count(&self) -> usize {
        self.history.looked_at().saturating_add(self.history.unseen)
    }

    fn segment(&self, at: usize) -> Segment<'_> {
        match self.piece(at) {
            Piece::Result(result, raw) => {
                Segment { origin: policy::Origin::Result(self.answered(result)), raw }
            }
            Piece::Said(origin, raw) => Segment { origin: said(origin), raw },
            Piece::Spent => Segment { origin: policy::Origin::Assistant, raw: b"" },
            Piece::Unseen => Segment { origin: policy::Origin::Unseen, raw: b"" },
        }
    }

    fn content(&self, at: usize) -> Option<&[u8]> {
        match self.piece(at) {
            Piece::Result(_, raw) => Some(raw),
            Piece::Said(Origin::Assistant, _) | Piece::Spent | Piece::Unseen => None,
            Piece::Said(_, raw) => Some(raw),
        }
    }

    /// Calls as they are written. Whether one came through here is not asked again: it is known with it.
    fn outline(&self, at: usize, outline: &mut Outline) {
        match self.piece(at) {
            Piece::Result(result, _) => {
                outline.byte(kind(Origin::Tool(result)));
                let calls = self.history.calls(result);
                let view = self.history.view.results.get(result);
                outline.flag(view.is_some_and(|result| result.has_files));
                outline.flag(view.is_some_and(|result| result.content.is_some()));
                self.text(view.and_then(|result| result.name), outline);
                outline.length(calls.len());
                for call in calls.iter().filter_map(|call| self.history.past().get(*call)) {
                    let call = call.call;
                    for text in [call.id, call.name, call.namespace, call.arguments] {
                        self.text(text, outline);
                    }
                }
            }
            Piece::Said(origin, _) => outline.byte(kind(origin)),
            Piece::Spent => outline.byte(kind(Origin::Assistant)),
            Piece::Unseen => outline.byte(UNSEEN),
        }
    }

    fn around(&self, outline: &mut Outline) {
        self.history.owner.numbers().into_iter().for_each(|number| outline.number(number));
        self.declared.outline(outline);
    }

    fn rows(&self, _memory: &Memory) -> Vec<u64> {
        let History { rows, skipped, unseen, .. } = self.history;
        let bare = rows.last().copied().unwrap_or_default();
        let seen = rows.iter().skip(*skipped).copied();
        let rows = std::iter::repeat_n(0, *unseen).chain(seen).chain(std::iter::repeat(bare));
        rows.take(self.count()).collect()
    }
}

impl Told<'_, '_> {
    fn text(&self, text: Option<Text>, outline: &mut Outline) {
        let form = text.map_or(0, |text| match text.form {
            Form::Escaped => 1,
            Form::Json => 2,
            Form::Plain => 3,
        });
        outline.byte(form);
        outline.slice(text.map_or(b"", |text| text.span.of(self.history.body)));
    }
}

/// In outlines, beside the [kinds](kind) of segments.
const UNSEEN: u8 = 7;

fn said(origin: Origin) -> policy::Origin<'static> {
    match origin {
        Origin::Assistant | Origin::Tool(_) => policy::Origin::Assistant,
        Origin::Attachment => policy::Origin::Attachment,
        Origin::HostedTool => policy::Origin::HostedTool(None),
        Origin::System => policy::Origin::System,
        Origin::Unknown => policy::Origin::Unknown,
        Origin::User => policy::Origin::User,
    }
}
