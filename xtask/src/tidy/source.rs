//! A Rust file ready for the rules: its code, its comments, and which part of it is tests.

use super::brackets::Brackets;
use super::lexer::{Kind, Token, lex};

/// One Rust file.
#[derive(Debug)]
pub struct Source<'a> {
    /// Path from the repository root.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its tokens without comments.
    pub code: Vec<Token<'a>>,
    /// Its comments.
    pub comments: Vec<Token<'a>>,
    /// Pairs the brackets of `code`.
    pub brackets: Brackets,
    /// The whole file is compiled for tests only.
    pub is_test: bool,
    /// Ranges of `code` that are compiled for tests only, first and last token.
    tests: Vec<(usize, usize)>,
}

impl<'a> Source<'a> {
    /// Reads `text`, which lies at `path`.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        let (comments, code): (Vec<_>, Vec<_>) = lex(text).into_iter().partition(|t| t.kind == Kind::Comment);
        let brackets = Brackets::new(&code);
        let folders = ["tests/", "benches/"];
        let is_test =
            folders.iter().any(|folder| path.contains(&format!("/{folder}")) || path.starts_with(folder))
                || path.ends_with("/tests.rs");
        let mut source = Self { path, text, code, comments, brackets, is_test, tests: Vec::new() };
        source.tests = source.test_ranges();
        source
    }

    /// The product crate this file is part of: `crates/NAME/src/…`, the test kit left out.
    pub fn product_crate(&self) -> Option<&'a str> {
        let (name, inside) = self.path.strip_prefix("crates/")?.split_once('/')?;
        (name != "testkit" && inside.starts_with("src/")).then_some(name)
    }

    /// The token at `at`, which may lie beyond the end.
    pub fn token(&self, at: usize) -> Option<&Token<'a>> {
        self.code.get(at)
    }

    /// The text of the token at `at`; nothing beyond the ends.
    pub fn text_at(&self, at: usize) -> &'a str {
        self.code.get(at).map_or("", |token| token.text)
    }

    /// The text of the token `back` places before `at`.
    pub fn text_before(&self, at: usize, back: usize) -> &'a str {
        at.checked_sub(back).map_or("", |at| self.text_at(at))
    }

    /// Whether the tokens from `at` on read exactly like this.
    pub fn reads(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(offset, text)| self.text_at(at + offset) == *text)
    }

    /// Whether the token at `at` is compiled for tests only.
    pub fn in_test(&self, at: usize) -> bool {
        self.is_test || self.tests.iter().any(|(first, last)| (*first..=*last).contains(&at))
    }

    /// The tokens that reach the product, with their indexes.
    pub fn product(&self) -> impl Iterator<Item = (usize, &Token<'a>)> {
        self.code.iter().enumerate().filter(|(at, _)| !self.in_test(*at))
    }

    /// How many lines the file has without its tests.
    pub fn net_lines(&self) -> usize {
        if self.is_test {
            return 0;
        }
        let lines =
            |(first, last): &(usize, usize)| Some((self.token(*first)?.line, self.token(*last)?.last_line()));
        let tests: usize = self.tests.iter().filter_map(lines).map(|(first, last)| last + 1 - first).sum();
        self.text.lines().count().saturating_sub(tests)
    }

    fn test_ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            match self.attribute(at) {
                // `#![cfg(test)]` speaks of the whole file.
                Some((true, _)) if self.text_at(at + 1) == "!" => {
                    return vec![(0, self.code.len().saturating_sub(1))];
                }
                Some((true, close)) => {
                    let end = self.item_end(close + 1);
                    ranges.push((at, end));
                    at = end + 1;
                }
                Some((false, close)) => at = close + 1,
                None => at += 1,
            }
        }
        ranges
    }

    /// For the attribute at `at`: whether it says that what follows is for tests, and its last token.
    fn attribute(&self, at: usize) -> Option<(bool, usize)> {
        let open = if self.reads(at, &["#", "!", "["]) { at + 2 } else { at + 1 };
        if self.text_at(at) != "#" || self.text_at(open) != "[" {
            return None;
        }
        let close = self.brackets.partner(open)?;
        let words: Vec<&str> = (open + 1..close).map(|inside| self.text_at(inside)).collect();
        let for_tests = if words.first() == Some(&"cfg") {
            words.contains(&"test") && !words.contains(&"not")
        } else {
            // `test`, `tokio::test(…)`
            words.split(|word| *word == "(").next().and_then(<[&str]>::last) == Some(&"test")
        };
        Some((for_tests, close))
    }

    /// The last token of the item that begins at `at`, which may begin with more attributes.
    fn item_end(&self, at: usize) -> usize {
        const ITEMS: [&str; 12] = [
            "const",
            "enum",
            "extern",
            "fn",
            "impl",
            "macro_rules",
            "mod",
            "static",
            "struct",
            "trait",
            "type",
            "use",
        ];
        let mut at = at;
        while let Some((_, close)) = self.attribute(at) {
            at = close + 1;
        }
        let inside = self.brackets.around(at);
        let mut is_item = false;
        while at < self.code.len() {
            let text = self.text_at(at);
            is_item |= ITEMS.contains(&text);
            let ends = text == ";" || (text == "," && !is_item);
            if ends {
                return at;
            }
            match self.brackets.partner(at).filter(|partner| *partner > at) {
                Some(close) if text == "{" => return close,
                Some(close) => at = close + 1,
                None if inside.is_some() && self.brackets.partner(at) == inside => {
                    return at.saturating_sub(1);
                }
                None => at += 1,
            }
        }
        self.code.len().saturating_sub(1)
    }

    /// Files (without `.rs`) that this one declares as `#[cfg(test)] mod name;`.
    fn test_modules(&self) -> Vec<String> {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let stem = file.trim_end_matches(".rs");
        let folder =
            if matches!(stem, "lib" | "main") { folder.to_owned() } else { format!("{folder}/{stem}") };
        self.tests
            .iter()
            .filter(|(_, last)| self.text_at(*last) == ";" && self.text_before(*last, 2) == "mod")
            .map(|(_, last)| format!("{folder}/{}", self.text_before(*last, 1)))
            .collect()
    }
}

