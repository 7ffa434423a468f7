//! The inner loops: finding the end of a value without looking at what it means.

use wide::u8x32;

use super::{Fault, JsonError};

/// Offset of the first byte from `pos` on that is no JSON blank.
pub(super) fn blanks(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(pos) {
        pos += 1;
    }
    pos
}

/// Offset behind the value that starts at `pos`. Iterative, so that depth costs no stack; `room` is how much
/// deeper it may nest.
pub(super) fn value(bytes: &[u8], mut pos: usize, room: usize) -> Result<usize, JsonError> {
    let mut open = Nesting::default();
    loop {
        pos = blanks(bytes, pos);
        match bytes.get(pos) {
            Some(b'"') => pos = string(bytes, pos + 1)?.0 + 1,
            Some(&bracket @ (b'{' | b'[')) => {
                if open.depth >= room || !open.push(bracket == b'{') {
                    return Err(JsonError { fault: Fault::TooDeep, offset: pos });
                }
                pos = blanks(bytes, pos + 1);
                let close = if bracket == b'{' { b'}' } else { b']' };
                if bytes.get(pos) == Some(&close) {
                    pos += 1;
                    open.pop();
                } else {
                    if bracket == b'{' {
                        pos = key(bytes, pos)?;
                    }
                    continue;
                }
            }
            Some(b't') => pos = literal(bytes, pos, b"true")?,
            Some(b'f') => pos = literal(bytes, pos, b"false")?,
            Some(b'n') => pos = literal(bytes, pos, b"null")?,
            Some(b'-' | b'0'..=b'9') => pos = number(bytes, pos)?,
            Some(_) => return Err(JsonError { fault: Fault::Syntax, offset: pos }),
            None => return Err(JsonError { fault: Fault::End, offset: pos }),
        }
        match close(bytes, pos, &mut open)? {
            Next::Done(end) => return Ok(end),
            Next::Value(at) => pos = at,
        }
    }
}

enum Next {
    /// The outermost value ended here.
    Done(usize),
    /// Another value starts here.
    Value(usize),
}

/// Behind a value: closes what ends here and moves past the comma to what comes next.
fn close(bytes: &[u8], mut pos: usize, open: &mut Nesting) -> Result<Next, JsonError> {
    loop {
        if open.depth == 0 {
            return Ok(Next::Done(pos));
        }
        pos = blanks(bytes, pos);
        let object = open.in_object();
        match bytes.get(pos) {
            Some(b',') => {
                pos = blanks(bytes, pos + 1);
                return Ok(Next::Value(if object { key(bytes, pos)? } else { pos }));
            }
            Some(b'}') if object => open.pop(),
            Some(b']') if !object => open.pop(),
            Some(_) => return Err(JsonError { fault: Fault::Syntax, offset: pos }),
            None => return Err(JsonError { fault: Fault::End, offset: pos }),
        }
        pos += 1;
    }
}

/// Offset behind the colon of the member that starts at `pos`.
fn key(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    if bytes.get(pos) != Some(&b'"') {
        let fault = if pos < bytes.len() { Fault::Syntax } else { Fault::End };
        return Err(JsonError { fault, offset: pos });
    }
    let pos = blanks(bytes, string(bytes, pos + 1)?.0 + 1);
    match bytes.get(pos) {
        Some(b':') => Ok(pos + 1),
        Some(_) => Err(JsonError { fault: Fault::Syntax, offset: pos }),
        None => Err(JsonError { fault: Fault::End, offset: pos }),
    }
}

/// From behind the opening quote to the closing one: its offset, and whether there are escapes.
///
/// A body is mostly text, and the text of an agent's tool results is full of escapes, so one look at a block finds
/// all the places in it where something could end.
pub(super) fn string(bytes: &[u8], mut pos: usize) -> Result<(usize, bool), JsonError> {
    let mut escaped = false;
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        let mut stops = special_bytes(block);
        let mut next = pos + BLOCK;
        while stops != 0 {
            let at = pos + stops.trailing_zeros() as usize;
            if bytes.get(at) == Some(&b'"') {
                return Ok((at, escaped));
            }
            let behind = escape(bytes, at)?;
            escaped = true;
            next = next.max(behind);
            // What the escape took is no stop: of a character after `u` it cannot be one.
            stops &= !(0b11_u64 << (at - pos));
        }
        pos = next;
    }
    loop {
        while bytes.get(pos).is_some_and(|&byte| !is_special(byte)) {
            pos += 1;
        }
        if bytes.get(pos) == Some(&b'"') {
            return Ok((pos, escaped));
        }
        (pos, escaped) = (escape(bytes, pos)?, true);
    }
}

