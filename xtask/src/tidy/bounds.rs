//! Never 6: nothing between two tasks grows without a bound.

use super::source::Source;
use super::violation::Violation;

/// Channels and sets that take whatever comes.
pub fn check(source: &Source) -> Vec<Violation> {
    if source.product_crate().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, token) in source.product() {
        let hint = match token.text {
            "unbounded_channel" => "a channel without a bound: use channel(limit) and count what did not fit",
            "unbounded" if source.text_at(after_generics(source, at)) == "(" => {
                "a queue without a bound: give it a limit and count what did not fit"
            }
            "channel" if is_std_channel(source, at) => "a channel without a bound: use sync_channel(limit)",
            "FuturesUnordered" => {
                "a set without a bound: hold a semaphore permit for each future, or buffer_unordered"
            }
            _ => continue,
        };
        found.push(Violation::new(source.path, token.line, "never-6", hint));
    }
    found
}

/// `mpsc::channel()`: tokio's takes a limit, that of std takes nothing.
fn is_std_channel(source: &Source, at: usize) -> bool {
    let path = (source.text_before(at, 3), source.text_before(at, 2), source.text_before(at, 1));
    path == ("mpsc", ":", ":") && source.reads(after_generics(source, at), &["(", ")"])
}

/// The token after the name at `at` and its `::<…>`.
fn after_generics(source: &Source, at: usize) -> usize {
    if !source.reads(at + 1, &[":", ":", "<"]) {
        return at + 1;
    }
    let mut depth = 0_usize;
    let mut next = at + 3;
    while let Some(token) = source.token(next) {
        match token.text {
            "<" => depth += 1,
            ">" if source.text_before(next, 1) != "-" => depth = depth.saturating_sub(1),
            _ => {}
        }
        next += 1;
        if depth == 0 {
            break;
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Source::new("crates/proxy/src/record.rs", text))
            .iter()
            .map(|violation| violation.line)
            .collect()
    }

    #[test]
    fn unbounded_things_are_found() {
        assert_eq!(lines("let (a, b) = tokio::sync::mpsc::unbounded_channel();"), [1]);
        assert_eq!(lines("let (a, b) = std::sync::mpsc::channel();"), [1]);
        assert_eq!(lines("let (a, b) = mpsc::channel::<Vec<fn() -> u8>>();"), [1]);
        assert_eq!(lines("let (a, b) = flume::unbounded();\nlet c = FuturesUnordered::new();"), [1, 2]);
    }

    #[test]
    fn bounded_things_are_not() {
        assert_eq!(lines("let (a, b) = mpsc::channel(8); mpsc::channel::<Vec<u8>>(limit);"), [0; 0]);
        assert_eq!(lines("let (a, b) = oneshot::channel(); // unbounded()"), [0; 0]);
        assert_eq!(lines("let unbounded = limit == 0;"), [0; 0]);
        assert_eq!(lines("#[cfg(test)] mod tests { fn f() { unbounded_channel() } }"), [0; 0]);
    }
}
