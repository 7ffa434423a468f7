//! The inner loops: finding the end of a value without looking at what it means.

use super::{Fault, JsonError};

/// The text that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) bytes: &'a [u8],
    /// No control character anywhere, not even as white space, as in every body that an SDK writes. Strings then
    /// end where the next quote or backslash is, which vector instructions find.
    pub(super) compact: bool,
}

impl<'a> Source<'a> {
    /// Looks the bytes over once; `None` if they are not UTF-8.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        simdutf8::basic::from_utf8(bytes).ok()?;
        Some(Self { bytes, compact: !has_controls(bytes) })
    }
}

/// Without short-circuit within a block the compiler makes a few vector instructions of each.
fn has_controls(bytes: &[u8]) -> bool {
    let any = |block: &[u8]| block.iter().fold(0_u8, |any, &byte| any | u8::from(byte < 0x20)) != 0;
    let (blocks, rest) = bytes.as_chunks::<64>();
    blocks.iter().any(|block| any(block)) || any(rest)
}

/// Offset of the first byte from `pos` on that is no JSON blank.
pub(super) fn blanks(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(pos) {
        pos += 1;
    }
    pos
}

/// Offset behind the value that starts at `pos`. Iterative, so that depth costs no stack; `room` is how much
/// deeper it may nest.
pub(super) fn value(source: Source<'_>, mut pos: usize, room: usize) -> Result<usize, JsonError> {
    let bytes = source.bytes;
    let mut open = Nesting::default();
    loop {
        pos = blanks(bytes, pos);
        match bytes.get(pos) {
            Some(b'"') => pos = string(source, pos + 1)?.0 + 1,
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
                        pos = key(source, pos)?;
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
        match close(source, pos, &mut open)? {
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
fn close(source: Source<'_>, mut pos: usize, open: &mut Nesting) -> Result<Next, JsonError> {
    let bytes = source.bytes;
    loop {
        if open.depth == 0 {
            return Ok(Next::Done(pos));
        }
        pos = blanks(bytes, pos);
        let object = open.in_object();
        match bytes.get(pos) {
            Some(b',') => {
                pos = blanks(bytes, pos + 1);
                return Ok(Next::Value(if object { key(source, pos)? } else { pos }));
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
fn key(source: Source<'_>, pos: usize) -> Result<usize, JsonError> {
    let bytes = source.bytes;
    if bytes.get(pos) != Some(&b'"') {
        let fault = if pos < bytes.len() { Fault::Syntax } else { Fault::End };
        return Err(JsonError { fault, offset: pos });
    }
    let pos = blanks(bytes, string(source, pos + 1)?.0 + 1);
    match bytes.get(pos) {
        Some(b':') => Ok(pos + 1),
        Some(_) => Err(JsonError { fault: Fault::Syntax, offset: pos }),
        None => Err(JsonError { fault: Fault::End, offset: pos }),
    }
}

/// From behind the opening quote to the closing one: its offset, and whether there are escapes.
pub(super) fn string(source: Source<'_>, mut pos: usize) -> Result<(usize, bool), JsonError> {
    let bytes = source.bytes;
    let mut escaped = false;
    loop {
        pos = if source.compact { plain_compact(bytes, pos) } else { plain(bytes, pos) };
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

/// Offset of the first quote or backslash from `pos` on. Blocks without one are passed by vector instructions,
/// which the compiler makes of a fold without short-circuit; within a block it is found word by word.
fn plain_compact(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<32>()) {
        let any = block.iter().fold(0_u8, |any, &b| any | u8::from(b == b'"') | u8::from(b == b'\\'));
        if any == 0 {
            pos += 32;
            continue;
        }
        let (words, _) = block.as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            let hits = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
            if hits != 0 {
                return pos + (hits.trailing_zeros() / 8) as usize;
            }
            pos += 8;
        }
    }
    let rest = bytes.get(pos..).unwrap_or_default();
    pos + memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len())
}

/// Offset of the first byte from `pos` on that ends a run of plain characters: a quote, a backslash or a
/// control character.
fn plain(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*block);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hits = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES) | control;
        if hits != 0 {
            return pos + (hits.trailing_zeros() / 8) as usize;
        }
        pos += 8;
    }
    while bytes.get(pos).is_some_and(|&byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
        pos += 1;
    }
    pos
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;

/// High bit set in the lowest byte of `word` that is zero; higher bytes may be marked falsely.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
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
