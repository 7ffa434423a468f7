//! The paths a Rust file names, with `use` trees spelled out.

use super::lexer::Kind;
use super::source::Source;

/// One path, for instance `std::time::Instant::now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// Its segments.
    pub segments: Vec<&'a str>,
    /// Its last segment's line.
    pub line: usize,
    /// Its first token.
    pub first: usize,
    /// The token after it.
    pub end: usize,
}

impl Path<'_> {
    /// Whether it begins with these segments.
    pub fn starts_with(&self, segments: &[&str]) -> bool {
        self.segments.starts_with(segments)
    }

    /// Whether it ends with these segments.
    pub fn ends_with(&self, segments: &[&str]) -> bool {
        self.segments.ends_with(segments)
    }
}

/// Every path of two segments or more in the part of `source` that reaches the product.
pub fn paths<'a>(source: &Source<'a>) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.code.len() {
        let begins = source.token(at).is_some_and(|token| token.kind == Kind::Ident);
        if !begins || source.in_test(at) {
            at += 1;
        } else if source.text_at(at) == "use" {
            at = tree(source, at + 1, &[], &mut found);
        } else {
            let path = plain(source, at);
            at = path.end;
            if path.segments.len() > 1 {
                found.push(path);
            }
        }
    }
    found
}

/// The path at `at` as far as plain segments go; generic arguments end it.
fn plain<'a>(source: &Source<'a>, at: usize) -> Path<'a> {
    let mut path = Path { segments: vec![source.text_at(at)], line: 0, first: at, end: at + 1 };
    while source.reads(path.end, &[":", ":"])
        && source.token(path.end + 2).is_some_and(|t| t.kind == Kind::Ident)
    {
        path.segments.push(source.text_at(path.end + 2));
        path.end += 3;
    }
    path.line = source.token(path.end - 1).map_or(0, |token| token.line);
    path
}

/// Adds the leaves of the `use` tree at `at`, below `prefix`; returns the token after it.
fn tree<'a>(source: &Source<'a>, at: usize, prefix: &[&'a str], found: &mut Vec<Path<'a>>) -> usize {
    let mut segments = prefix.to_vec();
    let mut next = at;
    while let Some(token) = source.token(next) {
        match token.text {
            "{" => {
                let close = source.brackets.partner(next).unwrap_or(source.code.len());
                next += 1;
                while next < close {
                    next = tree(source, next, &segments, found);
                }
                // What follows the group ends this branch too.
                return if matches!(source.text_at(close + 1), "," | ";") { close + 2 } else { close + 1 };
            }
            "," | ";" | "}" => {
                found.push(Path { segments, line: token.line, first: at, end: next });
                return if token.text == "}" { next } else { next + 1 };
            }
            "as" => next += 2,
            ":" => next += 1,
            name => {
                segments.push(name);
                next += 1;
            }
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let source = Source::new("src/x.rs", text);
        let got: Vec<String> = paths(&source).iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn use_trees_are_spelled_out() {
        check("use std::fs;", &["std::fs"]);
        check(
            "use std::{fs, io::{self, Read as _}, time::*}; use a::b;",
            &["std::fs", "std::io::self", "std::io::Read", "std::time::*", "a::b"],
        );
        check("use {std::fs, std::env,}; fn f() { a::b() }", &["std::fs", "std::env", "a::b"]);
    }

    #[test]
    fn paths_in_expressions_are_found() {
        check("fn f() { let x = std::env::var(\"std::fs\"); }", &["std::env::var"]);
        check("Vec::<u8>::new(); mpsc::channel::<u8>()", &["mpsc::channel"]);
    }

    #[test]
    fn tests_do_not_count() {
        check("#[cfg(test)] mod tests { use std::fs; } use std::io;", &["std::io"]);
    }

    #[test]
    fn a_path_knows_its_place() {
        let source = Source::new("src/x.rs", "fn f() {\n  x = model::Dialect::Gemini;\n}");
        let found = paths(&source);
        let path = found.first().unwrap();
        assert_eq!((path.line, source.text_at(path.first), source.text_at(path.end)), (2, "model", ";"));
    }
}
