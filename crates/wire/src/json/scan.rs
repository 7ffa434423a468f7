//! The inner loops: finding the end of a value without looking at what it means.

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
pub(super) fn string(bytes: &[u8], mut pos: usize) -> Result<(usize, bool), JsonError> {
    let mut escaped = false;
    loop {
        pos = plain(bytes, pos);
        match bytes.get(pos) {
            Some(b'"') => return Ok((pos, escaped)),
            Some(b'\\') => {
                escaped = true;
                pos = escape(bytes, pos)?;
            }
            Some(_) => return Err(JsonError { fault: Fault::Syntax, offset: pos }),
            None => return Err(JsonError { fault: Fault::End, offset: pos }),
        }
    }
}

/// Offset of the first byte from `pos` on that ends a run of plain characters: a quote, a backslash or a
/// control character. Most of a conversation is such runs, so they are taken 32 bytes at a time.
fn plain(bytes: &[u8], mut pos: usize) -> usize {
    let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<32>()) {
        // Without short-circuit the compiler turns this into a few vector instructions.
        if block.iter().fold(false, |any, &byte| any | special(byte)) {
            break;
        }
        pos += 32;
    }
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<8>()) {
        let hits = special_bytes(u64::from_le_bytes(*block));
        if hits != 0 {
            return pos + (hits.trailing_zeros() / 8) as usize;
        }
        pos += 8;
    }
    while bytes.get(pos).is_some_and(|&byte| !special(byte)) {
        pos += 1;
    }
    pos
}

/// High bit set in the lowest byte of `word` that is a quote, a backslash or a control character (higher
/// bytes may be marked falsely, the lowest mark is exact).
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let quote = zero(word ^ (ONES * 0x22));
    let backslash = zero(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    quote | backslash | control
}

/// Offset behind the escape whose backslash is at `pos`.
fn escape(bytes: &[u8], pos: usize) -> Result<usize, JsonError> {
    match bytes.get(pos + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(pos + 2),
        Some(b'u') => {
            let digits = bytes.get(pos + 2..).and_then(|rest| rest.first_chunk::<4>());
            match digits {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(pos + 6),
                Some(_) => Err(JsonError { fault: Fault::Syntax, offset: pos }),
                None => Err(JsonError { fault: Fault::End, offset: pos }),
            }
        }
        Some(_) => Err(JsonError { fault: Fault::Syntax, offset: pos }),
        None => Err(JsonError { fault: Fault::End, offset: pos }),
    }
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
