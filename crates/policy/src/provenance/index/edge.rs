//! Where tokens begin and end.

use unicode_normalization::char::is_combining_mark;

use super::fold::is_hidden;

/// Most characters between two words that are looked at; a token with more does not end.
const MAX_JOINTS: usize = 64;

/// What a character does to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It parts them: blanks, brackets, quotes.
    Gap,
    /// Between words it makes one token of both: `a.b`, `a/b`, `a-b`.
    Joint,
    /// It is part of a word, or changes one.
    Word,
}

/// The class of a character.
pub fn class(c: char) -> Class {
    match c {
        _ if c.is_ascii_alphanumeric() => Class::Word,
        '_' => Class::Word,
        '!' | '#' | '$' | '%' | '&' | '\'' | '+' | ',' | '-' | '.' | '/' | ':' | '=' | '?' | '@' | '\\'
        | '~' => Class::Joint,
        _ if c.is_ascii() => Class::Gap,
        '\u{2010}' | '\u{2019}' => Class::Joint,
        '\u{fe00}'..='\u{fe0f}' => Class::Word,
        _ if c.is_alphanumeric() || is_combining_mark(c) || is_hidden(c) => Class::Word,
        _ => Class::Gap,
    }
}

/// The character before the byte at `at`.
pub fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

/// The character at the byte `at`.
pub fn after(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Whether a token can begin at `at`.
pub fn is_start(text: &str, at: usize) -> bool {
    let (Some(first), Some(rest)) = (after(text, at), text.get(..at)) else { return false };
    let mut back = rest.chars().rev();
    let Some(last) = back.next() else { return true };
    match (class(last), class(first)) {
        (_, Class::Gap) | (Class::Gap, _) => return true,
        (Class::Word, _) | (Class::Joint, Class::Joint) => return false,
        (Class::Joint, Class::Word) => {}
    }
    match (last, back.next()) {
        (',', other) => !(first.is_ascii_digit() && other.is_some_and(|c| c.is_ascii_digit())),
        (_, Some(other)) if class(other) != Class::Gap => false,
        ('!' | '\'' | ':' | '?' | '\u{2019}', _) => true,
        ('$', _) => first.is_ascii_digit(),
        // `#general` is also `general`, but `@corp/pkg` is not `corp/pkg`.
        ('#' | '@', _) => {
            let word = text.get(at..).unwrap_or_default();
            let length = word.find(|c| class(c) != Class::Word).unwrap_or(word.len());
            is_end(text, at.saturating_add(length))
        }
        _ => false,
    }
}

/// Whether a token can end before the byte at `at`.
pub fn is_end(text: &str, at: usize) -> bool {
    let Some(rest) = text.get(at..) else { return false };
    let Some(mut last) = before(text, at) else { return true };
    if class(last) == Class::Gap {
        return true;
    }
    let mut ahead = rest.chars();
    for _ in 0..MAX_JOINTS {
        let Some(c) = ahead.next() else { return true };
        match class(c) {
            Class::Gap => return true,
            Class::Word => return false,
            Class::Joint => {}
        }
        let mut more = ahead.clone();
        let next = more.next();
        let parts = match c {
            ',' => !(last.is_ascii_digit() && next.is_some_and(|c| c.is_ascii_digit())),
            // The genitive: `ann's`.
            '\'' | '\u{2019}' => {
                matches!(next, Some('s' | 'S')) && more.next().is_none_or(|c| class(c) != Class::Word)
            }
            _ => false,
        };
        if parts {
            return true;
        }
        last = c;
    }
    false
}
