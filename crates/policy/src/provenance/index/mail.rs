//! Mail addresses in a text.

use memchr::memchr_iter;

use super::edge;
use crate::matcher::domain::{Address, address};

/// Longest address that is read, and longest token that is looked through before one.
const MAX: usize = 320;

/// An address: the part before the `@`, and the domain.
pub type Mail = (String, String);

/// The address of a text that is one, and the name before it: `ann <ann@corp.example>`.
pub fn parse(text: &str) -> Option<(&str, Mail)> {
    let Address { local, domain } = text.contains('@').then(|| address(text))??;
    let name = text.split_once('<').map_or("", |(name, _)| name);
    Some((name.trim_matches([' ', '"', '\'']), (local, domain)))
}

/// Whether a text that is no address could be taken for one.
pub fn is_broken(text: &str) -> bool {
    let inner = text.trim_start_matches('@');
    inner.contains('@') && !inner.contains([' ', '/'])
}

/// Where an `@` stands.
pub fn starts(text: &str, found: &mut dyn FnMut(usize)) {
    memchr_iter(b'@', text.as_bytes()).for_each(found);
}

/// The address around the `@` at `at`.
pub fn read(text: &str, at: usize, found: &mut dyn FnMut(Mail)) {
    let (Some(left), Some(right)) = (text.get(..at), text.get(at.saturating_add(1)..)) else { return };
    let is_atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    let Some(before) = length(left.chars().rev().take_while(|c| is_atom(*c))) else { return };
    let Some(behind) = length(right.chars().take_while(|c| is_name(*c))) else { return };
    let from = at.saturating_sub(before);
    let domain = right.get(..behind).unwrap_or_default().trim_end_matches(['.', '-']);
    let end = at.saturating_add(1).saturating_add(domain.len());
    let Some(whole) = text.get(from..end) else { return };
    if !can_begin(text, from) || !edge::is_end(text, end) {
        return;
    }
    if let Some(Address { local, domain }) = address(whole.trim_start_matches(['\'', '`', '*', '{', '|'])) {
        found((local, domain));
    }
}

/// The bytes that these take; `None` if they are more than an address has.
fn length(chars: impl Iterator<Item = char>) -> Option<usize> {
    let length = chars.take(MAX).map(char::len_utf8).fold(0, usize::saturating_add);
    (length < MAX).then_some(length)
}

/// Whether an address can begin at `at`: not within another word, and not as the user of a URL.
fn can_begin(text: &str, at: usize) -> bool {
    match edge::before(text, at) {
        None => true,
        Some(':') => {
            let token = text.get(..at).unwrap_or_default().bytes().rev().take_while(|byte| *byte != b' ');
            !token.take(MAX).any(|byte| byte == b'/')
        }
        Some('@' | '\\') => false,
        Some(c) => edge::class(c) != edge::Class::Word,
    }
}
