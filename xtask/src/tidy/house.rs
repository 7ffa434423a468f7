//! House rules for Rust files and for names of files.

use super::lexer::Kind;
use super::repo::File;
use super::source::Source;
use super::violation::Violation;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["common", "helpers", "manager", "misc", "utils"];
const CODE: [&str; 8] = [".js", ".jsx", ".mjs", ".py", ".rs", ".sh", ".ts", ".tsx"];

/// What a path says: no `mod.rs`, no empty names.
pub fn check_path(file: &File) -> Vec<Violation> {
    if !CODE.iter().any(|ending| file.path.ends_with(ending)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if file.path == "mod.rs" || file.path.ends_with("/mod.rs") {
        found.push(Violation::new(
            &file.path,
            1,
            "house",
            "no mod.rs: name the file foo.rs beside the folder foo/",
        ));
    }
    let (folders, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.split('.').next().unwrap_or(name);
    if let Some(empty) = folders.split('/').chain([stem]).find(|part| EMPTY_NAMES.contains(part)) {
        found.push(Violation::new(&file.path, 1, "house", empty_name(empty)));
    }
    found
}

fn empty_name(name: &str) -> String {
    format!("{name} is no name for a place: name it after the one thing that is inside")
}

/// What the tokens say, tests included: no `#[allow]`, no `#[ignore]`, no modules with empty names.
pub fn check_source(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, token) in source.code.iter().enumerate().filter(|(_, token)| token.kind == Kind::Ident) {
        let hint = match token.text {
            "allow" if in_attribute(source, at) && source.text_at(at + 1) == "(" => {
                "no allow: use #[expect(lint, reason = \"…\")], which also says when it is no longer needed"
                    .to_owned()
            }
            "ignore" if in_attribute(source, at) => {
                "no ignored tests: mend it or remove it; what needs the network is not a test".to_owned()
            }
            name if EMPTY_NAMES.contains(&name) && source.text_before(at, 1) == "mod" => empty_name(name),
            _ => continue,
        };
        found.push(Violation::new(source.path, token.line, "house", hint));
    }
    found
}

/// Whether the token at `at` is the name of an attribute, alone or inside `cfg_attr`.
fn in_attribute(source: &Source, at: usize) -> bool {
    let Some(open) = source.brackets.around(at) else { return false };
    let before = source.text_before(at, 1);
    match source.text_at(open) {
        "[" => before == "[" && matches!(source.text_before(open, 1), "#" | "!"),
        "(" => before == "," && source.text_before(open, 1) == "cfg_attr",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check_source(&Source::new("crates/wire/src/sse.rs", text))
            .iter()
            .map(|violation| violation.line)
            .collect()
    }

    fn is_refused(path: &str) -> bool {
        !check_path(&File::new(path, "")).is_empty()
    }

    #[test]
    fn lints_are_expected_not_allowed() {
        assert_eq!(lines("#[allow(dead_code)]\nfn a() {}"), [1]);
        assert_eq!(lines("#![allow(dead_code)]"), [1]);
        assert_eq!(lines("#[cfg_attr(test, allow(dead_code))]"), [1]);
        assert_eq!(
            lines("#[expect(dead_code, reason = \"allow(x)\")]\nfn allow() { x.allow(1); [allow(1)] }"),
            [0; 0]
        );
    }

    #[test]
    fn no_test_is_ignored() {
        assert_eq!(lines("#[cfg(test)] mod tests {\n #[test]\n #[ignore]\n fn a() {} }"), [3]);
        assert_eq!(lines("#[ignore = \"slow\"]\n#[cfg_attr(unix, ignore)]"), [1, 2]);
        assert_eq!(lines("let ignore = [ignore];"), [0; 0]);
    }

    #[test]
    fn names_say_what_is_inside() {
        assert_eq!(lines("mod utils;\nmod common { }\nmod sse;"), [1, 2]);
        assert!(is_refused("crates/wire/src/utils.rs"));
        assert!(is_refused("crates/proxy/tests/common/server.rs"));
        assert!(is_refused("tests/sdk/helpers.py"));
        assert!(is_refused("crates/wire/src/sse/mod.rs"));
        assert!(!is_refused("crates/wire/src/sse.rs"));
        assert!(!is_refused("crates/wire/src/manager_name.rs"));
        assert!(!is_refused("docs/misc.md"));
    }
}
