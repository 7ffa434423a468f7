//! What the documents point at exists.

use super::repo::File;
use super::violation::Violation;

/// Folders whose files ARCHITECTURE.md names from the repository root.
const ROOTS: [&str; 4] = ["bench/", "crates/", "fuzz/", "xtask/"];

/// Dead links in every `.md` file, and `.rs` files that ARCHITECTURE.md names but nobody has. `exists` is asked
/// with paths from the repository root.
pub fn check(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, text) in prose(&file.text) {
            for target in targets(&text) {
                let Some(path) = resolve(&file.path, target) else { continue };
                if !exists(&path) {
                    let hint = format!("the link to {target} leads nowhere: {path} does not exist");
                    found.push(Violation::new(&file.path, line, "link", hint));
                }
            }
        }
        if file.path == "ARCHITECTURE.md" {
            found.extend(check_mentions(file, exists));
        }
    }
    found
}

fn check_mentions(file: &File, exists: &dyn Fn(&str) -> bool) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for path in line.split(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c))) {
            let is_mention = path.ends_with(".rs") && ROOTS.iter().any(|root| path.starts_with(root));
            if is_mention && !exists(path) {
                let hint = format!("{path} does not exist: name the file that does this now");
                found.push(Violation::new(&file.path, at + 1, "link", hint));
            }
        }
    }
    found
}

/// Numbered lines outside code blocks, with inline code blanked out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((at + 1, without_code(line)));
        }
    }
    lines
}

/// `line` without what stands between backticks; an unpaired backtick is text.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    parts.into_iter().step_by(2).collect::<Vec<_>>().join("`")
}

/// Targets of `[text](target "title")` and of `[name]: target`.
fn targets(line: &str) -> Vec<&str> {
    let mut found: Vec<&str> = line
        .split("](")
        .skip(1)
        .filter_map(|after| after.split([')', ' ']).next())
        .map(|target| target.trim_matches(['<', '>']))
        .collect();
    if line.starts_with('[')
        && let Some((_, target)) = line.split_once("]: ")
    {
        found.extend(target.split_whitespace().next());
    }
    found
}

/// The path from the repository root that `target` in the file `from` means; nothing when it is not a file of
/// the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let path = target.split(['#', '?']).next().filter(|path| !path.is_empty())?;
    if path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let joined = if let Some(rooted) = path.strip_prefix('/') {
        rooted.to_owned()
    } else {
        format!("{folder}/{path}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let exists =
            |path: &str| ["docs/policy.md", "README.md", "crates/wire/src/sse.rs", ""].contains(&path);
        check(&[File::new(path, text)], &exists).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(lines("README.md", "see [a](docs/gone.md)\nand [b](policy.md \"title\")"), [1, 2]);
        assert_eq!(
            lines("docs/a.md", "[a](../docs/gone.md#x)\n[b]: gone.md\n[c](../../README.md)"),
            [1, 2, 3]
        );
    }

    #[test]
    fn live_and_foreign_links_are_fine() {
        assert_eq!(
            lines("README.md", "[a](docs/policy.md#rules) [b](https://x.dev/gone.md) [c](#here)"),
            [0; 0]
        );
        assert_eq!(
            lines("docs/a.md", "[a](policy.md) [b](../README.md) [c](/README.md)\n[d]: policy.md"),
            [0; 0]
        );
        assert_eq!(lines("README.md", "`[a](gone.md)`\n```\n[b](gone.md)\n```"), [0; 0]);
    }

    #[test]
    fn the_architecture_names_living_files() {
        let text = "`crates/wire/src/sse.rs` cuts events\n`crates/wire/src/gone.rs` does not\n`crates/…/x.rs`, sse.rs";
        assert_eq!(lines("ARCHITECTURE.md", text), [2]);
        assert_eq!(lines("README.md", text), [0; 0]);
    }
}
