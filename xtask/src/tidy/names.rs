//! Never 4: a provider is a row and a dialect is a trait, so nobody branches on their names.

use super::lexer::Kind;
use super::paths::paths;
use super::source::Source;
use super::violation::Violation;

const PROVIDERS: [&str; 19] = [
    "anthropic",
    "azure",
    "cerebras",
    "deepseek",
    "fireworks",
    "gemini",
    "groq",
    "huggingface",
    "kimi",
    "minimax",
    "mistral",
    "ollama",
    "openai",
    "openrouter",
    "perplexity",
    "together",
    "vllm",
    "xai",
    "zhipuai",
];
/// Methods that compare.
const COMPARING: [&str; 4] = ["eq", "eq_ignore_ascii_case", "ne", "starts_with"];

/// Branches on a provider's name outside `upstream`, and on a dialect outside `dialect`.
pub fn check(source: &Source) -> Vec<Violation> {
    let Some(owner) = source.product_crate() else { return Vec::new() };
    let mut found = Vec::new();
    if owner != "upstream" {
        for (at, token) in source.product() {
            let name = token.content();
            if token.kind == Kind::Str && PROVIDERS.contains(&name) && is_branch(source, at, at + 1) {
                let hint = format!(
                    "a branch on the provider {name:?}: make it a field of the provider's row in upstream"
                );
                found.push(Violation::new(source.path, token.line, "never-4", hint));
            }
        }
    }
    if owner != "dialect" {
        for path in paths(source).iter().filter(|path| is_dialect(&path.segments)) {
            if is_branch(source, path.first, path.end) {
                let hint = format!(
                    "a branch on {}: make it a method of the dialect trait",
                    path.segments.join("::")
                );
                found.push(Violation::new(source.path, path.line, "never-4", hint));
            }
        }
    }
    found
}

/// `Dialect::OpenAiChat` and the like: a variant of an enum that is named after dialects.
fn is_dialect(segments: &[&str]) -> bool {
    let [.., owner, variant] = segments else { return false };
    owner.starts_with("Dialect") && is_type(variant) && variant.chars().any(char::is_lowercase)
}

fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// Whether the tokens `first..end` stand where a pattern or one side of a comparison stands, be it inside a
/// tuple, a slice or a variant.
fn is_branch(source: &Source, first: usize, end: usize) -> bool {
    // The pattern's own fields belong to it: `Dialect::Custom { .. }`.
    let end = source.brackets.partner(end).filter(|close| *close > end).map_or(end, |close| close + 1);
    if is_judged(source, first, end) {
        return true;
    }
    let Some(open) = source.brackets.around(first) else { return false };
    let Some(close) = source.brackets.partner(open) else { return false };
    let before = source.text_before(open, 1);
    if source.text_at(open) == "(" && COMPARING.contains(&before) {
        return true;
    }
    if before == "!" {
        return source.text_before(open, 2) == "matches";
    }
    // A call, an index or a block is not a pattern; a variant, a struct, a tuple or a slice may be one.
    let kind = open.checked_sub(1).and_then(|at| source.token(at)).map(|token| token.kind);
    let named = kind == Some(Kind::Ident) && !matches!(before, "if" | "in" | "let" | "match" | "return");
    let may_be_pattern = if source.text_at(open) == "{" {
        is_type(before) && source.text_before(first, 1) == ":"
    } else {
        !matches!(before, ")" | "]") && (!named || is_type(before))
    };
    let first = if named { path_start(source, open) } else { open };
    may_be_pattern && is_branch(source, first, close + 1)
}

/// The first token of the path that ends just before `at`.
fn path_start(source: &Source, at: usize) -> usize {
    let mut first = at.saturating_sub(1);
    while source.text_before(first, 1) == ":" && source.text_before(first, 2) == ":" && first >= 3 {
        first -= 3;
    }
    first
}

/// Whether the neighbours of `first..end` make it an arm, a `let` pattern or a side of `==`.
fn is_judged(source: &Source, first: usize, end: usize) -> bool {
    let before = (source.text_before(first, 2), source.text_before(first, 1));
    let after = (source.text_at(end), source.text_at(end + 1));
    match (before, after) {
        (_, ("=", ">" | "=") | ("!", "=")) | (("=" | "!", "="), _) => true,
        (_, ("if", _)) | ((_, "let"), _) => true,
        (_, ("|", next)) => next != "|",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    fn branches(text: &str) {
        assert_eq!(lines("crates/proxy/src/admit.rs", text), [1], "{text}");
    }

    fn is_free(text: &str) {
        assert_eq!(lines("crates/proxy/src/admit.rs", text), [0; 0], "{text}");
    }

    #[test]
    fn a_provider_is_not_matched() {
        branches("match name { \"openai\" => 1, _ => 2 }");
        branches("match name { \"a\" | \"openai\" => 1, _ => 2 }");
        branches("match name { \"openai\" | \"a\" => 1, _ => 2 }");
        branches("match name { \"openai\" if on => 1, _ => 2 }");
        branches("match name { Some(\"openai\") => 1, _ => 2 }");
        branches("match parts { [\"v1\", \"openai\", rest @ ..] => 1, _ => 2 }");
        branches("match pair { (\"openai\", _) => 1, _ => 2 }");
        branches("match row { upstream::Row { name: \"openai\", .. } => 1, _ => 2 }");
        branches("matches!(name, \"openai\")");
        branches("if let Some(\"openai\") = name {}");
    }

    #[test]
    fn a_provider_is_not_compared() {
        branches("if name == \"openai\" {}");
        branches("if \"openai\" != name {}");
        branches("if name == Some(\"openai\") {}");
        branches("if name.eq_ignore_ascii_case(\"openai\") {}");
    }

    #[test]
    fn a_name_is_not_a_branch() {
        is_free("const NAMES: [&str; 2] = [\"openai\", \"gemini\"];");
        is_free("match x { 1 => \"openai\", _ => \"gemini\" }");
        is_free("match x { 1 => { f(\"openai\"); 1 } _ => 2 }");
        is_free("let row = row(\"openai\"); let x = f(\"openai\") == row;");
        is_free("rows.map(|x| \"openai\")");
        is_free("if name == \"openai-beta\" {}");
        is_free("if kind == Kind::Own { \"openai\" } else { \"gemini\" }");
        is_free("if rows[\"openai\"] == row {}");
        is_free("#[cfg(test)] mod tests { fn f() { x == \"openai\" } }");
    }

    #[test]
    fn a_dialect_is_not_matched() {
        branches("match dialect { Dialect::Gemini => 1, _ => 2 }");
        branches("match dialect { model::Dialect::Custom { .. } => 1, _ => 2 }");
        branches("if dialect == model::Dialect::Gemini {}");
        branches("matches!(dialect, Dialect::Gemini)");
        is_free("let dialect = Dialect::Gemini;");
        is_free("Row { dialect: Dialect::Gemini, base }");
        is_free("match Dialect::of(path) { Some(dialect) => 1, None => 2 }");
        is_free("Dialect::named(\"x\") == 2");
    }

    #[test]
    fn the_owner_may() {
        assert_eq!(lines("crates/upstream/src/provider.rs", "if name == \"openai\" {}"), [0; 0]);
        assert_eq!(lines("crates/dialect/src/lib.rs", "match d { Dialect::Gemini => 1 }"), [0; 0]);
        assert_eq!(lines("crates/testkit/src/lib.rs", "if name == \"openai\" {}"), [0; 0]);
    }
}
