//! Account and telephone numbers, whatever gaps they are written with.

use memchr::memmem::find_iter;

use super::edge;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An international bank account number (ISO 13616), with blanks between groups.
    Iban,
    /// A telephone number, with blanks, hyphens and brackets.
    Phone,
}

impl Kind {
    fn parts(self, c: char) -> bool {
        c == ' ' || (self == Self::Phone && matches!(c, '-' | '(' | ')'))
    }
}

/// The account number of a text, in lower case, that is one: its check digits are right.
pub fn iban(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    let mut bytes = compact.bytes();
    let is_code = bytes.by_ref().take(2).all(|byte| byte.is_ascii_lowercase())
        && bytes.by_ref().take(2).all(|byte| byte.is_ascii_digit());
    if !is_code || !(15..=34).contains(&compact.len()) || !compact.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return None;
    }
    let (country, rest) = compact.split_at_checked(4)?;
    let mut remainder = 0_u32;
    for c in rest.chars().chain(country.chars()) {
        let digit = c.to_digit(36)?;
        let shift = if digit < 10 { 10 } else { 100 };
        remainder = remainder.checked_mul(shift)?.checked_add(digit)? % 97;
    }
    (remainder == 1).then_some(compact)
}

/// The telephone number of a text that is one: international, or of ten or eleven digits.
pub fn phone(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || Kind::Phone.parts(c);
    let national = text.strip_prefix('+').unwrap_or(text);
    if text.is_empty() || !national.chars().all(is_part) {
        return None;
    }
    let compact: String = text.chars().filter(|c| !Kind::Phone.parts(*c)).collect();
    let is_long = match compact.strip_prefix('+') {
        Some(digits) => (7..=15).contains(&digits.len()),
        None => matches!(compact.len(), 10 | 11),
    };
    is_long.then_some(compact)
}

/// Whether `compact` stands in `text`, whole.
pub fn is_in(text: &str, compact: &str, kind: Kind) -> bool {
    let anchor = compact.get(..if kind == Kind::Iban { 4 } else { 2 }).unwrap_or(compact);
    find_iter(text.as_bytes(), anchor).any(|at| {
        let Some(end) = end_of(text, at, compact, kind) else { return false };
        let goes_on = |c: Option<char>| kind == Kind::Phone && c.is_some_and(|c| c.is_ascii_digit());
        let left = text.get(..at).unwrap_or_default().trim_end_matches(|c| kind.parts(c));
        let right = text.get(end..).unwrap_or_default().trim_start_matches(|c| kind.parts(c));
        edge::is_start(text, at)
            && edge::is_end(text, end)
            && !goes_on(left.chars().next_back())
            && !goes_on(right.chars().next())
    })
}

/// Where `compact` ends if it begins at `at`, with at most two parting characters in a place.
fn end_of(text: &str, at: usize, compact: &str, kind: Kind) -> Option<usize> {
    let mut wanted = compact.chars().peekable();
    let mut gap = 0_usize;
    let mut end = at;
    for c in text.get(at..)?.chars() {
        if wanted.next_if_eq(&c).is_some() {
            gap = 0;
        } else if kind.parts(c) && gap < 2 {
            gap = gap.saturating_add(1);
        } else {
            return None;
        }
        end = end.saturating_add(c.len_utf8());
        if wanted.peek().is_none() {
            return Some(end);
        }
    }
    None
}
