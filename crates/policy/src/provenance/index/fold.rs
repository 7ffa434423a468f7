//! One spelling for texts that differ only in case, white space and compatibility characters.

use crate::matcher::text::nfkc;

/// `text` in NFKC, with one blank for each run of white space and none at the ends.
pub fn plain(text: &str) -> String {
    let text = nfkc(text);
    if !text.is_ascii() {
        let mut out = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        return out;
    }
    let text = text.trim();
    let blank = |byte: u8| if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte };
    let mut out: Vec<u8> = text.bytes().map(blank).collect();
    out.dedup_by(|one, other| *one == b' ' && *other == b' ');
    String::from_utf8(out).unwrap_or_default()
}

/// `plain` without case.
pub fn lower(plain: &str) -> String {
    if plain.is_ascii() {
        return plain.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            // Its capital is that of another letter.
            'ı' => out.push(c),
            _ => out.extend(c.to_uppercase().flat_map(char::to_lowercase)),
        }
    }
    nfkc(&out).into_owned()
}

/// Whether a character shows nothing, or changes how others show: controls, zero-width, bidirectional, tags.
pub fn is_hidden(c: char) -> bool {
    match c {
        '\t'..='\r' => false,
        _ if c.is_ascii() => c.is_ascii_control(),
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => c.is_control() && c != '\u{85}',
    }
}
