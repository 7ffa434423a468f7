//! Items of a streamed answer, and the calls among them as they grow.
//!
//! A call is said up to four times: in pieces, in the event that closes its arguments, in its finished item, and in the
//! answer as a whole. A client may take it from any of them, so all must say the same.

use model::{Carrier, ToolCall};
use wire::json::Reader;

use super::item::Item;
use super::items::Row;
use crate::stream::{EventClass, Growing};

/// Most items that are kept of one stream.
const MAX_ITEMS: usize = 4096;

/// One item of the answer.
#[derive(Debug)]
struct Tracked {
    /// Position of its call in the view, if it is one.
    at: Option<usize>,
    /// In which form its item says that it comes.
    carrier: Carrier,
    /// Commands of a shell that were said in full, with their places.
    commands: Vec<(u64, String)>,
    /// Its sayings contradict each other.
    contradicted: bool,
    /// Bytes of output that have been counted.
    counted: usize,
    ended: bool,
    /// The arguments have been said in full.
    fixed: bool,
    id: Option<String>,
    index: Option<u64>,
    /// Its call began before the stream did, so of its arguments only the end may have come.
    midway: bool,
    /// The arguments only hold the place of those that come with the finished item.
    provisional: bool,
    row: Option<&'static Row>,
    /// The item itself has come, and not just events that speak of it.
    seen: bool,
}

/// How far an item is when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is not finished.
    Begins,
    /// It is.
    Ends,
    /// The answer is repeated as it is at its end.
    Repeats,
}

/// All items of one answer.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) growing: Growing,
    items: Vec<Tracked>,
}

