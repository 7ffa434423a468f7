//! What the two streaming formats have in common: bytes come in any pieces, whole events go out.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use crate::array::ArrayScanner;
use crate::sse::{MARK, SseScanner};

/// Bytes that end where an event ends, with the places where events end in them.
#[derive(Debug, Default)]
pub struct Block {
    /// The bytes, exactly as they came.
    pub bytes: Bytes,
    ends: Vec<End>,
    /// Length of what stands before the first event and is no part of it.
    lead: usize,
}

#[derive(Debug)]
struct End {
    offset: usize,
    /// Whether the event's first byte is in this block too.
    whole: bool,
}

impl Block {
    /// The events in this block, each with its framing. An event that was too long to be held is left out.
    pub fn events(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = self.lead;
        self.ends.iter().filter_map(move |end| {
            let event = self.bytes.get(start..end.offset);
            start = end.offset;
            event.filter(|_| end.whole)
        })
    }
}

impl Block {
    /// The same block with other events in place of those that `change` changes.
    pub fn map(self, change: impl Fn(&[u8]) -> Cow<'_, [u8]>) -> Self {
        let mut start = self.lead;
        let changed: Vec<_> = self
            .ends
            .iter()
            .map(|end| {
                let event = self.bytes.get(start..end.offset).unwrap_or_default();
                start = end.offset;
                if end.whole { change(event) } else { Cow::Borrowed(event) }
            })
            .collect();
        if changed.iter().all(|event| matches!(event, Cow::Borrowed(_))) {
            return self;
        }
        let mut bytes = BytesMut::from(self.bytes.get(..self.lead).unwrap_or_default());
        let mut ends = Vec::with_capacity(self.ends.len());
        for (event, end) in changed.iter().zip(&self.ends) {
            bytes.extend_from_slice(event);
            ends.push(End { offset: bytes.len(), whole: end.whole });
        }
        bytes.extend_from_slice(self.bytes.get(start..).unwrap_or_default());
        Self { bytes: bytes.freeze(), ends, lead: self.lead }
    }
}

/// Cuts a stream of one format into events.
#[derive(Debug)]
pub struct Framer {
    /// Something has gone out.
    begun: bool,
    held: BytesMut,
    limit: usize,
    scanner: Scanner,
    /// The current event was longer than `limit`; its beginning has gone out already.
    torn: bool,
}

#[derive(Debug)]
enum Scanner {
    Array(ArrayScanner),
    Sse(SseScanner),
}

impl Scanner {
    fn scan(&mut self, bytes: &[u8], found: impl FnMut(usize)) {
        match self {
            Scanner::Array(scanner) => scanner.scan(bytes, found),
            Scanner::Sse(scanner) => scanner.scan(bytes, found),
        }
    }
}

impl Framer {
    /// For server-sent events (WHATWG HTML, section 9.2). An event longer than `limit` bytes goes out
    /// unread.
    pub fn sse(limit: usize) -> Self {
        Self::new(Scanner::Sse(SseScanner::default()), limit)
    }

    /// For one JSON array whose elements arrive one after another.
    pub fn array(limit: usize) -> Self {
        Self::new(Scanner::Array(ArrayScanner::default()), limit)
    }

    fn new(scanner: Scanner, limit: usize) -> Self {
        Self { begun: false, held: BytesMut::new(), limit, scanner, torn: false }
    }

    /// Takes in what arrived and hands out all events that are complete by now.
    pub fn push(&mut self, chunk: Bytes) -> Block {
        let before = self.held.len();
        let mut ends = Vec::new();
        let torn = &mut self.torn;
        self.scanner.scan(&chunk, |at| {
            let whole = !std::mem::replace(torn, false);
            ends.push(End { offset: before.saturating_add(at), whole });
        });
        let cut = ends.last().map_or(0, |end| end.offset);
        let bytes = if before == 0 { self.cut(chunk, cut) } else { self.extend(&chunk, cut) };
        let lead = self.lead(&bytes);
        if self.held.len() > self.limit || (self.torn && !self.held.is_empty()) {
            self.torn = true;
            let mut all = BytesMut::from(bytes);
            all.unsplit(self.held.split());
            return Block { bytes: all.freeze(), ends, lead };
        }
        Block { bytes, ends, lead }
    }

    /// What is left when the stream has ended: an event that was not closed, if any.
    pub fn finish(&mut self) -> Block {
        let bytes = self.held.split().freeze();
        let lead = self.lead(&bytes);
        let ends =
            if bytes.is_empty() { Vec::new() } else { vec![End { offset: bytes.len(), whole: !self.torn }] };
        Block { bytes, ends, lead }
    }

    /// Length of the byte-order mark if `bytes` are the first to go out.
    fn lead(&mut self, bytes: &[u8]) -> usize {
        if bytes.is_empty() || std::mem::replace(&mut self.begun, true) {
            return 0;
        }
        if bytes.starts_with(MARK) { MARK.len() } else { 0 }
    }

    /// Bytes that wait for the end of their event.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether an event has begun and not ended.
    pub fn is_mid_event(&self) -> bool {
        self.torn || self.held.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    /// Whether a part of the current event has gone out already.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    fn cut(&mut self, mut chunk: Bytes, at: usize) -> Bytes {
        let done = chunk.split_to(at.min(chunk.len()));
        self.held.extend_from_slice(&chunk);
        done
    }

    fn extend(&mut self, chunk: &[u8], at: usize) -> Bytes {
        self.held.extend_from_slice(chunk);
        self.held.split_to(at.min(self.held.len())).freeze()
    }
}
