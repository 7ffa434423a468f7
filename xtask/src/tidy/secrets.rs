//! Never 5: secrets are opened in one place, and neither they nor content reach a log line.

use super::lexer::Kind;
use super::source::Source;
use super::violation::Violation;

const LOG_MACROS: [&str; 12] = [
    "debug",
    "debug_span",
    "error",
    "error_span",
    "event",
    "info",
    "info_span",
    "span",
    "trace",
    "trace_span",
    "warn",
    "warn_span",
];
/// Names that stand for content or for a credential.
const SENSITIVE: [&str; 6] = ["api_key", "authorization", "body", "content", "headers", "token"];
/// What may be said about them.
const HARMLESS: [&str; 2] = ["is_empty", "len"];

/// `expose_secret` outside `upstream/auth`, and sensitive names in log macros.
pub fn check(source: &Source) -> Vec<Violation> {
    if source.product_crate().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, token) in source.product() {
        if token.text == "expose_secret" && !source.path.starts_with("crates/upstream/src/auth") {
            let hint = "a secret is opened only in crates/upstream/src/auth: hand the secret itself on";
            found.push(Violation::new(source.path, token.line, "never-5", hint));
        }
        let is_log = LOG_MACROS.contains(&token.text) && source.text_at(at + 1) == "!";
        if let Some(close) = source.brackets.partner(at + 2).filter(|_| is_log) {
            found.extend((at + 3..close).filter_map(|inside| leak(source, inside)));
        }
    }
    found
}

/// What the token at `at`, inside a log macro, would write that it must not.
fn leak(source: &Source, at: usize) -> Option<Violation> {
    let token = source.token(at)?;
    let name = match token.kind {
        Kind::Ident if !is_measured(source, at) => SENSITIVE.into_iter().find(|name| *name == token.text),
        Kind::Str => SENSITIVE.into_iter().find(|name| captures(token.content(), name)),
        _ => None,
    }?;
    let hint =
        format!("{name} in a log line: log which exchange it was and what happened, never what was said");
    Some(Violation::new(source.path, token.line, "never-5", hint))
}

/// `body.len()` says nothing of the body.
fn is_measured(source: &Source, at: usize) -> bool {
    source.text_at(at + 1) == "." && HARMLESS.contains(&source.text_at(at + 2))
}

/// Whether a format string captures `name`, as in `"got {name:?}"`.
fn captures(format: &str, name: &str) -> bool {
    format.replace("{{", "").split('{').skip(1).any(|after| after.split(['}', ':']).next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn secrets_are_opened_in_one_place() {
        let text = "fn f() {\n key.expose_secret() }";
        assert_eq!(lines("crates/proxy/src/admit.rs", text), [2]);
        assert_eq!(lines("crates/upstream/src/client.rs", text), [2]);
        assert_eq!(lines("crates/upstream/src/auth.rs", text), [0; 0]);
        assert_eq!(lines("crates/upstream/src/auth/gcp.rs", text), [0; 0]);
    }

    #[test]
    fn content_is_not_logged() {
        let path = "crates/proxy/src/read.rs";
        assert_eq!(lines(path, "warn!(body = %x, \"refused\");"), [1]);
        assert_eq!(lines(path, "tracing::info!(?headers, \"got\");"), [1]);
        assert_eq!(lines(path, "error!(\n agent = 1,\n key = api_key,\n \"x\");"), [3]);
        assert_eq!(lines(path, "debug!(\"got {content:?}\");"), [1]);
        assert_eq!(lines(path, "trace!(x = request.headers().len());"), [1]);
    }

    #[test]
    fn measures_and_messages_are_fine() {
        let path = "crates/proxy/src/read.rs";
        assert_eq!(lines(path, "warn!(bytes = body.len(), %error, \"the body is too large\");"), [0; 0]);
        assert_eq!(lines(path, "warn!(content_type, tokens = 3, \"{{body}} {body_bytes}\");"), [0; 0]);
        assert_eq!(lines(path, "let body = x; error(body); #[test] fn f() { warn!(body) }"), [0; 0]);
    }
}
