//! From the text of a file to rules as typed.

use serde_saphyr::options::MergeKeyPolicy;
use serde_saphyr::{Error, Options};

use serde::de::DeserializeOwned;

use crate::error::{Fault, Place, PolicyError, advice};
use crate::rule::Rules;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// Reads a policy file in YAML or JSON, which is YAML. `file` is its name in errors.
pub fn read(file: &str, text: &str) -> Result<Rules, PolicyError> {
    yaml(file, text)
}

/// Reads any file that is written as policies are, with errors as for these.
pub fn yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PolicyError> {
    if text.len() > MAX_FILE_BYTES {
        let fault = Fault::new(Place::default(), format!("larger than {MAX_FILE_BYTES} bytes"));
        return Err(fault.hint("split it").within(file));
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| fault(&error).within(file))
}

/// Deepest nesting of a file. Ten conditions in one another, each in a list, are at 28; each takes 50 KB of stack in a
/// build for tests.
const MAX_NESTING: usize = 28;

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { flow_nesting_limit: MAX_NESTING, max_depth: MAX_NESTING },
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "more kinds of errors come with every release of the reader"
)]
fn fault(error: &Error) -> Fault {
    let error = error.without_snippet();
    let place = error.location().map(Place::from).unwrap_or_default();
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            Fault::new(place, format!("unknown field `{field}`")).hint(advice(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            Fault::new(place, format!("unknown value `{variant}`")).hint(advice(variant, expected))
        }
        Error::SerdeMissingField { field, .. } => {
            Fault::new(place, format!("`{field}` is missing")).hint(format!("add `{field}:`"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            Fault::new(place, format!("`{key}` occurs twice")).hint("keep one of them")
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            Fault::new(place, format!("{unexpected} does not belong here"))
                .hint(format!("expected {expected}"))
        }
        Error::Unexpected { expected, .. } => {
            Fault::new(place, "something else does not belong here").hint(format!("expected {expected}"))
        }
        other => Fault::new(place, plain(other)),
    }
}

/// The message without its place, which stands before it already.
fn plain(error: &Error) -> String {
    let text = error.to_string();
    match error.location() {
        Some(at) => text.replace(&format!(" at line {}, column {}", at.line(), at.column()), ""),
        None => text,
    }
}

#[cfg(test)]
mod tests;
