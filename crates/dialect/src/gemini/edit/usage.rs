//! Adding up the tokens of two answers.

use std::collections::BTreeMap;

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

/// Notes in `edits` what makes of `usageMetadata` in `second` the sum of it and of the one in `first`. Numbers that one of
/// them does not have are 0 there.
pub(super) fn add(
    first: (&[u8], Span),
    second: (&[u8], Span),
    edits: &mut Edits<'_>,
) -> Result<(), JsonError> {
    let (a, b) = (Reader::new(first.0)?, Reader::new(second.0)?);
    value((&a, first.1), (&b, second.1), edits)
}

type At<'r, 'b> = (&'r Reader<'b>, Span);

fn value(first: At<'_, '_>, second: At<'_, '_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
    let (mut a, mut b) = (first.0.again(first.1), second.0.again(second.1));
    match (a.kind()?, b.kind()?) {
        (Kind::Number, Kind::Number) => {
            if let (Some(more @ 1..), Some(known)) = (a.unsigned()?, b.unsigned()?) {
                edits.replace(second.1, known.saturating_add(more).to_string().into_bytes());
            }
            Ok(())
        }
        (Kind::Object, Kind::Object) => object(first, second, edits),
        (Kind::Array, Kind::Array) => modalities(first, second, edits),
        _ => Ok(()),
    }
}

fn object(first: At<'_, '_>, second: At<'_, '_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
    let (theirs, ours) = (members(first)?, members(second)?);
    let last = ours.values().copied().max_by_key(|span| span.end);
    let mut added = Vec::new();
    for (key, span) in theirs {
        if let Some(known) = ours.get(&key) {
            value((first.0, span), (second.0, *known), edits)?;
        } else if first.0.again(span).kind()? != Kind::String {
            let value = span.of(first.0.bytes());
            added.push([serde_json::Value::from(key).to_string().as_bytes(), b":", value].concat());
        }
    }
    append(added, last, second.1, edits);
    Ok(())
}

/// `[{"modality", "tokenCount"}]`
fn modalities(first: At<'_, '_>, second: At<'_, '_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
    let (theirs, ours) = (elements(first)?, elements(second)?);
    let last = ours.values().copied().max_by_key(|span| span.end);
    let mut added = Vec::new();
    for (modality, span) in theirs.into_iter().filter(|(modality, _)| modality.is_some()) {
        match ours.get(&modality) {
            Some(known) => value((first.0, span), (second.0, *known), edits)?,
            None => added.push(span.of(first.0.bytes()).to_vec()),
        }
    }
    append(added, last, second.1, edits);
    Ok(())
}

/// Puts items behind the last one of a list, which stands at `list`.
fn append(items: Vec<Vec<u8>>, last: Option<Span>, list: Span, edits: &mut Edits<'_>) {
    let mut comma = last.is_some();
    let at = last.map_or(list.start.saturating_add(1), |last| last.end);
    for item in items {
        edits.insert(at, if comma { [b",".as_slice(), &item].concat() } else { item });
        comma = true;
    }
}

fn members(at: At<'_, '_>) -> Result<BTreeMap<String, Span>, JsonError> {
    let mut found = BTreeMap::new();
    at.0.again(at.1).members(|r, key, _| {
        found.insert(key.as_str().into_owned(), r.value()?);
        Ok(())
    })?;
    Ok(found)
}

fn elements(at: At<'_, '_>) -> Result<BTreeMap<Option<String>, Span>, JsonError> {
    let mut found = BTreeMap::new();
    at.0.again(at.1).array(|r| {
        let span = r.value()?;
        let modality = r.again(span).member("modality", Reader::characters)?;
        found.insert(modality.map(Into::into), span);
        Ok(())
    })?;
    Ok(found)
}
