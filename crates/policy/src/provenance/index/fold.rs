//! One spelling for texts that differ only in case, white space and compatibility characters.

use crate::matcher::text::nfkc;

/// `text` in NFKC, with one blank for each run of white space and none at the ends.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return single_blanks(text.trim());
    }
    // No blank becomes one character with what stands beside it: words are normalized one by one.
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c| matches!(c, ' ' | '\t'..='\r')) {
        if word.is_empty() {
            continue;
        }
        if word.is_ascii() {
            push_word(&mut out, word);
        } else {
            nfkc(word).split_whitespace().for_each(|word| push_word(&mut out, word));
        }
    }
    out
}

/// `plain` without case.
pub fn lower(plain: &str) -> String {
    if plain.is_ascii() {
        return plain.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(plain.len());
    for word in plain.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        let start = out.len();
        out.push_str(word);
        match out.get_mut(start..) {
            Some(word) if word.is_ascii() => word.make_ascii_lowercase(),
            Some(_) | None => {
                out.truncate(start);
                out.push_str(&lower_word(word));
            }
        }
    }
    out
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
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

/// An ASCII text with one blank for each run of white space.
fn single_blanks(text: &str) -> String {
    let mut out = vec![0; text.len()];
    let (mut length, mut was_blank) = (0_usize, false);
    for byte in text.bytes() {
        let byte = if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte };
        if let Some(place) = out.get_mut(length) {
            *place = byte;
        }
        let is_blank = byte == b' ';
        length = length.saturating_add(usize::from(!(is_blank && was_blank)));
        was_blank = is_blank;
    }
    out.truncate(length);
    String::from_utf8(out).unwrap_or_default()
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
            text in "([a-zA-Z.\u{300}-\u{304}éİıſµ\u{1100}\u{1161}\u{a8}\u{a0}\u{2003}\u{85}\t\u{b}\u{c}\n ]|\\PC){0,60}",
        ) {
            let whole = nfkc(&text).split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(plain(&text), &*whole);
            prop_assert_eq!(lower(&whole), lower_word(&whole));
        }
    }
}