impl Items {
    /// For an answer that comes in one piece.
    pub(super) fn whole() -> Self {
        let mut items = Self::default();
        items.growing.whole = true;
        items
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The item that an event speaks of: by its index, else by its id.
    pub(super) fn find(&self, index: Option<u64>, id: Option<&str>) -> Option<usize> {
        self.items.iter().rposition(|item| match (index, item.index) {
            (Some(index), Some(known)) => index == known,
            _ => id.is_some() && item.id.as_deref() == id,
        })
    }

    /// The one of the first items that the whole answer repeats: by its ids, else by its place. `taken` has a mark for
    /// each of them that it has repeated before.
    pub(super) fn find_repeated(
        &self,
        item: &Item<'_>,
        (id, call_id): (Option<&str>, Option<&str>),
        place: u64,
        taken: &[bool],
    ) -> Option<usize> {
        let candidate = |fits: &dyn Fn(&Tracked) -> bool| {
            self.items.iter().zip(taken).position(|(it, taken)| !taken && fits(it))
        };
        let unnamed = id.is_none() && call_id.is_none();
        candidate(&|it| id.is_some() && it.id.as_deref() == id)
            .or_else(|| candidate(&|it| call_id.is_some() && self.call_id(it) == call_id))
            .or_else(|| {
                // Some servers give everything but calls another id in every event.
                let fits = |it: &Tracked| it.row == item.row && (it.at.is_none() || unnamed);
                candidate(&|it| it.index == Some(place) && fits(it))
            })
    }

    fn call_id(&self, item: &Tracked) -> Option<&str> {
        self.growing.view.calls.get(item.at?).and_then(|call| call.id.as_deref())
    }

    /// Position of the item's call in the view, if it is one.
    pub(super) fn call_at(&self, item: usize) -> Option<usize> {
        self.items.get(item)?.at
    }

    /// Begins to follow an item.
    pub(super) fn follow(
        &mut self,
        index: Option<u64>,
        id: Option<&str>,
        row: Option<&'static Row>,
    ) -> Option<usize> {
        if !self.growing.whole && self.items.len() >= MAX_ITEMS {
            self.growing.overflowed = true;
            return None;
        }
        self.growing.count(id.unwrap_or_default());
        self.items.push(Tracked {
            at: None,
            carrier: Carrier::Unknown,
            commands: Vec::new(),
            contradicted: false,
            counted: 0,
            ended: false,
            fixed: false,
            id: id.map(str::to_owned),
            index,
            midway: false,
            provisional: false,
            row,
            seen: false,
        });
        Some(self.items.len().saturating_sub(1))
    }

    /// Begins the call of an item that came into the stream before we did. What it is cannot be said until the item
    /// itself comes.
    pub(super) fn begin_midway(&mut self, item: usize) {
        if let Some(tracked) = self.items.get_mut(item).filter(|tracked| tracked.at.is_none()) {
            tracked.at = self.growing.start(ToolCall::new(Carrier::Unknown, 0));
            tracked.midway = true;
        }
    }

    /// Whether the item itself has come.
    pub(super) fn is_seen(&self, item: usize) -> bool {
        self.items.get(item).is_some_and(|tracked| tracked.seen)
    }

    /// Notes that an event carries a part of the item's call, if it is one. After a call's end only the answer as a
    /// whole may speak of it.
    pub(super) fn part(&self, item: usize, class: &mut EventClass) {
        let Some(tracked) = self.items.get(item) else { return };
        let Some(at) = tracked.at else { return };
        class.part(at);
        class.unreadable |= tracked.ended && !class.turn_ended;
    }

    /// Counts output of an item.
    pub(super) fn count(&mut self, item: usize, bytes: usize) {
        if let Some(tracked) = self.items.get_mut(item) {
            tracked.counted = tracked.counted.saturating_add(bytes);
        }
    }

    /// Bytes of an item's output that have been counted.
    pub(super) fn counted(&self, item: usize) -> usize {
        self.items.get(item).map_or(0, |tracked| tracked.counted)
    }

    /// Adds a piece of arguments.
    pub(super) fn add_arguments(&mut self, item: usize, more: &str) {
        let Some(tracked) = self.items.get_mut(item) else { return };
        let Some(at) = tracked.at else { return };
        if tracked.fixed || tracked.ended {
            tracked.contradicted = true;
        } else {
            if std::mem::take(&mut tracked.provisional) {
                self.growing.replace_arguments(at, None);
            }
            self.growing.add_arguments(at, more);
        }
        self.judge(item);
    }

    /// Takes in the arguments as they are said in full.
    pub(super) fn fix_arguments(&mut self, item: usize, all: Option<&str>) {
        let Some(tracked) = self.items.get_mut(item) else { return };
        let Some(at) = tracked.at else { return };
        let known = self.growing.view.calls.get(at).and_then(|call| call.arguments.as_deref());
        let (said, whole) = (known.unwrap_or_default(), all.unwrap_or_default());
        let same = said == whole;
        let first = !std::mem::replace(&mut tracked.fixed, true);
        let held_place = std::mem::take(&mut tracked.provisional) || known.is_none();
        let completes = first && (held_place || tracked.midway && whole.ends_with(said));
        tracked.contradicted |= !same && !completes;
        if !same || known.is_none() {
            self.growing.replace_arguments(at, all);
        }
        self.judge(item);
    }

    /// Takes in a command of a shell as it is said in full, before the item has them all.
    pub(super) fn note_command(&mut self, item: usize, place: u64, command: &str) {
        // Empty ones take room too.
        self.growing.count_bytes(command.len().saturating_add(size_of::<(u64, String)>()));
        if let Some(tracked) = self.items.get_mut(item).filter(|_| !self.growing.overflowed) {
            tracked.commands.push((place, command.to_owned()));
        }
    }

    /// Takes in the item itself, with its call if it is one.
    pub(super) fn take(&mut self, item: usize, row: Option<&'static Row>, call: Option<Call>, stage: Stage) {
        let Some(tracked) = self.items.get_mut(item) else { return };
        let again = std::mem::replace(&mut tracked.seen, true);
        tracked.contradicted |= again && (tracked.row != row || tracked.at.is_some() != call.is_some());
        tracked.row = row;
        let Some(Call { mut call, is_json }) = call else { return self.judge(item) };
        let arguments = call.arguments.take();
        tracked.carrier = call.carrier;
        if let Some(known) = tracked.at.and_then(|at| self.growing.call(at)) {
            // The id may change until the item is finished, as it does for searches of tools.
            tracked.contradicted |= again && (known.name != call.name || known.namespace != call.namespace);
            let kept =
                [&call.id, &call.name, &call.namespace].map(|text| text.as_deref().map_or(0, str::len));
            (known.id, known.name, known.namespace) = (call.id, call.name, call.namespace);
            self.growing.count_bytes(kept.into_iter().sum());
        } else {
            tracked.at = self.growing.start(call);
        }
        if stage != Stage::Begins {
            let said = arguments.as_deref().unwrap_or_default();
            tracked.contradicted |=
                tracked.commands.iter().any(|(place, command)| !runs(said, *place, command));
            return self.fix_arguments(item, arguments.as_deref());
        }
        if let Some(at) = tracked.at
            && !again
        {
            tracked.provisional = is_json || arguments.as_deref().is_none_or(str::is_empty);
            self.growing.replace_arguments(at, arguments.as_deref());
        }
        self.judge(item);
    }

    /// Ends an item.
    pub(super) fn end(&mut self, item: usize, class: &mut EventClass) {
        let Some(tracked) = self.items.get_mut(item) else { return };
        if !std::mem::replace(&mut tracked.ended, true) {
            class.calls_ended.extend(tracked.at);
        }
    }

    /// Gives the call of an item the carrier that it deserves: one whose sayings differ cannot be judged.
    fn judge(&mut self, item: usize) {
        let Some(tracked) = self.items.get(item) else { return };
        let carrier = if tracked.contradicted { Carrier::Unknown } else { tracked.carrier };
        if let Some(call) = tracked.at.and_then(|at| self.growing.call(at)) {
            call.carrier = carrier;
        }
    }

    /// Whether an item has ended without its sayings contradicting each other.
    pub(super) fn is_settled(&self, item: usize) -> bool {
        self.items.get(item).is_some_and(|tracked| tracked.ended && !tracked.contradicted)
    }
}

/// Whether a shell's action has this command at this place.
fn runs(action: &str, place: u64, command: &str) -> bool {
    let (mut at, mut same) = (0, false);
    let read = Reader::new(action.as_bytes()).and_then(|mut reader| {
        reader.object(["commands"], |r, field| match field {
            Some(_) => r.array(|r| {
                let here = r.characters()?;
                same |= at == place && here.as_deref() == Some(command);
                at = at.saturating_add(1);
                Ok(())
            }),
            None => r.skip(),
        })
    });
    read.is_ok() && same
}

/// A call as an item says it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) call: ToolCall<String>,
    /// Its arguments are JSON and not text within JSON.
    pub(super) is_json: bool,
}
