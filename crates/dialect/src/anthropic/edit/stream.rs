//! Streamed answers.

use std::borrow::Cow;

use model::{ResponseView, Span, Text};
use wire::json::{JsonError, Reader};
use wire::splice::Edits;

use super::usage::Tally;
use super::whole::Message;
use crate::anthropic::block::{self, Block};
use crate::{Editor, Event, Piece, Ruling};

/// How nearly all events begin.
const DELTA: &[u8] = br#"{"type":"content_block_delta","#;

/// State between the events of an answer.
#[derive(Debug, Default)]
pub(super) struct MessageEditor {
    /// Usage of the answers before this one.
    before: Tally,
    /// Indexes of open blocks that the client does not get.
    gone: Vec<u64>,
    /// The answer goes on where another one was left.
    goes_on: bool,
    /// Index of the next block in the provider's count.
    next: u64,
    /// From which index on, and by how much, the client's indexes differ from the provider's. They add up.
    shifts: Vec<(u64, i64)>,
    /// Index of the next block in the client's count.
    told: u64,
    /// Usage of this answer.
    usage: Tally,
}

/// What there is to an event of an answer that may have to be changed.
#[derive(Debug, Default)]
struct Parts<'a> {
    block: Option<Block<'a>>,
    index: Option<(u64, Span)>,
    kind: Option<Cow<'a, str>>,
    message: Option<Message<'a>>,
    stop_reason: Option<Text>,
    usage: Option<Span>,
}

/// The answer so far, and what becomes of its calls.
#[derive(Clone, Copy)]
struct Ruled<'a> {
    rulings: &'a [Ruling],
    view: &'a ResponseView,
}

