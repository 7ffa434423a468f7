//! Adding up what several answers used.

use std::collections::BTreeMap;

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

/// Numbers by the keys that lead to them.
pub(super) type Total = BTreeMap<Vec<String>, u64>;

/// Counts a `usage` in.
pub(super) fn count(total: &mut Total, r: &mut Reader<'_>) -> Result<(), JsonError> {
    walk(r, &mut Vec::new(), &mut |keys, number, _| {
        let sum = total.entry(keys.to_vec()).or_default();
        *sum = sum.saturating_add(number);
    })
}

/// Adds to the numbers of a `usage` what was counted before. Numbers that only one of them has stay as they are.
pub(super) fn add(total: &Total, r: &mut Reader<'_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
    walk(r, &mut Vec::new(), &mut |keys, number, span| {
        if let Some(before) = total.get(keys).filter(|before| **before > 0) {
            edits.replace(span, before.saturating_add(number).to_string().into_bytes());
        }
    })
}

/// Visits the whole numbers of an object and of the objects in it.
fn walk(
    r: &mut Reader<'_>,
    keys: &mut Vec<String>,
    visit: &mut dyn FnMut(&[String], u64, Span),
) -> Result<(), JsonError> {
    r.members(|r, key, _| {
        keys.push(key.as_str().into_owned());
        match r.kind()? {
            Kind::Number => {
                let start = r.position();
                let number = r.unsigned()?;
                let span = Span { start, end: r.position() };
                number.into_iter().for_each(|number| visit(keys, number, span));
            }
            Kind::Object => walk(r, keys, visit)?,
            Kind::Array | Kind::Bool | Kind::Null | Kind::String => r.skip()?,
        }
        keys.pop();
        Ok(())
    })
}
