//! Adding up what answers cost.

use std::collections::HashMap;

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

/// Numbers of a usage by the names that lead to them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    leaves: HashMap<Vec<String>, String>,
}

impl Counts {
    /// Adds a usage to these numbers.
    pub(super) fn take(&mut self, reader: &Reader<'_>, usage: Span) -> Result<(), JsonError> {
        each_number(&mut reader.again(usage), &mut Vec::new(), &mut |path, number, _| {
            let all = self.leaves.get(path).and_then(|known| sum(known, number));
            self.leaves.insert(path.to_vec(), all.unwrap_or_else(|| number.to_owned()));
        })
    }

    /// Adds these numbers to a usage.
    pub(super) fn add_to(
        &self,
        reader: &Reader<'_>,
        usage: Span,
        edits: &mut Edits<'_>,
    ) -> Result<(), JsonError> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        each_number(&mut reader.again(usage), &mut Vec::new(), &mut |path, number, span| {
            let all = self.leaves.get(path).and_then(|known| sum(known, number));
            if let Some(all) = all.filter(|all| all != number) {
                edits.replace(span, all.into_bytes());
            }
        })
    }
}

fn each_number(
    r: &mut Reader<'_>,
    path: &mut Vec<String>,
    visit: &mut impl FnMut(&[String], &str, Span),
) -> Result<(), JsonError> {
    r.members(|r, key, _| match r.kind()? {
        Kind::Number => {
            let span = r.value()?;
            path.push(key.as_str().into_owned());
            visit(path, &String::from_utf8_lossy(span.of(r.bytes())), span);
            path.pop();
            Ok(())
        }
        Kind::Object => {
            path.push(key.as_str().into_owned());
            each_number(r, path, visit)?;
            path.pop();
            Ok(())
        }
        Kind::Array | Kind::Bool | Kind::Null | Kind::String => r.skip(),
    })
}

/// The sum of two numbers; none if it cannot be written.
fn sum(one: &str, two: &str) -> Option<String> {
    if let (Ok(one), Ok(two)) = (one.parse::<u64>(), two.parse::<u64>()) {
        return one.checked_add(two).map(|all| all.to_string());
    }
    let all = one.parse::<f64>().ok()? + two.parse::<f64>().ok()?;
    serde_json::Number::from_f64(all).map(|all| all.to_string())
}
