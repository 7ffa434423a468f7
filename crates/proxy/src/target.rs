//! Paths: `/v1/{provider}[/{agent}]/{path of the provider's API}`.

use std::borrow::Cow;

/// Splits a path of ours into the provider's name and what follows it, which is empty or starts with `/`.
pub(crate) fn split_provider(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/v1/")?;
    let at = slash(rest).unwrap_or(rest.len());
    rest.split_at_checked(at)
}

/// Splits the first segment off a path that is empty or starts with `/`.
pub(crate) fn split_segment(path: &str) -> (&str, &str) {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let at = slash(inner).unwrap_or(inner.len());
    inner.split_at_checked(at).unwrap_or((inner, ""))
}

/// Paths are short: looking at each byte is faster than a search.
fn slash(path: &str) -> Option<usize> {
    path.bytes().position(|byte| byte == b'/')
}

fn has(path: &str, wanted: u8) -> bool {
    path.bytes().any(|byte| byte == wanted)
}

/// A path as a provider may understand it, for recognition only: percent-encoding undone, also where it was done twice,
/// segments without parameters, runs of `/` folded.
/// `None` if it could lead elsewhere than it says: `.` and `..` segments in any spelling, backslashes, control
/// characters, bytes that are no UTF-8.
pub fn recognise(path: &str) -> Option<Cow<'_, str>> {
    let mut seen = Cow::Borrowed(path);
    if !is_plain(&seen) {
        return None;
    }
    // Some servers decode twice; nobody decodes more often than that.
    for _ in 0..2 {
        if !has(&seen, b'%') {
            break;
        }
        seen = Cow::Owned(percent_decode(&seen)?);
        if !is_plain(&seen) {
            return None;
        }
    }
    let is_empty_segment = |pair: &[u8]| pair == b"//";
    let odd = has(&seen, b';') || seen.as_bytes().windows(2).any(is_empty_segment);
    if odd { Some(Cow::Owned(fold(&seen))) } else { Some(seen) }
}

fn is_plain(path: &str) -> bool {
    let climbs = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    let is_odd = |c: char| c.is_control() || c == '\\';
    let leads_elsewhere = path.chars().any(is_odd) || (has(path, b'.') && path.split('/').any(climbs));
    !leads_elsewhere
}

fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = bytes.as_slice_prefix();
        match digits.and_then(hex) {
            Some(decoded) => {
                out.push(decoded);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

/// The next two bytes of an iterator, without taking them.
trait Prefix {
    fn as_slice_prefix(&self) -> Option<[u8; 2]>;
}

impl Prefix for std::str::Bytes<'_> {
    fn as_slice_prefix(&self) -> Option<[u8; 2]> {
        let mut ahead = self.clone();
        Some([ahead.next()?, ahead.next()?])
    }
}

fn hex([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Without the parameters of segments (`;x=1`), which some servers drop, and with single slashes.
fn fold(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut parameter = false;
    for c in path.chars() {
        parameter = c == ';' || (parameter && c != '/');
        if !parameter && (c != '/' || !out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_agent_and_rest_are_told_apart() {
        assert_eq!(
            split_provider("/v1/openai/default/chat/completions"),
            Some(("openai", "/default/chat/completions"))
        );
        assert_eq!(split_provider("/v1/openai"), Some(("openai", "")));
        assert_eq!(split_provider("/v2/openai"), None);
        assert_eq!(split_segment("/default/chat"), ("default", "/chat"));
        assert_eq!(split_segment(""), ("", ""));
    }

    #[test]
    fn a_path_is_recognised_as_a_provider_would_understand_it() {
        let seen = |path| recognise(path).map(Cow::into_owned);
        assert_eq!(seen("//chat/%63ompletions").as_deref(), Some("/chat/completions"));
        assert_eq!(seen("/models/org%2Fname:v1@x").as_deref(), Some("/models/org/name:v1@x"));
        assert_eq!(
            seen("/models/bad%20model:generateContent").as_deref(),
            Some("/models/bad model:generateContent")
        );
        assert_eq!(seen("/models/100%").as_deref(), Some("/models/100%"));
        assert_eq!(seen("/chat/%2563ompletions;v=1").as_deref(), Some("/chat/completions"));
    }

    #[test]
    fn a16_a_path_that_could_lead_elsewhere_is_not_recognised() {
        for path in [
            "/models/../files",
            "/models/..",
            "/models/%2e%2e/files",
            "/models/.%2E/files",
            "/models/x%2f..%2ffiles",
            "/models/%252e%252e/files",
            "/models/..;/files",
            "/models/.",
            "/a\\..\\b",
            "/a%5c..%5cb",
            "/a%00b",
            "/a%0d%0ab",
            "/%ff",
        ] {
            assert_eq!(recognise(path), None, "{path}");
        }
    }
}
