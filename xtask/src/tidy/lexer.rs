//! Rust source as tokens: enough to tell code from strings and comments, no more.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `'x'` or `b'x'`.
    Char,
    /// A line, block or doc comment.
    Comment,
    /// A name or a keyword.
    Ident,
    /// `'a`.
    Lifetime,
    /// A number with its suffix.
    Number,
    /// One character of punctuation.
    Punct,
    /// A string of any kind, quotes included.
    Str,
}

/// A piece of source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Exactly as written.
    pub text: &'a str,
    /// The line it begins on, from one.
    pub line: usize,
}

impl<'a> Token<'a> {
    /// The line it ends on.
    pub fn last_line(&self) -> usize {
        self.line + self.text.matches('\n').count()
    }

    /// What stands between a string's quotes, escapes not resolved.
    pub fn content(&self) -> &'a str {
        let unprefixed = self.text.trim_start_matches(['b', 'c', 'r']).trim_matches('#');
        unprefixed.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(unprefixed)
    }
}

/// Cuts `source` into tokens. Text that is not Rust still comes out, as punctuation.
pub fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    loop {
        let trimmed = rest.trim_start();
        line += newlines(rest.strip_suffix(trimmed).unwrap_or_default());
        let Some(first) = trimmed.chars().next() else { return tokens };
        let (kind, length) = measure(first, trimmed);
        let Some((text, after)) = trimmed.split_at_checked(length.max(first.len_utf8())) else {
            return tokens;
        };
        tokens.push(Token { kind, text, line });
        line += newlines(text);
        rest = after;
    }
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

/// Kind and length in bytes of the token at the start of `text`.
fn measure(first: char, text: &str) -> (Kind, usize) {
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Comment, block_comment(text));
    }
    if let Some(length) = string(text) {
        return (Kind::Str, length);
    }
    if first == '\'' || text.starts_with("b'") {
        return quote(text, if first == 'b' { 2 } else { 1 });
    }
    if is_ident(first) && !first.is_ascii_digit() {
        let raw = if text.starts_with("r#") { 2 } else { 0 };
        return (Kind::Ident, raw + span(text.get(raw..).unwrap_or_default(), is_ident));
    }
    if first.is_ascii_digit() {
        return (Kind::Number, number(text));
    }
    (Kind::Punct, first.len_utf8())
}

fn is_ident(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Length of the longest prefix whose characters all satisfy `wanted`.
fn span(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

/// Block comments nest in Rust.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = false;
    for (at, pair) in text.as_bytes().windows(2).enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at + 2;
        }
        skip = true;
    }
    text.len()
}

/// Length of the string literal at the start of `text`, if there is one.
fn string(text: &str) -> Option<usize> {
    let prefix = span(text, |c| matches!(c, 'b' | 'c' | 'r'));
    let (letters, after) = text.split_at_checked(prefix)?;
    if !matches!(letters, "" | "b" | "br" | "c" | "cr" | "r") {
        return None;
    }
    if letters.ends_with('r') {
        let hashes = span(after, |c| c == '#');
        let body = after.get(hashes..)?.strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).map_or(body.len(), |at| at + end.len());
        return Some(prefix + hashes + 1 + length);
    }
    let body = after.strip_prefix('"')?;
    Some(prefix + 1 + closed(body, '"'))
}

/// Length up to and with the first `close` that no backslash escapes.
fn closed(body: &str, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == close {
            return at + c.len_utf8();
        }
    }
    body.len()
}

/// A character or a lifetime; `open` bytes are the prefix with its quote.
fn quote(text: &str, open: usize) -> (Kind, usize) {
    let body = text.get(open..).unwrap_or_default();
    let mut chars = body.chars();
    let (first, second) = (chars.next(), chars.next());
    if first == Some('\\') || second == Some('\'') {
        return (Kind::Char, open + closed(body, '\''));
    }
    (Kind::Lifetime, open + span(body, is_ident))
}

/// `1_000u64`, `0xff`, `1.5`; the range `1..2` is not one number.
fn number(text: &str) -> usize {
    let whole = span(text, is_ident);
    let fraction = text.get(whole..).and_then(|after| after.strip_prefix('.')).unwrap_or_default();
    if fraction.starts_with(|c: char| c.is_ascii_digit()) {
        whole + 1 + span(fraction, is_ident)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expect: &[(Kind, &str)]) {
        let got: Vec<_> = lex(source).into_iter().map(|token| (token.kind, token.text)).collect();
        assert_eq!(got, expect, "{source}");
    }

    #[test]
    fn strings_of_every_kind_are_one_token() {
        check(r#""a\"b" x"#, &[(Kind::Str, r#""a\"b""#), (Kind::Ident, "x")]);
        check(r###"r#"a"b"# x"###, &[(Kind::Str, r###"r#"a"b"#"###), (Kind::Ident, "x")]);
        check(
            r#"b"\\" br"\" c"z""#,
            &[(Kind::Str, r#"b"\\""#), (Kind::Str, r#"br"\""#), (Kind::Str, r#"c"z""#)],
        );
    }

    #[test]
    fn characters_are_not_lifetimes() {
        check("'{' 'a 'b' ", &[(Kind::Char, "'{'"), (Kind::Lifetime, "'a"), (Kind::Char, "'b'")]);
        check(
            r"'\'' b'\\' '\u{1F}'",
            &[(Kind::Char, r"'\''"), (Kind::Char, r"b'\\'"), (Kind::Char, r"'\u{1F}'")],
        );
        check("&'static str", &[(Kind::Punct, "&"), (Kind::Lifetime, "'static"), (Kind::Ident, "str")]);
    }

    #[test]
    fn comments_nest_and_keep_their_text() {
        check(
            "/* a /* } */ b */ x // { \ny",
            &[
                (Kind::Comment, "/* a /* } */ b */"),
                (Kind::Ident, "x"),
                (Kind::Comment, "// { "),
                (Kind::Ident, "y"),
            ],
        );
        check("/*/ */x", &[(Kind::Comment, "/*/ */"), (Kind::Ident, "x")]);
    }

    #[test]
    fn names_and_numbers_end_where_they_should() {
        check("r#type bar crate", &[(Kind::Ident, "r#type"), (Kind::Ident, "bar"), (Kind::Ident, "crate")]);
        check("1..2", &[(Kind::Number, "1"), (Kind::Punct, "."), (Kind::Punct, "."), (Kind::Number, "2")]);
        check("1.5f64.ok", &[(Kind::Number, "1.5f64"), (Kind::Punct, "."), (Kind::Ident, "ok")]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let lines: Vec<_> = lex("a\n\"b\nc\"\n/* d\n*/ e").iter().map(|t| (t.line, t.last_line())).collect();
        assert_eq!(lines, [(1, 1), (2, 3), (4, 5), (5, 5)]);
    }

    #[test]
    fn unclosed_text_ends_quietly() {
        for source in ["\"a", "r#\"a", "/* a", "'", "b'", "'\\"] {
            assert!(!lex(source).is_empty(), "{source}");
        }
    }

    #[test]
    fn content_is_between_the_quotes() {
        let content: Vec<_> = lex(r###""a" r#"b"# b"c" """###).iter().map(Token::content).collect();
        assert_eq!(content, ["a", "b", "c", ""]);
    }
}
