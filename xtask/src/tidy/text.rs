//! Rules for every text file: clean ends of lines, and nothing of the machine it was written on.

use super::repo::File;
use super::violation::Violation;

/// Put together here so that this file passes its own rule.
const FOLDERS: [&str; 3] = [concat!("/", "home/"), concat!("/", "root/"), concat!("/", "work/")];
const WORDS: [&str; 2] = [concat!("art", "ifactory"), concat!("j", "frog")];
/// Recorded bytes stay as they were recorded.
const VERBATIM: [&str; 2] = ["fixtures/", "LICENSE"];

/// Trailing blanks, a missing last newline, and traces of a developer's machine.
pub fn check(file: &File) -> Vec<Violation> {
    if VERBATIM.iter().any(|start| file.path.starts_with(start)) || file.path.contains("/fixtures/") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut report = |line, hint: String| found.push(Violation::new(&file.path, line, "text", hint));
    for (at, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            report(at + 1, "blanks at the end of the line: remove them".to_owned());
        }
        if let Some(folder) = FOLDERS.into_iter().find(|folder| names_folder(line, folder)) {
            report(at + 1, format!("a path under {folder} exists on one machine only: make it relative"));
        }
        let lower = line.to_ascii_lowercase();
        if let Some(word) = WORDS.into_iter().find(|word| lower.contains(word)) {
            report(
                at + 1,
                format!("{word} is one machine's package mirror: leave it to that machine's settings"),
            );
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        report(file.text.lines().count(), "no newline at the end: add one".to_owned());
    }
    found
}

/// Whether `line` has an absolute path below `folder`; a URL or a longer path may contain its name.
fn names_folder(line: &str, folder: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '*');
    line.match_indices(folder).any(|(at, _)| line.get(..at).is_some_and(|before| !before.ends_with(goes_on)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&File::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn lines_end_cleanly() {
        assert_eq!(lines("README.md", "a \nb\t\nc\r\nd"), [1, 2, 3, 4]);
        assert_eq!(lines("README.md", "a\n\nb\n"), [0; 0]);
        assert_eq!(lines("fixtures/openai/case/stream", "a \r\nb"), [0; 0]);
        assert_eq!(lines("empty.txt", ""), [0; 0]);
    }

    #[test]
    fn no_machine_is_named() {
        for folder in FOLDERS {
            assert_eq!(lines("Makefile", &format!("cd {folder}me\n")), [1]);
            assert_eq!(lines("a.md", &format!("[x]({folder}me)\n")), [1]);
        }
        assert_eq!(
            lines("a.toml", &format!("url = \"https://{}.example/x\"\n", WORDS[0].to_uppercase())),
            [1]
        );
    }

    #[test]
    fn other_paths_may_contain_the_words() {
        assert_eq!(lines("a.md", "https://example.com/work/x and ./work/x and src/home/x\n"), [0; 0]);
        assert_eq!(lines("a.md", "$(pwd)/work/x, homework/x\n"), [0; 0]);
    }
}
