//! The gate of a streamed answer: cuts it into events, learns what each one carries, and hands out what may
//! flow.
//!
//! It holds an event until it is complete, so that a stream which breaks never ends in half an event. Without a
//! policy that could refuse a call, every complete event may flow at once, as the bytes that came.

use bytes::Bytes;
use dialect::{Dialect, ErrorReply, Framing, Sent, StreamReader};
use model::ResponseView;
use wire::frame::{Block, Framer};
use wire::{array, sse};

use crate::vertex::ToVertex;

/// State of one streamed answer.
pub(crate) struct Gate {
    /// The streamed array has its closing bracket.
    closed: bool,
    dialect: &'static dyn Dialect,
    framer: Framer,
    framing: Framing,
    /// The provider said within the stream that it failed.
    failed: bool,
    /// Bytes of the events that carried parts of calls, which the reader keeps.
    calls: usize,
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
        let framer = if framing == Framing::Array { Framer::array(limit) } else { Framer::sse(limit) };
        let reader = dialect.stream_reader();
        Self {
            calls: 0,
            closed: false,
            dialect,
            failed: false,
            framer,
            framing,
            reader,
            started: false,
            vertex: None,
        }
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
        self.let_flow(block)
    }

    fn let_flow(&mut self, block: Block) -> Bytes {
        let block = match &self.vertex {
            None => block,
            Some(vertex) => block.map(|event| vertex.event(self.framing, event)),
        };
        for event in block.events() {
            self.classify(event);
        }
        self.started |= !block.bytes.is_empty();
        block.bytes
    }

    /// The stream broke: what was still held is dropped, and the dialect's own error takes its place. `None` if
    /// half an event went out already, so that nothing can be said any more.
    pub(crate) fn break_off(&mut self, error: &ErrorReply<'_>) -> Option<Bytes> {
        let torn = self.framer.is_torn();
        self.framer.finish();
        let sent = Sent { any: self.started, sequence: self.reader.sequence() };
        (!torn).then(|| self.dialect.stream_error(self.framing, sent, error).into())
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
        self.framer.held().saturating_add(self.calls)
    }

    /// What the answer said so far.
    pub(crate) fn view(&self) -> &ResponseView {
        self.reader.view()
    }

    fn classify(&mut self, raw: &[u8]) {
        let class = if self.framing == Framing::Array {
            let element = array::element(raw);
            self.closed = self.closed || element.is_empty() || !array::is_within(raw);
            (!element.is_empty()).then(|| self.reader.event(None, element))
        } else {
            let event = sse::event(raw);
            // Comments and blank lines carry nothing and are nobody's to parse.
            event.data.map(|data| self.reader.event(event.name, &data))
        };
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

#[cfg(test)]
mod tests;