/// Bytes that are looked at together.
const BLOCK: usize = 32;

fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// One bit for each special byte of the block, the first byte's lowest.
fn special_bytes(block: &[u8; BLOCK]) -> u64 {
    let block = u8x32::new(*block);
    let is = |byte: u8| block.simd_eq(u8x32::splat(byte));
    let control = block.simd_eq(block.min(u8x32::splat(0x1f)));
    (is(b'"') | is(b'\\') | control).to_bitmask().into()
}

/// Which bytes make an escape of two characters (RFC 8259, section 7). A table, because a branch on text that
/// is full of different escapes cannot be foreseen.
#[expect(clippy::indexing_slicing, reason = "it is evaluated when it is compiled")]
const SHORT_ESCAPES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"\"\\/bfnrt";
    while let [first, tail @ ..] = rest {
        table[*first as usize] = true;
        rest = tail;
    }
    table
};

/// Offset behind the escape that begins at `pos`, where something other than plain text or a quote stands.
#[inline]
fn escape(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    match bytes.get(pos..).and_then(|rest| rest.first_chunk::<2>()) {
        Some([b'\\', kind]) if SHORT_ESCAPES.get(usize::from(*kind)) == Some(&true) => Ok(pos + 2),
        _ => long_escape(bytes, pos),
    }
}

/// An escape by number (`\u00e9`), or none at all.
fn long_escape(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    let fault = match bytes.get(pos..).unwrap_or_default() {
        [b'\\', b'u', digits @ ..] => match digits.first_chunk::<4>() {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => return Ok(pos + 6),
            Some(_) => Fault::Syntax,
            None => Fault::End,
        },
        [] | [b'\\'] => Fault::End,
        _ => Fault::Syntax,
    };
    Err(JsonError { fault, offset: pos })
}

fn literal(bytes: &[u8], pos: usize, word: &[u8]) -> Result<usize, JsonError> {
    let rest = bytes.get(pos..).unwrap_or_default();
    if rest.starts_with(word) {
        return Ok(pos + word.len());
    }
    let fault = if word.starts_with(rest) { Fault::End } else { Fault::Syntax };
    Err(JsonError { fault, offset: pos })
}

fn number(bytes: &[u8], mut pos: usize) -> Result<usize, JsonError> {
    if bytes.get(pos) == Some(&b'-') {
        pos += 1;
    }
    match bytes.get(pos) {
        Some(b'0') => pos += 1,
        _ => pos = digits(bytes, pos)?,
    }
    if bytes.get(pos) == Some(&b'.') {
        pos = digits(bytes, pos + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(pos) {
        pos += 1;
        if let Some(b'+' | b'-') = bytes.get(pos) {
            pos += 1;
        }
        pos = digits(bytes, pos)?;
    }
    Ok(pos)
}

/// One digit or more.
fn digits(bytes: &[u8], mut pos: usize) -> Result<usize, JsonError> {
    let start = pos;
    while bytes.get(pos).is_some_and(u8::is_ascii_digit) {
        pos += 1;
    }
    if pos > start {
        return Ok(pos);
    }
    let fault = if pos < bytes.len() { Fault::Syntax } else { Fault::End };
    Err(JsonError { fault, offset: pos })
}

/// Which of the brackets that are open are objects, one bit each.
#[derive(Default)]
struct Nesting {
    bits: [u64; super::MAX_DEPTH / 64],
    depth: usize,
}

impl Nesting {
    fn push(&mut self, object: bool) -> bool {
        let Some(word) = self.bits.get_mut(self.depth / 64) else { return false };
        let bit = 1u64 << (self.depth % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        true
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn in_object(&self) -> bool {
        let top = self.depth.saturating_sub(1);
        self.bits.get(top / 64).is_some_and(|word| word & (1 << (top % 64)) != 0)
    }
}
