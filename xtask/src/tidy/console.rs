//! Never 8: the console talks through the client generated from the published OpenAPI, and no other way.

use super::repo::File;
use super::violation::Violation;

const SCRIPTS: [&str; 5] = [".js", ".jsx", ".mjs", ".ts", ".tsx"];
const CALLS: [&str; 2] = ["fetch(", "XMLHttpRequest("];

/// Requests by hand in the console's own code.
pub fn check(file: &File) -> Vec<Violation> {
    let is_script = SCRIPTS.iter().any(|ending| file.path.ends_with(ending));
    let is_own =
        file.path.starts_with("console/") && !file.path.split(['/', '.']).any(|part| part == "generated");
    if !is_script || !is_own {
        return Vec::new();
    }
    let hint = "a request by hand: call the generated client";
    let lines = file.text.lines().enumerate().filter(|(_, line)| CALLS.iter().any(|call| calls(line, call)));
    lines.map(|(at, _)| Violation::new(&file.path, at + 1, "never-8", hint)).collect()
}

/// Whether `line` has `call` as a whole word: `refetch(` is another function.
fn calls(line: &str, call: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    line.match_indices(call).any(|(at, _)| line.get(..at).is_some_and(|before| !before.ends_with(is_name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&File::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn requests_by_hand_are_found() {
        assert_eq!(lines("console/src/logs.tsx", "\nawait fetch('/v1/agents')"), [2]);
        assert_eq!(lines("console/src/logs.tsx", "window.fetch(url)\nnew XMLHttpRequest()"), [1, 2]);
    }

    #[test]
    fn the_generated_client_may() {
        assert_eq!(lines("console/src/generated/client.ts", "fetch(url)"), [0; 0]);
        assert_eq!(lines("console/src/api.generated.ts", "fetch(url)"), [0; 0]);
        assert_eq!(lines("console/src/logs.tsx", "query.refetch(); prefetch(x)"), [0; 0]);
        assert_eq!(lines("tests/sdk/smoke.mjs", "fetch(url)"), [0; 0]);
    }
}
