//! The gate of a streamed answer: cuts it into events, learns what each one carries, and hands out what may
//! flow.
//!
//! It holds an event until it is complete, so that a stream which breaks never ends in half an event. Without a
//! policy that could refuse a call, every complete event may flow at once, as the bytes that came; with one, what
//! [`judged`] lets go.

mod frames;
mod judged;

use bytes::{Bytes, BytesMut};
use dialect::{Answer, Dialect, ErrorReply, EventClass, Framing, Sent, StreamReader};
use model::ResponseView;
use wire::frame::{Block, Framer};
use wire::{array, sse};

use judged::{Judged, NotJudgeable};
pub(crate) use judged::{Refused, Verdict, is_cut_off};

use crate::guard::Guard;
use crate::vertex::ToVertex;

/// State of one streamed answer.
pub(crate) struct Gate {
    /// The streamed array has its closing bracket.
    closed: bool,
    dialect: &'static dyn Dialect,
    /// Calls that have ended, if nobody waits for their verdict.
    ended: Vec<usize>,
    framer: Framer,
    framing: Framing,
    /// The provider said within the stream that it failed.
    failed: bool,
    /// Bytes of the events that carried parts of calls, which the reader keeps.
    calls: usize,
    /// Judges calls, if one could be refused.
    judged: Option<Box<Judged>>,
    limit: usize,
    /// The answer has something that cannot be judged. Nothing more of it goes out.
    not_judgeable: bool,
    reader: Box<dyn StreamReader>,
    /// Something went out.
    started: bool,
    /// What translates events, if they come from Vertex AI.
    vertex: Option<Box<ToVertex>>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("dialect", &self.dialect)
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// For an answer in this dialect and framing; an event longer than `limit` bytes flows unread.
    pub(crate) fn new(dialect: &'static dyn Dialect, framing: Framing, limit: usize) -> Self {
        Self {
            calls: 0,
            closed: false,
            dialect,
            ended: Vec::new(),
            failed: false,
            framer: framer(framing, limit),
            framing,
            judged: None,
            limit,
            not_judgeable: false,
            reader: dialect.stream_reader(),
            started: false,
            vertex: None,
        }
    }

    /// Holds calls until they are judged; at most so many bytes are kept for it.
    pub(crate) fn judging(self, judge: Option<Box<Guard>>, most: usize) -> Self {
        let judged = judge.map(|judge| Box::new(Judged::new(self.dialect, self.framing, judge, most)));
        Self { judged, ..self }
    }

    /// Translates events before they are read.
    pub(crate) fn translating(self, vertex: Option<Box<ToVertex>>) -> Self {
        Self { vertex, ..self }
    }

