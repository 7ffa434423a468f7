//! What waits for a verdict, and what goes out once there is one.
//!
//! An event that carries a part of a call waits until the call is decided. What need not keep its place behind it flows
//! on. Of a refused call nothing goes out. If all calls of an answer are refused, and the model may be told, the end of
//! the answer is kept back, so that another one can go on in its place.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use dialect::{Answer, Dialect, Editor, Event, EventClass, Framing, Piece, Ruling};
use model::{Carrier, ResponseView, ToolCall};
use wire::{array, sse};

use super::frames::Frames;
use crate::guard::Guard;

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes to the client as it came.
    Allow,
    /// It cannot be taken out of its answer, and must not go on: the answer ends here.
    End,
    /// It does not.
    Refuse(Refused),
}

/// What is said of a refused call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    /// To the model, as the call's result.
    pub(crate) notice: String,
    /// To the person.
    pub(crate) text: String,
}

/// The answer has something that cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJudgeable;

/// An event that waits, or is kept back.
#[derive(Debug)]
struct Waiting {
    class: EventClass,
    raw: Bytes,
}

/// What a call was when it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decided {
    carrier: Carrier,
    name: Option<String>,
}

/// Events as the provider sent them, to tell the model what it said: names and data.
type Events = Vec<(Option<Vec<u8>>, Vec<u8>)>;

/// Judges one streamed answer.
pub(crate) struct Judged {
    decided: Vec<Option<Decided>>,
    dialect: &'static dyn Dialect,
    editor: Box<dyn Editor>,
    /// None once there are too many.
    events: Option<Events>,
    frames: Frames,
    guard: Box<Guard>,
    /// Bytes of `events`, of `queue` and of `withheld`.
    kept: usize,
    limit: usize,
    /// A call was allowed, so the client has to answer first.
    mixed: bool,
    /// Indexed as the calls of the view; empty for those that were allowed.
    notices: Vec<String>,
    /// Of refused calls, what the client has not been told: alternative and text.
    pending: Vec<(u32, String)>,
    queue: VecDeque<Waiting>,
    /// The last event ended in a carriage return, so that a line feed may still belong to it.
    returned: bool,
    rulings: Vec<Ruling>,
    /// How many events wait that say something beside a call.
    told: usize,
    withheld: Vec<Waiting>,
}

impl Judged {
    /// `limit`: most bytes that are kept.
    pub(super) fn new(
        dialect: &'static dyn Dialect,
        framing: Framing,
        guard: Box<Guard>,
        limit: usize,
    ) -> Self {
        Self {
            decided: Vec::new(),
            dialect,
            editor: dialect.editor(),
            events: Some(Vec::new()),
            frames: Frames::new(framing),
            guard,
            kept: 0,
            limit,
            mixed: false,
            notices: Vec::new(),
            pending: Vec::new(),
            queue: VecDeque::new(),
            returned: false,
            rulings: Vec::new(),
            told: 0,
            withheld: Vec::new(),
        }
    }

    /// Takes in an event and appends what may flow. `class` is none for what carries nothing: a comment, the end of an
    /// array.
    pub(super) fn take(
        &mut self,
        raw: Bytes,
        class: Option<EventClass>,
        view: &ResponseView,
        out: &mut BytesMut,
    ) -> Result<(), NotJudgeable> {
        let raw = if self.returned && raw.starts_with(b"\n") { self.line_feed(raw, out) } else { raw };
        if raw.is_empty() {
            self.returned = false;
            return Ok(());
        }
        self.returned = raw.ends_with(b"\r") && !self.frames.is_array();
        let Some(class) = class else {
            if !self.frames.is_array() && !says_nothing(&raw) {
                return Err(NotJudgeable);
            }
            match (self.frames.closes(&raw), self.withheld.is_empty() && self.queue.is_empty()) {
                (true, false) => self.keep_back(Waiting { class: EventClass::default(), raw }),
                (_, _) => self.frames.as_it_came(&raw, out),
            }
            return Ok(());
        };
        if class.unreadable {
            return Err(NotJudgeable);
        }
        self.guard.saw(view);
        self.rulings.resize(view.calls.len(), Ruling::Keep);
        self.notices.resize(view.calls.len(), String::new());
        self.decided.resize(view.calls.len(), None);
        for &at in &class.call_parts {
            self.look_at(at, view)?;
        }
        for &at in &class.calls_ended {
            self.decide(at, view, is_cut_off(view))?;
        }
        if class.turn_ended {
            for at in 0..view.calls.len() {
                self.decide(at, view, true)?;
            }
        }
        self.remember(&raw);
        let event = Waiting { class, raw };
        if !self.withheld.is_empty() {
            self.keep_back(event);
            return Ok(());
        }
        let is_free = event.class.call_parts.is_empty() && !event.class.stops && !event.class.turn_ended;
        // What is said beside a call that waits must not be overtaken by what is said after it.
        let overtakes = is_free && !self.dialect.keeps_order() && self.told == 0;
        if self.queue.is_empty() && self.is_decided(&event.class) || overtakes {
            return self.emit(event, view, out);
        }
        self.kept = self.kept.saturating_add(event.raw.len());
        self.told = self.told.saturating_add(event.class.free.into());
        self.queue.push_back(event);
        if self.kept > self.limit {
            self.events = None;
            self.recount();
        }
        if self.kept > self.limit {
            for at in 0..view.calls.len() {
                self.decide(at, view, true)?;
            }
        }
        self.release(view, out)
    }

