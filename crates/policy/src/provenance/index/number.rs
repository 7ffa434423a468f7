//! Numbers as people write them: `1500`, `1,500`, `1500.00`, `1.234,56`, `-2.5e3`.

use super::edge;
use crate::value::Number;

/// Longest number that is read.
const MAX: usize = 64;

/// The number of a text that is one.
pub fn parse(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(text);
    let (number, end) = spelled(digits, text.starts_with(['-', '\u{2212}']))?;
    (end == digits.len()).then_some(number)
}

/// Where digits begin.
pub fn starts(text: &str, found: &mut dyn FnMut(usize)) {
    let mut was_digit = false;
    for (at, byte) in text.bytes().enumerate() {
        let is_digit = byte.is_ascii_digit();
        if is_digit && !was_digit {
            found(at);
        }
        was_digit = is_digit;
    }
}

/// The number whose digits begin at `at`.
pub fn read(text: &str, at: usize, found: &mut dyn FnMut(Number)) {
    let sign = edge::before(text, at).filter(|c| matches!(c, '-' | '+' | '\u{2212}'));
    let begin = at.saturating_sub(sign.map_or(0, char::len_utf8));
    let is_whole = match sign {
        None => edge::is_start(text, at),
        Some(_) => edge::before(text, begin).is_none_or(|c| edge::class(c) == edge::Class::Gap),
    };
    let Some(rest) = text.get(at..).filter(|_| is_whole) else { return };
    let Some((number, length)) = spelled(rest, sign.is_some_and(|sign| sign != '+')) else { return };
    if edge::is_end(text, at.saturating_add(length)) {
        found(number);
    }
}

/// The number at the beginning of `text`, with its length.
fn spelled(text: &str, is_negative: bool) -> Option<(Number, usize)> {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let digits = |from: usize| (from..MAX).find(|at| !is_digit(*at)).unwrap_or(MAX);
    let mut end = digits(0);
    while matches!(text.as_bytes().get(end), Some(b',' | b'.')) && is_digit(end.saturating_add(1)) {
        end = digits(end.saturating_add(1));
    }
    let mut canonical = decimal(text.get(..end)?)?;
    if matches!(text.as_bytes().get(end), Some(b'e' | b'E')) {
        let signed = end.saturating_add(1);
        let is_signed = matches!(text.as_bytes().get(signed), Some(b'+' | b'-'));
        let first = signed.saturating_add(usize::from(is_signed));
        if is_digit(first) {
            let last = digits(first);
            canonical.push_str(text.get(end..last)?);
            end = last;
        }
    }
    if end >= MAX {
        return None;
    }
    let sign = if is_negative { "-" } else { "" };
    Number::parse(&format!("{sign}{canonical}")).map(|number| (number, end))
}

/// Digits with commas and points, in JSON's grammar. `None` if they could mean several numbers, or are a code.
fn decimal(text: &str) -> Option<String> {
    let is_code = text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if text.is_empty() || is_code {
        return None;
    }
    match (text.split_once(','), text.split_once('.')) {
        (None, None) => Some(text.to_owned()),
        (None, Some((_, fraction))) => (!fraction.contains('.')).then(|| text.to_owned()),
        (Some((whole, fraction)), None) => match grouped(text, ',') {
            Some(all) => Some(all),
            None => (fraction.len() <= 2 && !fraction.contains(',')).then(|| format!("{whole}.{fraction}")),
        },
        (Some((whole, fraction)), Some(_)) if whole.contains('.') => {
            let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
            grouped(whole, '.').filter(|_| is_fraction).map(|whole| format!("{whole}.{fraction}"))
        }
        (Some(_), Some((whole, fraction))) => {
            let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
            grouped(whole, ',').filter(|_| is_fraction).map(|whole| format!("{whole}.{fraction}"))
        }
    }
}

/// Groups of three digits as one.
fn grouped(text: &str, separator: char) -> Option<String> {
    let mut groups = text.split(separator);
    let first = groups.next()?;
    let is_grouped = matches!(first.len(), 1..=3) && first != "0";
    (is_grouped && groups.all(|group| group.len() == 3)).then(|| text.replace(separator, ""))
}