impl Editor for MessageEditor {
    fn event(
        &mut self,
        event: Event<'_>,
        view: &ResponseView,
        rulings: &[Ruling],
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        let ruled = Ruled { rulings, view };
        if self.is_untouched() && !ruled.refuses_part_of(&event) && event.data.starts_with(DELTA) {
            out.push(Piece::AsItCame);
            return Ok(());
        }
        match Parts::of(event.data) {
            Ok((reader, parts)) => self.take(&event, reader, &parts, ruled, out),
            Err(_) if event.data == b"[DONE]" || self.is_untouched() && !ruled.refuses_part_of(&event) => {
                out.push(Piece::AsItCame);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn say(&mut self, _: u32, text: &str, out: &mut Vec<Piece>) {
        self.shifts.push((self.next, 1));
        self.write_text(text, out);
    }

    fn go_on(&mut self, withheld: &[(Option<Vec<u8>>, Vec<u8>)]) {
        for (_, data) in withheld {
            let Ok((mut reader, parts)) = Parts::of(data) else { continue };
            // What cannot be read adds nothing.
            let _unread = self.count(&mut reader, &parts);
        }
        let usage = std::mem::take(&mut self.usage);
        self.before.add(&usage);
        self.goes_on = true;
        self.gone.clear();
        self.start_counting(0);
    }
}

impl MessageEditor {
    fn take(
        &mut self,
        event: &Event<'_>,
        mut reader: Reader<'_>,
        parts: &Parts<'_>,
        ruled: Ruled<'_>,
        out: &mut Vec<Piece>,
    ) -> Result<(), JsonError> {
        self.count(&mut reader, parts)?;
        let mut edits = Edits::default();
        match (parts.kind.as_deref(), &parts.message) {
            (Some("message_start"), Some(message)) if self.begin(message, event, ruled, &mut edits, out) => {
                return Ok(());
            }
            (Some("message_start"), _) => {}
            (Some("content_block_start"), _) if !self.start(event, parts, ruled, out) => return Ok(()),
            (Some("content_block_start"), _) => {}
            (kind, _) if self.is_gone(event, parts, ruled) => {
                if let (Some("content_block_stop"), Some((index, _))) = (kind, parts.index) {
                    self.gone.retain(|gone| *gone != index);
                }
                return Ok(());
            }
            (Some("message_delta"), _) => self.stop(&mut reader, parts, ruled, &mut edits)?,
            _ => {}
        }
        if let Some((index, place)) = parts.index
            && self.index(index) != index
        {
            edits.replace(place, self.index(index).to_string().into_bytes());
        }
        out.push(if edits.is_empty() {
            Piece::AsItCame
        } else {
            Piece::Changed(super::apply(&edits, event.data)?)
        });
        Ok(())
    }

    /// Takes in `message_start`. Whether the client gets nothing more of it.
    fn begin(
        &mut self,
        message: &Message<'_>,
        event: &Event<'_>,
        ruled: Ruled<'_>,
        edits: &mut Edits<'_>,
        out: &mut Vec<Piece>,
    ) -> bool {
        let fates = message.fates(event.data, ruled.rulings);
        let blocks = u64::try_from(fates.len()).unwrap_or(u64::MAX);
        if !self.goes_on {
            message.revise(event.data, ruled.rulings, edits);
            let left = fates.iter().filter(|fate| ***fate != Ruling::Drop).count();
            self.told = u64::try_from(left).unwrap_or(u64::MAX);
            self.start_counting(blocks);
            return false;
        }
        for (block, fate) in message.blocks.iter().zip(fates) {
            match fate {
                Ruling::Drop => {}
                Ruling::Keep => self.write(block.span.of(event.data), None, out),
                Ruling::Say(text) => self.write_text(text, out),
            }
        }
        self.start_counting(blocks);
        true
    }

    /// Takes in the start of a block. Whether the client gets it.
    fn start(
        &mut self,
        event: &Event<'_>,
        parts: &Parts<'_>,
        ruled: Ruled<'_>,
        out: &mut Vec<Piece>,
    ) -> bool {
        let index = parts.index.map_or(self.next, |(index, _)| index);
        self.gone.retain(|gone| *gone != index);
        self.next = self.next.max(index.saturating_add(1));
        let fate = match event.class.call_parts.first() {
            Some(call) => super::ruling(ruled.rulings, *call),
            None if ruled.refuses_result(parts.block.as_ref(), event.data) => &Ruling::Drop,
            None => &Ruling::Keep,
        };
        match fate {
            Ruling::Drop => self.shifts.push((self.next, -1)),
            Ruling::Keep => {
                self.told = self.told.max(self.index(index).saturating_add(1));
                return true;
            }
            Ruling::Say(text) => {
                self.told = self.index(index);
                self.write_text(text, out);
            }
        }
        self.gone.push(index);
        false
    }

    /// Whether the client gets nothing of the event: it belongs to a block that was left out.
    fn is_gone(&self, event: &Event<'_>, parts: &Parts<'_>, ruled: Ruled<'_>) -> bool {
        ruled.refuses_part_of(event)
            || parts.index.is_some_and(|(index, _)| self.gone.contains(&index))
            || ruled.refuses_all(&event.class.calls_ended)
    }

    /// Takes in the event that says why the answer stopped.
    fn stop(
        &self,
        reader: &mut Reader<'_>,
        parts: &Parts<'_>,
        ruled: Ruled<'_>,
        edits: &mut Edits<'_>,
    ) -> Result<(), JsonError> {
        if let Some(said) = parts.stop_reason {
            let carriers = ruled.view.calls.iter().map(|call| call.carrier);
            if let Some(reason) = super::stop_reason(&reader.decode(said), carriers, ruled.rulings) {
                edits.replace(said.span, reason.as_bytes());
            }
        }
        let Some(usage) = parts.usage.filter(|_| self.goes_on) else { return Ok(()) };
        reader.revisit(usage, |r| self.before.add_to(r, edits))?;
        let mut sum = self.before.clone();
        sum.add(&self.usage);
        reader.revisit(usage, |r| sum.complete(r, edits))
    }

    /// Counts the usage that an event tells.
    fn count(&mut self, reader: &mut Reader<'_>, parts: &Parts<'_>) -> Result<(), JsonError> {
        let usage = match parts.kind.as_deref() {
            Some("message_delta") => parts.usage,
            Some("message_start") => parts.message.as_ref().and_then(|message| message.usage),
            _ => None,
        };
        usage.map_or(Ok(()), |usage| reader.revisit(usage, |r| self.usage.read(r)))
    }

    /// The provider's next block has the index `next`, and comes behind what was told.
    fn start_counting(&mut self, next: u64) {
        self.next = next;
        self.shifts.clear();
        if self.told != next {
            let told = i64::try_from(self.told).unwrap_or(i64::MAX);
            self.shifts.push((0, told.saturating_sub_unsigned(next)));
        }
    }

    /// The client's index of a block.
    fn index(&self, index: u64) -> u64 {
        let shifts = self.shifts.iter().filter(|(from, _)| *from <= index).map(|(_, by)| *by);
        index.saturating_add_signed(shifts.fold(0, i64::saturating_add))
    }

    fn write_text(&mut self, text: &str, out: &mut Vec<Piece>) {
        self.write(br#"{"type":"text","text":""}"#, Some(text), out);
    }

    /// Tells of a whole block, the client's next one.
    fn write(&mut self, block: &[u8], text: Option<&str>, out: &mut Vec<Piece>) {
        let index = self.told;
        self.told = index.saturating_add(1);
        let mut new = |name: &'static str, member: &str, value: &[u8]| {
            let head = format!(r#"{{"type":"{name}","index":{index}{member}"#);
            out.push(Piece::New { data: [head.as_bytes(), value, b"}"].concat(), name: Some(name) });
        };
        new("content_block_start", r#","content_block":"#, block);
        if let Some(text) = text {
            let delta = format!(r#"{{"type":"text_delta","text":{}}}"#, super::quoted(text));
            new("content_block_delta", r#","delta":"#, delta.as_bytes());
        }
        new("content_block_stop", "", b"");
    }

    /// Whether events that carry no part of a refused call leave as they came.
    fn is_untouched(&self) -> bool {
        self.gone.is_empty() && self.shifts.is_empty() && !self.goes_on
    }
}

impl<'a> Parts<'a> {
    fn of(data: &'a [u8]) -> Result<(Reader<'a>, Self), JsonError> {
        let mut reader = Reader::new(data)?;
        let mut parts = Self::default();
        reader.object(["type", "index", "message", "content_block", "delta", "usage"], |r, field| {
            match field {
                Some(0) => parts.kind = r.characters()?,
                Some(1) => {
                    r.kind()?;
                    let start = r.position();
                    let index = r.unsigned()?;
                    parts.index = index.map(|index| (index, Span { start, end: r.position() }));
                }
                Some(2) => parts.message = Some(Message::read(r)?),
                Some(3) => parts.block = Some(block::read(r)?),
                Some(4) => parts.stop_reason = r.member("stop_reason", |r| r.string())?,
                Some(5) => parts.usage = Some(r.value()?),
                _ => r.skip()?,
            }
            Ok(())
        })?;
        reader.end()?;
        Ok((reader, parts))
    }
}

impl Ruled<'_> {
    fn refuses(&self, call: usize) -> bool {
        !super::ruling(self.rulings, call).keeps()
    }

    fn refuses_all(&self, calls: &[usize]) -> bool {
        !calls.is_empty() && calls.iter().all(|call| self.refuses(*call))
    }

    fn refuses_part_of(&self, event: &Event<'_>) -> bool {
        event.class.call_parts.iter().any(|call| self.refuses(*call))
    }

    /// Whether the block is the result of a refused call that the provider ran.
    fn refuses_result(&self, block: Option<&Block<'_>>, data: &[u8]) -> bool {
        let calls = self.view.calls.iter().enumerate().filter(|(at, _)| self.refuses(*at));
        let mut ids = calls.filter_map(|(_, call)| call.id.as_deref());
        block.is_some_and(|block| super::is_result_of(block, data, &mut ids))
    }
}
