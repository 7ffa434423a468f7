//! What becomes of each part of an answer.

use std::collections::{BTreeMap, BTreeSet};

use model::{Carrier, Span, ToolCall};
use wire::json::decode;

use crate::edit::Ruling;
use crate::gemini::part::{Part, PartKind};
use crate::stream::EventClass;

/// The calls of an answer, what becomes of them, and where parts of them stand in the bytes at hand.
pub(super) struct Ruled<'a> {
    pub(super) calls: &'a [ToolCall<String>],
    pub(super) places: &'a [(usize, Span)],
    pub(super) rulings: &'a [Ruling],
}

impl Ruled<'_> {
    /// Whether this call goes.
    fn refuses(&self, call: usize) -> bool {
        self.rulings.get(call).is_some_and(|ruling| !ruling.keeps())
    }

    /// Alternatives of which a call goes.
    pub(super) fn alternatives(&self) -> BTreeSet<u32> {
        self.refused().map(|call| call.alternative).collect()
    }

    /// Whether an event could carry something that goes: part of a call, what explains why the answer stopped, or the
    /// result of a tool that the provider ran.
    pub(super) fn touches(&self, class: &EventClass) -> bool {
        class.call_parts.iter().any(|call| self.refuses(*call))
            || self.refused().any(|call| class.stops || call.carrier == Carrier::Hosted)
    }

    fn refused(&self) -> impl Iterator<Item = &ToolCall<String>> {
        let calls = self.calls.iter().zip(self.rulings);
        calls.filter(|(_, ruling)| !ruling.keeps()).map(|(call, _)| call)
    }

    /// The call that a part is of.
    fn call_at(&self, part: Span) -> Option<usize> {
        // Places are in the order in which they stand.
        let found = self.places.binary_search_by_key(&part.start, |(_, place)| place.start).ok()?;
        self.places.get(found).map(|(call, _)| *call)
    }
}

/// What was told of one answer so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Calls that the provider runs, by alternative and id; without an id the last one.
    hosted: BTreeMap<(u32, Option<String>), usize>,
    /// Calls in whose place the text stands already.
    said: BTreeSet<usize>,
}

impl Told {
    /// An event goes out as it came.
    pub(super) fn pass(&mut self, ruled: &Ruled<'_>) {
        for (call, _) in ruled.places {
            self.note(ruled, *call);
        }
    }

    /// What becomes of the next part of `alternative`.
    pub(super) fn fate(&mut self, part: &Part, bytes: &[u8], alternative: u32, ruled: &Ruled<'_>) -> Ruling {
        match part.kind {
            PartKind::Call(_) => self.call(part, ruled),
            // The result of code or of a search that is refused goes with it: it names the call, and without the call
            // the conversation could not be sent back.
            PartKind::HostedResult if self.result_goes(part, bytes, alternative, ruled) => Ruling::Drop,
            PartKind::Attachment
            | PartKind::HostedResult
            | PartKind::Result
            | PartKind::Text
            | PartKind::Unknown => Ruling::Keep,
        }
    }

    fn call(&mut self, part: &Part, ruled: &Ruled<'_>) -> Ruling {
        // A call that the reader did not take in cannot have been judged.
        let Some(call) = ruled.call_at(part.span) else { return Ruling::Drop };
        self.note(ruled, call);
        match ruled.rulings.get(call) {
            Some(Ruling::Say(text)) if self.said.insert(call) => Ruling::Say(text.clone()),
            Some(Ruling::Drop | Ruling::Say(_)) => Ruling::Drop,
            Some(Ruling::Keep) | None => Ruling::Keep,
        }
    }

    fn result_goes(&self, part: &Part, bytes: &[u8], alternative: u32, ruled: &Ruled<'_>) -> bool {
        let id = part.id.map(|id| decode(bytes, id).into_owned());
        let call = self.hosted.get(&(alternative, id)).or_else(|| self.hosted.get(&(alternative, None)));
        call.is_some_and(|call| ruled.refuses(*call))
    }

    fn note(&mut self, ruled: &Ruled<'_>, call: usize) {
        if let Some(known) = ruled.calls.get(call)
            && known.carrier == Carrier::Hosted
        {
            self.hosted.insert((known.alternative, None), call);
            self.hosted.insert((known.alternative, known.id.clone()), call);
        }
    }
}
