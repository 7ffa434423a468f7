//! What a rule reports.

use std::fmt;

/// One broken rule at one place, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path from the repository root, with forward slashes.
    pub path: String,
    /// One-based.
    pub line: usize,
    /// Short name of the rule, for instance `never-4`.
    pub rule: &'static str,
    /// What to do.
    pub hint: String,
}

impl Violation {
    /// A violation of `rule` at `path`:`line`.
    pub fn new(path: &str, line: usize, rule: &'static str, hint: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, hint: hint.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_compiler_message() {
        let shown = Violation::new("crates/wire/src/sse.rs", 7, "never-6", "bound it").to_string();
        assert_eq!(shown, "crates/wire/src/sse.rs:7: never-6: bound it");
    }
}
