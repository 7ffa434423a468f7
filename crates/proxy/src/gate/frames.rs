//! Putting events into the framing of their stream.

use bytes::{BufMut, BytesMut};
use dialect::{Framing, Piece};
use wire::array;

/// The framing of one stream. As long as nothing is changed, bytes go out as they came.
#[derive(Debug)]
pub(super) struct Frames {
    /// Something was left out or put in, so that an array needs other separators.
    changed: bool,
    framing: Framing,
    /// What went out ends in a carriage return, whose line feed may still come.
    returned: bool,
    /// An element has gone out.
    started: bool,
}

impl Frames {
    pub(super) fn new(framing: Framing) -> Self {
        Self { changed: false, framing, returned: false, started: false }
    }

    pub(super) fn is_array(&self) -> bool {
        self.framing == Framing::Array
    }

    /// Whether this ends the array.
    pub(super) fn closes(&self, raw: &[u8]) -> bool {
        self.is_array() && array::element(raw).is_empty()
    }

    /// Puts out the line feed that belongs to the carriage return before, if that went out.
    pub(super) fn line_feed(&mut self, out: &mut BytesMut) -> bool {
        if self.returned {
            out.put_u8(b'\n');
        }
        std::mem::take(&mut self.returned)
    }

    /// From here on the separators are ours.
    pub(super) fn change(&mut self) {
        self.changed = true;
    }

    /// Puts out an event that nothing changed.
    pub(super) fn as_it_came(&mut self, raw: &[u8], out: &mut BytesMut) {
        if !self.is_array() || !self.changed {
            self.started |= self.is_array() && !self.closes(raw);
            self.returned = raw.ends_with(b"\r");
            out.extend_from_slice(raw);
        } else if self.closes(raw) {
            out.extend_from_slice(if self.started { b"]" } else { b"[]" });
        } else {
            self.element(array::element(raw), out);
        }
    }

    /// Puts out what became of an event.
    pub(super) fn pieces(&mut self, raw: &[u8], pieces: Vec<Piece>, out: &mut BytesMut) {
        self.changed |= pieces != [Piece::AsItCame];
        for piece in pieces {
            match piece {
                Piece::AsItCame => self.as_it_came(raw, out),
                Piece::Changed(data) => {
                    let event = wire::sse::event(raw);
                    self.put(event.name, &data, raw.contains(&b'\r'), out);
                }
                Piece::New { data, name } => {
                    self.put(name.map(str::as_bytes), &data, raw.contains(&b'\r'), out);
                }
            }
        }
    }

    /// Puts out events of ours.
    pub(super) fn new_pieces(&mut self, pieces: Vec<Piece>, out: &mut BytesMut) {
        self.changed |= !pieces.is_empty();
        for piece in pieces {
            if let Piece::New { data, name } = piece {
                self.put(name.map(str::as_bytes), &data, false, out);
            }
        }
    }

    fn put(&mut self, name: Option<&[u8]>, data: &[u8], carriage_return: bool, out: &mut BytesMut) {
        if self.is_array() {
            self.element(data, out);
            return;
        }
        self.returned = false;
        let end: &[u8] = if carriage_return { b"\r\n" } else { b"\n" };
        if let Some(name) = name {
            out.put_slice(b"event: ");
            out.put_slice(name);
            out.put_slice(end);
        }
        for line in data.split(|byte| *byte == b'\n') {
            out.put_slice(b"data: ");
            out.put_slice(line);
            out.put_slice(end);
        }
        out.put_slice(end);
    }

    fn element(&mut self, data: &[u8], out: &mut BytesMut) {
        out.put_slice(if std::mem::replace(&mut self.started, true) { b",\r\n" } else { b"[" });
        out.put_slice(data);
    }
}