    /// Takes in what arrived and hands out what may flow.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Bytes {
        let block = self.framer.push(chunk);
        self.let_flow(block)
    }

    /// The provider ended the stream: what was still held may flow.
    pub(crate) fn finish(&mut self) -> Bytes {
        let block = self.framer.finish();
        let flowing = self.let_flow(block);
        let rest = self.complete_with(|judged, view, out| judged.finish(view, out));
        if rest.is_empty() { flowing } else { [flowing, rest].concat().into() }
    }

    fn let_flow(&mut self, block: Block) -> Bytes {
        let block = match &self.vertex {
            None => block,
            Some(vertex) => block.map(|event| vertex.event(self.framing, event)),
        };
        let bytes = if self.judged.is_some() { self.judge(&block) } else { self.read(block) };
        self.started |= !bytes.is_empty();
        bytes
    }

    fn read(&mut self, block: Block) -> Bytes {
        for event in block.events() {
            let class = self.classify(event);
            self.note(event, class.as_ref());
            self.ended.extend(class.into_iter().flat_map(|class| class.calls_ended));
        }
        block.bytes
    }

    /// The calls that have ended since this was asked last, if nobody waits for their verdict.
    pub(crate) fn take_ended(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.ended)
    }

    /// Lets go what is judged. What is too long to be read cannot be.
    fn judge(&mut self, block: &Block) -> Bytes {
        let mut out = BytesMut::new();
        self.not_judgeable |= self.framer.is_torn();
        for event in block.events() {
            if self.not_judgeable {
                break;
            }
            let class = self.classify(event);
            self.note(event, class.as_ref());
            let raw = block.bytes.slice_ref(event);
            if let Some(judged) = &mut self.judged {
                let taken = judged.take(raw, class, self.reader.view(), &mut out);
                self.not_judgeable |= taken == Err(NotJudgeable);
            }
        }
        out.freeze()
    }

    /// Whether the answer has something that cannot be judged, so that it has to be broken off.
    pub(crate) fn is_not_judgeable(&self) -> bool {
        self.not_judgeable
    }

    /// What judged the calls.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.judged.as_ref().map(|judged| judged.guard())
    }

    pub(crate) fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether something waits for a verdict, or for another answer.
    pub(crate) fn is_holding(&self) -> bool {
        self.judged.as_ref().is_some_and(|judged| judged.is_holding())
    }

    /// What keeps the client's connection alive while nothing else flows.
    pub(crate) fn keep_alive(&self) -> &'static [u8] {
        match self.framing {
            Framing::Array => b"\n",
            Framing::Sse => b": keep-alive\n\n",
            Framing::Whole => b"",
        }
    }

    /// Once the answer has ended: what the provider said and what to tell it, if it is to be asked again.
    pub(crate) fn asks_again(&self) -> Option<(Answer<'_>, &[String])> {
        self.judged.as_ref().filter(|judged| judged.wants_to_ask()).and_then(|judged| judged.said())
    }

    /// Goes on with the answer that the provider gave when asked again.
    pub(crate) fn go_on(&mut self) {
        self.framer = framer(self.framing, self.limit);
        self.reader = self.dialect.stream_reader();
        (self.calls, self.closed, self.failed) = (0, false, false);
        if let Some(judged) = &mut self.judged {
            judged.go_on();
        }
    }

    /// The provider cannot be asked again: the client is told of what was refused, and gets the end of the answer.
    pub(crate) fn give_up(&mut self) -> Bytes {
        self.complete_with(|judged, view, out| judged.give_up(view, out))
    }

    fn complete_with(
        &mut self,
        work: impl FnOnce(&mut Judged, &ResponseView, &mut BytesMut) -> Result<(), NotJudgeable>,
    ) -> Bytes {
        let mut out = BytesMut::new();
        if let Some(judged) = &mut self.judged {
            let done = work(judged, self.reader.view(), &mut out);
            self.not_judgeable |= done == Err(NotJudgeable);
        }
        self.started |= !out.is_empty();
        out.freeze()
    }

    /// The stream broke: what was still held is dropped, and the dialect's own error takes its place. `None` if
    /// half an event went out already, so that nothing can be said any more.
    pub(crate) fn break_off(&mut self, error: &ErrorReply<'_>) -> Option<Bytes> {
        let torn = self.framer.is_torn() && self.judged.is_none();
        self.framer.finish();
        let sent = Sent { any: self.started, sequence: self.sequence() };
        (!torn).then(|| self.dialect.stream_error(self.framing, sent, error).into())
    }

    /// The number of the last event that went out, where the API numbers them.
    fn sequence(&self) -> Option<u64> {
        self.judged.as_ref().map_or_else(|| self.reader.sequence(), |judged| judged.sequence())
    }

    /// What completes a stream that breaks now, mostly nothing; `None` if it breaks within the answer, as far as its
    /// dialect can tell. An error of the provider's own ends its answer too.
    pub(crate) fn completion(&self) -> Option<&'static [u8]> {
        let ended = self.reader.is_finished() || self.failed || self.closed;
        if !ended || self.framer.is_torn() {
            return None;
        }
        let open = self.framing == Framing::Array && !self.closed;
        Some(if open { b"]" } else { b"" })
    }

    /// Whether the stream ends within an event.
    pub(crate) fn is_mid_event(&self) -> bool {
        self.framer.is_mid_event()
    }

    /// Bytes that are kept: of events that are not complete, and of calls.
    pub(crate) fn kept(&self) -> usize {
        let judged = self.judged.as_ref().map_or(0, |judged| judged.kept());
        self.framer.held().saturating_add(self.calls).saturating_add(judged)
    }

    /// What the answer said so far.
    pub(crate) fn view(&self) -> &ResponseView {
        self.reader.view()
    }

    /// What an event is; none for what carries nothing and is nobody's to parse: comments, blank lines, an array's end.
    fn classify(&mut self, raw: &[u8]) -> Option<EventClass> {
        if self.framing == Framing::Array {
            let element = array::element(raw);
            self.closed = self.closed || element.is_empty() || !array::is_within(raw);
            return (!element.is_empty()).then(|| self.reader.event(None, element));
        }
        let event = sse::event(raw);
        event.data.map(|data| self.reader.event(event.name, &data))
    }

    fn note(&mut self, raw: &[u8], class: Option<&EventClass>) {
        let Some(class) = class else { return };
        self.failed |= class.error;
        if !class.call_parts.is_empty() {
            self.calls = self.calls.saturating_add(raw.len());
        }
        if class.unreadable {
            tracing::debug!(bytes = raw.len(), "event not readable");
        }
    }
}

fn framer(framing: Framing, limit: usize) -> Framer {
    if framing == Framing::Array { Framer::array(limit) } else { Framer::sse(limit) }
}

#[cfg(test)]
mod tests;
