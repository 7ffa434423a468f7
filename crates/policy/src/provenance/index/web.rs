//! URLs, compared whole: the host in its one spelling, path, query and fragment as they are written.

use memchr::memchr2_iter;
use url::Url;

use super::edge::{self, Class};
use super::fold::is_hidden;
use crate::matcher::domain::host_of;

/// Longest URL that is read.
const MAX: usize = 4_096;

/// A URL. Its hash and equality are those of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Web {
    /// Host and port; empty if only the scheme knows what stands there.
    authority: String,
    /// What follows the authority; empty for `/`.
    rest: String,
    /// In lower case; none if it was left out.
    scheme: Option<String>,
}

/// The URL of a text that is one and names its scheme.
pub fn parse(text: &str) -> Option<Web> {
    let (scheme, rest) = text.split_once("://")?;
    // IDNA drops some of the characters that show nothing.
    let strange = |c: char| c.is_whitespace() || is_hidden(c) || c == '\\';
    if rest.is_empty() || text.contains(strange) || !is_scheme(scheme) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "ftp" | "http" | "https" | "ws" | "wss") {
        return Some(Web { authority: String::new(), rest: rest.to_owned(), scheme: Some(scheme) });
    }
    let host = host_of(text)?;
    let authority = match Url::parse(text).ok()?.port() {
        None => host,
        Some(port) => format!("{host}:{port}"),
    };
    let path = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).filter(|path| *path != "/");
    Some(Web { authority, rest: path.unwrap_or_default().to_owned(), scheme: Some(scheme) })
}

/// The URL of a text that can be one without its scheme: a host with a dot, and what follows.
pub fn parse_bare(text: &str) -> Option<Web> {
    let host = text.split(['/', '?', '#']).next().unwrap_or(text);
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let (_, last) = name.rsplit_once('.')?;
    if last.chars().count() < 2 || !last.starts_with(char::is_alphabetic) || text.contains("://") {
        return None;
    }
    let web = parse(&format!("https://{text}"))?;
    Some(Web { scheme: None, ..web })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_of_scheme) && text.len() <= 32
}

fn is_www(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
}

fn is_of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

fn is_of_host(c: char) -> bool {
    matches!(c, '-' | '.') || edge::class(c) == Class::Word
}

/// Where a URL may begin. What lies within one is left out.
pub fn starts(text: &str, found: &mut dyn FnMut(usize)) {
    let mut covered = 0_usize;
    for at in memchr2_iter(b'.', b':', text.as_bytes()) {
        if at < covered {
            continue;
        }
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        let is_scheme = rest.starts_with("://");
        let is_dot = rest.starts_with('.') && edge::after(rest, 1).is_some_and(is_of_host);
        if !is_scheme && !is_dot {
            continue;
        }
        let is_part = if is_scheme { is_of_scheme } else { is_of_host };
        let back = before.chars().rev().take_while(|c| is_part(*c)).take(MAX);
        let start = at.saturating_sub(back.map(char::len_utf8).fold(0, usize::saturating_add));
        let token = text.get(start..).unwrap_or_default();
        let host = token.find(|c| !is_of_host(c)).unwrap_or(token.len());
        let goes_on = edge::after(token, host).is_some_and(|c| matches!(c, '#' | '/' | ':' | '?'));
        let is_web = is_scheme || goes_on || is_www(token);
        covered = start.saturating_add(if is_web { extent(token).0 } else { host }).max(at);
        if is_web && edge::is_start(text, start) {
            found(start);
        }
    }
}

/// The URL at `at`, with and without its scheme if that goes without saying.
pub fn read(text: &str, at: usize, found: &mut dyn FnMut(Web)) {
    let Some(rest) = text.get(at..) else { return };
    let (end, is_whole) = extent(rest);
    let Some(token) = rest.get(..end).filter(|_| is_whole && end < MAX) else { return };
    let token = token.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '\u{2019}']);
    if let Some(web) = parse(token) {
        if matches!(web.scheme.as_deref(), Some("http" | "https")) {
            found(Web { scheme: None, ..web.clone() });
        }
        found(web);
        return;
    }
    // A bare host could be the name of a file.
    let is_file = !token.contains('/') && !is_www(token);
    if let Some(web) = parse_bare(token).filter(|_| !is_file) {
        for scheme in ["http", "https"] {
            found(Web { scheme: Some(scheme.to_owned()), ..web.clone() });
        }
        found(web);
    }
}

/// How far the URL at the beginning of `text` goes, and whether what follows leaves it whole: an open brace, a bracket
/// or a backslash are part of something that is none.
fn extent(text: &str) -> (usize, bool) {
    let mut open = 0_usize;
    let is_address = text.split_once("://").is_some_and(|(_, rest)| rest.starts_with('['));
    let mut in_address = is_address;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open = open.saturating_add(1),
            ')' if open == 0 => return (at, true),
            ')' => open = open.saturating_sub(1),
            '[' if in_address => {}
            ']' if in_address => in_address = false,
            '[' | '\\' | '^' | '{' => return (at, false),
            '"' | '<' | '>' | ']' | '`' | '|' | '}' => return (at, true),
            _ if c.is_whitespace() || c.is_control() => return (at, true),
            _ if !c.is_ascii() && edge::class(c) == Class::Gap => return (at, true),
            _ if at >= MAX => return (at, false),
            _ => {}
        }
    }
    (text.len(), true)
}
