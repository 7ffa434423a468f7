//! One spelling for texts that differ only in case, white space and compatibility characters.

use crate::matcher::text::nfkc;

/// `text` in NFKC, with one blank for each run of white space and none at the ends.
pub fn plain(text: &str) -> String {
    String::from_utf8(words::<false>(text)).unwrap_or_default()
}

/// The bytes of `plain` without case, at once.
pub fn folded(text: &str) -> Vec<u8> {
    words::<true>(text)
}

fn words<const LOWER: bool>(text: &str) -> Vec<u8> {
    // No blank becomes one character with what stands beside it: words are normalized one by one.
    let mut out = Words { bytes: Vec::with_capacity(text.len()), ends_blank: true };
    pieces(text, |piece, is_ascii| match is_ascii {
        true => out.ascii::<LOWER>(piece.as_bytes()),
        false if LOWER => nfkc(piece).split_whitespace().for_each(|word| out.word(&lower_word(word))),
        false => nfkc(piece).split_whitespace().for_each(|word| out.word(word)),
    });
    if out.ends_blank {
        out.bytes.pop();
    }
    out.bytes
}

/// `plain` without case.
pub fn lower(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    pieces(plain, |piece, is_ascii| {
        let start = out.len();
        match is_ascii {
            true => out.push_str(piece),
            false => out.push_str(&lower_word(piece)),
        }
        out.get_mut(start..).into_iter().for_each(str::make_ascii_lowercase);
    });
    out
}

/// The pieces of a text: words that are not all ASCII, and what stands between them.
fn pieces(text: &str, mut take: impl FnMut(&str, bool)) {
    let mut rest = text;
    while let Some(wide) = first_wide(rest.as_bytes()) {
        let (before, behind) = rest.split_at_checked(wide).unwrap_or_default();
        let start = before.bytes().rposition(is_blank).map_or(0, |at| at.saturating_add(1));
        let end = behind.bytes().position(is_blank).unwrap_or(behind.len()).saturating_add(wide);
        take(rest.get(..start).unwrap_or_default(), true);
        take(rest.get(start..end).unwrap_or_default(), false);
        rest = rest.get(end..).unwrap_or_default();
    }
    take(rest, true);
}

/// Where the first byte stands that is not ASCII.
fn first_wide(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<32>();
    let clean = blocks.iter().position(|block| block.iter().fold(0, |all, byte| all | byte) >= 0x80);
    let from = clean.unwrap_or(blocks.len()).saturating_mul(32);
    let found = bytes.get(from..)?.iter().position(|byte| *byte >= 0x80)?;
    Some(from.saturating_add(found))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Words with single blanks between them.
struct Words {
    bytes: Vec<u8>,
    /// It ends with a blank, or is empty.
    ends_blank: bool,
}

impl Words {
    fn ascii<const LOWER: bool>(&mut self, piece: &[u8]) {
        let (blocks, rest) = piece.as_chunks::<32>();
        for block in blocks {
            let mut out = block.map(blank);
            let blanks = out.map(|byte| u8::from(byte == b' '));
            let behind = blanks.get(1..).unwrap_or_default();
            let pairs = blanks.iter().zip(behind).fold(0, |all, (one, other)| all | (one & other));
            let [first, .., last] = blanks;
            if pairs != 0 || (first != 0 && self.ends_blank) {
                self.bytewise::<LOWER>(block);
                continue;
            }
            if LOWER {
                out.make_ascii_lowercase();
            }
            self.bytes.extend_from_slice(&out);
            self.ends_blank = last != 0;
        }
        self.bytewise::<LOWER>(rest);
    }

    fn bytewise<const LOWER: bool>(&mut self, piece: &[u8]) {
        for byte in piece {
            let byte = blank(*byte);
            let is_blank = byte == b' ';
            if !(is_blank && self.ends_blank) {
                self.bytes.push(if LOWER { byte.to_ascii_lowercase() } else { byte });
            }
            self.ends_blank = is_blank;
        }
    }

    fn word(&mut self, word: &str) {
        if !self.ends_blank {
            self.bytes.push(b' ');
        }
        self.bytes.extend_from_slice(word.as_bytes());
        self.ends_blank = false;
    }
}

/// White space as a blank.
fn blank(byte: u8) -> u8 {
    if is_blank(byte) { b' ' } else { byte }
}

fn lower_word(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_folded_as_whole_texts_are(
            text in "([a-zA-Z.\u{300}-\u{304}éİıſµ\u{1100}\u{1161}\u{a8}\u{a0}\u{2003}\u{85}\t\u{b}\u{c}\n ]|[a-zA-Z \n]{9}|\\PC){0,60}",
        ) {
            let whole = nfkc(&text).split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(plain(&text), &*whole);
            prop_assert_eq!(lower(&whole), lower_word(&whole));
            prop_assert_eq!(folded(&text), lower(&plain(&text)).into_bytes());
        }
    }
}