    /// The provider ended the answer. What still waits is refused.
    pub(super) fn finish(&mut self, view: &ResponseView, out: &mut BytesMut) -> Result<(), NotJudgeable> {
        for at in 0..view.calls.len().min(self.decided.len()) {
            self.decide(at, view, true)?;
        }
        self.release(view, out)
    }

    /// Whether the model is to be told of refusals, and asked again.
    pub(super) fn wants_to_ask(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Whether the client gets nothing, though the provider says something.
    pub(super) fn is_holding(&self) -> bool {
        !self.queue.is_empty() || !self.withheld.is_empty()
    }

    /// What the provider said, and what is to be said to it.
    pub(super) fn said(&self) -> Option<(Answer<'_>, &[String])> {
        self.events.as_ref().map(|events| (Answer::Events(events), self.notices.as_slice()))
    }

    /// The number of the last event that went out, where the API numbers them.
    pub(super) fn sequence(&self) -> Option<u64> {
        self.editor.sequence()
    }

    /// What judges.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Bytes that are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Another answer takes the place of the end that was kept back.
    pub(super) fn go_on(&mut self) {
        let withheld = std::mem::take(&mut self.withheld);
        let withheld: Events = withheld.iter().filter_map(|event| parts(&self.frames, &event.raw)).collect();
        self.editor.go_on(&withheld);
        self.guard.told();
        self.frames.change();
        self.pending.clear();
        self.rulings.clear();
        self.decided.clear();
        self.notices.clear();
        self.events = Some(Vec::new());
        self.kept = 0;
    }

    /// There is no other answer: the client is told, and gets the end that was kept back.
    pub(super) fn give_up(&mut self, view: &ResponseView, out: &mut BytesMut) -> Result<(), NotJudgeable> {
        self.finish(view, out)?;
        self.say_pending(out);
        for event in std::mem::take(&mut self.withheld) {
            self.emit(event, view, out)?;
        }
        Ok(())
    }

    /// Puts the line feed that an event begins with behind the event before, whose it is; the rest of the event.
    fn line_feed(&mut self, raw: Bytes, out: &mut BytesMut) -> Bytes {
        if !self.frames.line_feed(out)
            && let Some(last) = self.withheld.last_mut().or(self.queue.back_mut())
            && last.raw.ends_with(b"\r")
        {
            last.raw = [last.raw.as_ref(), b"\n"].concat().into();
        }
        raw.slice(1..)
    }

    /// Looks at a call of which a part has come.
    fn look_at(&mut self, at: usize, view: &ResponseView) -> Result<(), NotJudgeable> {
        let (Some(call), Some(decided)) = (view.calls.get(at), self.decided.get(at)) else {
            return Err(NotJudgeable);
        };
        match decided {
            // What was decided is what the client must get.
            Some(decided) if *decided == of(call) => Ok(()),
            Some(_) => Err(NotJudgeable),
            None if call.name.is_none() => Ok(()),
            None => match self.guard.at_name(call) {
                None => Ok(()),
                Some(verdict) => self.rule(at, call, verdict),
            },
        }
    }

    fn decide(&mut self, at: usize, view: &ResponseView, is_cut: bool) -> Result<(), NotJudgeable> {
        let (Some(call), Some(None)) = (view.calls.get(at), self.decided.get(at)) else { return Ok(()) };
        let verdict = self.guard.complete(call, is_cut);
        self.rule(at, call, verdict)
    }

    fn rule(&mut self, at: usize, call: &ToolCall<String>, verdict: Verdict) -> Result<(), NotJudgeable> {
        let ruling = match verdict {
            Verdict::End => return Err(NotJudgeable),
            Verdict::Allow => {
                self.mixed = true;
                Ruling::Keep
            }
            Verdict::Refuse(Refused { notice, text }) => {
                if let Some(place) = self.notices.get_mut(at) {
                    *place = notice;
                }
                if self.may_tell() {
                    self.pending.push((call.alternative, text));
                    Ruling::Drop
                } else {
                    Ruling::Say(text)
                }
            }
        };
        if let (Some(place), Some(decided)) = (self.rulings.get_mut(at), self.decided.get_mut(at)) {
            *place = ruling;
            *decided = Some(of(call));
        }
        Ok(())
    }

    fn may_tell(&self) -> bool {
        !self.mixed && self.events.is_some() && self.guard.may_tell()
    }

    fn is_decided(&self, class: &EventClass) -> bool {
        class.call_parts.iter().all(|&at| self.decided.get(at).is_some_and(Option::is_some))
    }

    fn release(&mut self, view: &ResponseView, out: &mut BytesMut) -> Result<(), NotJudgeable> {
        while self.queue.front().is_some_and(|event| self.is_decided(&event.class)) {
            let Some(event) = self.queue.pop_front() else { break };
            self.kept = self.kept.saturating_sub(event.raw.len());
            self.told = self.told.saturating_sub(event.class.free.into());
            if self.withheld.is_empty() {
                self.emit(event, view, out)?;
            } else {
                self.keep_back(event);
            }
        }
        Ok(())
    }

    fn emit(&mut self, event: Waiting, view: &ResponseView, out: &mut BytesMut) -> Result<(), NotJudgeable> {
        let kept = |at: &usize| self.rulings.get(*at).is_some_and(Ruling::keeps);
        if event.class.call_parts.iter().any(kept) {
            self.say_pending(out);
        }
        if (event.class.stops || event.class.turn_ended) && !self.pending.is_empty() {
            if self.may_tell() && view.stops.len() <= 1 && !is_cut_off(view) && view.error.is_none() {
                self.keep_back(event);
                return Ok(());
            }
            self.say_pending(out);
        }
        let Some((name, data)) = parts(&self.frames, &event.raw) else {
            self.frames.as_it_came(&event.raw, out);
            return Ok(());
        };
        let mut pieces = Vec::new();
        let changed = Event { class: &event.class, data: &data, name: name.as_deref() };
        self.editor.event(changed, view, &self.rulings, &mut pieces).map_err(|_| NotJudgeable)?;
        self.frames.pieces(&event.raw, pieces, out);
        Ok(())
    }

    fn say_pending(&mut self, out: &mut BytesMut) {
        let mut pieces: Vec<Piece> = Vec::new();
        for (alternative, text) in std::mem::take(&mut self.pending) {
            self.editor.say(alternative, &text, &mut pieces);
        }
        self.frames.new_pieces(pieces, out);
    }

    fn keep_back(&mut self, event: Waiting) {
        self.kept = self.kept.saturating_add(event.raw.len());
        self.withheld.push(event);
    }

    /// Keeps what the provider said, to tell it what became of it.
    fn remember(&mut self, raw: &Bytes) {
        if (self.mixed || !self.guard.may_tell()) && self.events.take().is_some() {
            self.recount();
        }
        if let (Some(events), Some(event)) = (&mut self.events, parts(&self.frames, raw)) {
            events.push(event);
            self.kept = self.kept.saturating_add(raw.len());
        }
        if self.kept > self.limit {
            self.events = None;
            self.recount();
        }
    }

    fn recount(&mut self) {
        let waiting = self.queue.iter().chain(&self.withheld).map(|event| event.raw.len());
        let events = self.events.iter().flatten().map(|(_, data)| data.len());
        self.kept = waiting.chain(events).sum();
    }
}

/// Whether a block without data is what one may be: comments, blank lines, and fields that carry nothing.
fn says_nothing(raw: &[u8]) -> bool {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    raw.split(|byte| matches!(byte, b'\n' | b'\r')).all(|line| {
        let name = line.split(|byte| *byte == b':').next();
        matches!(name, Some(b"" | b"event" | b"id" | b"retry"))
    })
}

fn of(call: &ToolCall<String>) -> Decided {
    Decided { carrier: call.carrier, name: call.name.clone() }
}

/// Name and data of an event.
fn parts(frames: &Frames, raw: &[u8]) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    if frames.is_array() {
        let element = array::element(raw);
        return (!element.is_empty()).then(|| (None, element.to_vec()));
    }
    let event = sse::event(raw);
    event.data.map(|data| (event.name.map(<[u8]>::to_vec), data.into_owned()))
}

/// Whether the provider says that the answer was cut off, so that its last call may be half of one.
pub(crate) fn is_cut_off(view: &ResponseView) -> bool {
    const CUT: [&str; 5] =
        ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"];
    view.stops.iter().any(|stop| CUT.contains(&stop.reason.as_str()))
}
