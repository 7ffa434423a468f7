//! Server-sent events (WHATWG HTML, section 9.2): any line ends, comments, several `data` lines, a
//! byte-order mark, all of it cut anywhere.

use std::borrow::Cow;

/// The fields of one event that matter to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its `data` lines, joined by line feeds; `None` if it has none (a comment, a blank line).
    pub data: Option<Cow<'a, [u8]>>,
    /// Its `event` field.
    pub name: Option<&'a [u8]>,
}

/// Byte-order mark, which may stand at the start of a stream and nowhere else.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the fields of one event as [`Framer`](crate::frame::Framer) cuts it.
pub fn event(raw: &[u8]) -> Event<'_> {
    let mut event = Event::default();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail.get(1..).unwrap_or_default();
        field(line, &mut event);
    }
    event
}

fn field<'a>(line: &'a [u8], event: &mut Event<'a>) {
    let colon = memchr::memchr(b':', line).unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    let value = value.strip_prefix(b" ").unwrap_or(value);
    match name {
        b"data" => match &mut event.data {
            None => event.data = Some(Cow::Borrowed(value)),
            Some(data) => {
                let data = data.to_mut();
                data.push(b'\n');
                data.extend_from_slice(value);
            }
        },
        b"event" => event.name = Some(value),
        _ => {}
    }
}

/// Finds where events end. A comment outside an event counts as one, so that a keep-alive need not wait
/// for the blank line that some servers leave out.
#[derive(Debug, Default)]
pub(crate) struct SseScanner {
    /// The last byte was a carriage return that ended a line: a line feed now belongs to it.
    after_cr: bool,
    /// First byte of the current line, if it has any.
    first: Option<u8>,
    /// The current event has a line that is no comment.
    in_event: bool,
}

impl SseScanner {
    /// Calls `found` with the offset behind each event that ends in `bytes`.
    pub(crate) fn scan(&mut self, bytes: &[u8], mut found: impl FnMut(usize)) {
        let mut pos = 0;
        if self.after_cr && bytes.first() == Some(&b'\n') {
            pos = 1;
        }
        if !bytes.is_empty() {
            self.after_cr = false;
        }
        while let Some(rest) = bytes.get(pos..).filter(|rest| !rest.is_empty()) {
            if self.first.is_none() {
                self.first = rest.first().copied().filter(|byte| !matches!(byte, b'\n' | b'\r'));
            }
            let Some(at) = memchr::memchr2(b'\n', b'\r', rest) else { return };
            let ended_by_cr = rest.get(at) == Some(&b'\r');
            pos = pos.saturating_add(at).saturating_add(1);
            if ended_by_cr {
                match bytes.get(pos) {
                    Some(b'\n') => pos = pos.saturating_add(1),
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if self.line_ended() {
                found(pos);
            }
        }
    }

    /// Whether an event ends with the line that ended.
    fn line_ended(&mut self) -> bool {
        match self.first.take() {
            None => {
                self.in_event = false;
                true
            }
            Some(b':') => !self.in_event,
            Some(_) => {
                self.in_event = true;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
