//! Never 1, the sources: a pure crate reads no file, no environment, no network, no clock, and starts no thread.

use super::edges::PURE;
use super::paths::paths;
use super::source::Source;
use super::violation::Violation;

const MODULES: [&[&str]; 4] = [&["std", "env"], &["std", "fs"], &["std", "net"], &["std", "thread"]];
const CLOCKS: [&[&str]; 2] = [&["Instant", "now"], &["SystemTime", "now"]];

/// What a pure crate must not name.
pub fn check(source: &Source) -> Vec<Violation> {
    let Some(name) = source.product_crate().filter(|name| PURE.contains(name)) else { return Vec::new() };
    let mut found = Vec::new();
    for path in paths(source) {
        let world = MODULES.iter().any(|module| path.starts_with(module));
        let clock = CLOCKS.iter().any(|clock| path.ends_with(clock));
        if world || clock {
            let hint = format!(
                "{} in the pure crate {name}: take its result as an argument",
                path.segments.join("::")
            );
            found.push(Violation::new(source.path, path.line, "never-1", hint));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_pure_crate_touches_nothing() {
        let text = "use std::{\n  fs,\n  fmt,\n};\nfn f() { std::env::var(\"A\"); Instant::now(); }\n";
        assert_eq!(lines("crates/policy/src/decide.rs", text), [2, 5, 5]);
        assert_eq!(lines("crates/model/src/id.rs", "use std::net::IpAddr;\nuse std::thread::spawn;"), [1, 2]);
    }

    #[test]
    fn arguments_and_tests_are_free() {
        let text =
            "use std::time::Instant;\nfn f(now: Instant) {}\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(lines("crates/policy/src/decide.rs", text), [0; 0]);
    }

    #[test]
    fn other_crates_may() {
        assert_eq!(lines("crates/proxy/src/serve.rs", "use std::fs;"), [0; 0]);
        assert_eq!(lines("crates/policy/tests/corpus.rs", "use std::fs;"), [0; 0]);
    }
}
