//! The environment: a misspelt variable must not pass in silence.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::command;

/// Prefix of our variables.
const OURS: &str = "ARCHESTRA_";

/// A value that has not the type of its setting, in one line like every other bad value; `None` for other errors.
pub(crate) fn bad_value(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let (flag, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let mut command = command();
    command.build();
    let mut arguments = command.get_subcommands().flat_map(|sub| sub.get_arguments());
    let variable = arguments.find(|argument| argument.to_string() == flag)?.get_env()?.to_str()?;
    let problem = match variable.ends_with("_ENABLED") {
        true => "is neither true nor false; for example true",
        false if value.is_empty() => "is empty; leave the variable out to have its default",
        false => "is no whole number; for example 128",
    };
    Some(format!("{variable}: {value:?} {problem}"))
}

/// Warns of variables with our prefix that mean nothing, and names the nearest that does.
pub(crate) fn warn_of_unknown() {
    let known = known();
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(OURS)) else { continue };
        if !known.iter().any(|known| known == name) {
            let nearest = nearest(name, &known);
            tracing::warn!(name, nearest, "unknown environment variable");
        }
    }
}

/// A variable that other programs know in lower case too.
pub(crate) fn lower_case(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Every variable that a command reads.
fn known() -> Vec<String> {
    let command = command();
    let arguments = command.get_subcommands().flat_map(|sub| sub.get_arguments());
    arguments.filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)).collect()
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    known.iter().map(String::as_str).min_by_key(|known| distance(name, known))
}

/// Edits (insert, delete, replace) from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let next: Vec<usize> = std::iter::once(left)
            .chain(to.bytes().zip(row.iter().skip(1)).map(|(b, &above)| {
                let replaced = diagonal + usize::from(a != b);
                diagonal = above;
                left = replaced.min(above + 1).min(left + 1);
                left
            }))
            .collect();
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_answered_with_the_one_meant() {
        assert_eq!(nearest("ARCHESTRA_OPENAI_URL", &known()), Some("ARCHESTRA_OPENAI_BASE_URL"));
        assert_eq!(nearest("ARCHESTRA_LISTN", &known()), Some("ARCHESTRA_LISTEN"));
        assert_eq!(
            (
                distance("abc", "abc"),
                distance("abc", "axc"),
                distance("", "abc"),
                distance("kitten", "sitting")
            ),
            (0, 1, 3, 3)
        );
    }
}
