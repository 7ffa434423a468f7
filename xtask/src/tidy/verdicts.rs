//! Never 7: where verdicts are made no error may be dropped on the way.
//!
//! That nothing maps an error to "allow" is the compiler's and the tests' to show; what a machine can see is
//! the ways in which a `Result` disappears.

use super::source::Source;
use super::violation::Violation;

const JUDGES: [&str; 2] = ["crates/proxy/src/gate", "crates/proxy/src/inspect"];
const MARK: &str = "// tidy:";

/// Dropped results in the judging modules without a reason on the line before.
pub fn check(source: &Source) -> Vec<Violation> {
    if !JUDGES.iter().any(|judge| source.path.starts_with(judge)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, token) in source.product() {
        let dropped = match token.text {
            "ok" if source.text_before(at, 1) == "." && source.reads(at + 1, &["(", ")"]) => ".ok()",
            "unwrap_or_default" => "unwrap_or_default()",
            "let" if source.reads(at + 1, &["_", "="]) => "let _ =",
            _ => continue,
        };
        if !is_explained(source, token.line) {
            let hint =
                format!("{dropped} drops an error where verdicts are made: refuse, or say why not in {MARK}");
            found.push(Violation::new(source.path, token.line, "never-7", hint));
        }
    }
    found
}

/// Whether the line before `line` is a comment with the mark and a reason.
fn is_explained(source: &Source, line: usize) -> bool {
    source
        .comments
        .iter()
        .filter(|comment| comment.line + 1 == line)
        .any(|comment| comment.text.strip_prefix(MARK).is_some_and(|reason| !reason.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn dropped_errors_are_found() {
        let text = "fn f() {\n a().ok();\n b().unwrap_or_default();\n let _ = c();\n}";
        assert_eq!(lines("crates/proxy/src/gate/state.rs", text), [2, 3, 4]);
        assert_eq!(lines("crates/proxy/src/inspect.rs", text), [2, 3, 4]);
        assert_eq!(lines("crates/proxy/src/inspect.rs", "// tidy:\nlet _ = c();"), [2]);
    }

    #[test]
    fn explained_or_elsewhere_is_fine() {
        let path = "crates/proxy/src/gate.rs";
        assert_eq!(lines(path, "// tidy: the client is gone, nobody is left to tell\nlet _ = c();"), [0; 0]);
        assert_eq!(lines(path, "a.ok_or(1); Ok(()); let _guard = c(); let (_, b) = d();"), [0; 0]);
        assert_eq!(lines("crates/proxy/src/record.rs", "let _ = c();"), [0; 0]);
        assert_eq!(lines(path, "#[cfg(test)] mod tests { fn f() { let _ = c(); } }"), [0; 0]);
    }
}
