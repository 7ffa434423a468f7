//! Characters of a JSON string.

use std::borrow::Cow;

use model::{Form, Text};

/// The characters that `text` stands for in `bytes`. A lone surrogate becomes U+FFFD, as JSON leaves its
/// meaning open (RFC 8259, section 8.2).
pub fn decode(bytes: &[u8], text: Text) -> Cow<'_, str> {
    let raw = text.span.of(bytes);
    match text.form {
        Form::Json | Form::Plain => match simdutf8::basic::from_utf8(raw) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(raw),
        },
        Form::Escaped => Cow::Owned(unescape(raw)),
    }
}

fn unescape(raw: &[u8]) -> String {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (character, length) = escaped_character(escape);
        let mut buffer = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    }
}

/// The character of the escape that `bytes` start with, and the escape's length.
fn escaped_character(bytes: &[u8]) -> (char, usize) {
    match bytes.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => unicode(bytes),
        Some(&other) => (char::from(other), 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn unicode(bytes: &[u8]) -> (char, usize) {
    let Some(first) = hex(bytes, 2) else { return (char::REPLACEMENT_CHARACTER, bytes.len().min(6)) };
    if let Some(character) = char::from_u32(first) {
        return (character, 6);
    }
    let low = match bytes.get(6..8) {
        Some(b"\\u") => hex(bytes, 8),
        _ => None,
    };
    match low {
        Some(low @ 0xdc00..=0xdfff) if first < 0xdc00 => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}