/// Marks the files that another file declares as test modules, and what lies below them.
pub fn mark_test_modules(sources: &mut [Source]) {
    let modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in sources {
        let below = |module: &String| {
            source
                .path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.is_test |= modules.iter().any(below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product's names of `text`, in order.
    fn product_names(text: &str) -> Vec<&str> {
        let source = Source::new("crates/wire/src/sse.rs", text);
        source.product().filter(|(_, t)| t.kind == Kind::Ident).map(|(_, t)| t.text).collect::<Vec<_>>()
    }

    #[test]
    fn a_test_module_is_not_the_product() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n use super::*;\n #[test]\n fn b() {}\n}\nfn c() {}\n";
        assert_eq!(product_names(text), ["fn", "a", "fn", "c"]);
        assert_eq!(Source::new("src/x.rs", text).net_lines(), 2);
    }

    #[test]
    fn single_test_items_are_not_the_product() {
        assert_eq!(product_names("#[cfg(test)] use a::b; fn c() {}"), ["fn", "c"]);
        assert_eq!(
            product_names("#[cfg(test)] #[derive(Debug)] struct A<T, U>(T, U); fn c() {}"),
            ["fn", "c"]
        );
        assert_eq!(product_names("#[tokio::test] async fn b() {} fn c() {}"), ["fn", "c"]);
        assert_eq!(
            product_names("#[tokio::test(start_paused = true)] async fn b() {} fn c() {}"),
            ["fn", "c"]
        );
        assert_eq!(product_names("struct A { #[cfg(test)] b: u8, c: u8 }"), ["struct", "A", "c", "u8"]);
        assert_eq!(product_names("struct A { #[cfg(test)] b: u8 } fn c() {}"), ["struct", "A", "fn", "c"]);
    }

    #[test]
    fn other_conditions_are_the_product() {
        assert_eq!(product_names("#[cfg(not(test))] fn c() {}"), ["cfg", "not", "test", "fn", "c"]);
        assert_eq!(product_names("#[cfg(unix)] fn c() {}"), ["cfg", "unix", "fn", "c"]);
    }

    #[test]
    fn whole_files_can_be_tests() {
        assert!(Source::new("crates/proxy/tests/sdk.rs", "").is_test);
        assert!(Source::new("crates/proxy/src/gate/tests.rs", "").is_test);
        assert!(!Source::new("crates/proxy/src/gate.rs", "").is_test);
        assert_eq!(product_names("#![cfg(test)] fn a() {}"), [""; 0]);
    }

    #[test]
    fn a_declared_test_module_is_a_test_file() {
        let mut sources = [
            Source::new("crates/policy/src/decide.rs", "#[cfg(test)]\nmod laws;\nmod plain;"),
            Source::new("crates/policy/src/decide/laws.rs", ""),
            Source::new("crates/policy/src/decide/laws/deep.rs", ""),
            Source::new("crates/policy/src/decide/plain.rs", ""),
        ];
        mark_test_modules(&mut sources);
        assert_eq!(sources.map(|source| source.is_test), [false, true, true, false]);
    }
}
