//! Token counts of several answers, added up.

use model::Span;
use wire::json::{JsonError, Kind, Reader};
use wire::splice::Edits;

/// Most numbers that are kept of one answer; the API has about ten.
const MAX_NUMBERS: usize = 64;

/// What the end of a stream need not repeat of its beginning.
const OF_THE_REQUEST: [&str; 3] = ["cache_creation_input_tokens", "cache_read_input_tokens", "input_tokens"];

/// The numbers of a `usage` object, by their path in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Vec<(String, u64)>);

impl Tally {
    /// Takes in the object that `r` is at. A later number takes the place of an earlier one.
    pub(super) fn read(&mut self, r: &mut Reader<'_>) -> Result<(), JsonError> {
        numbers(r, "", &mut |path, number, _| {
            if let Some(number) = number {
                self.change(path, |_| number);
            }
        })
    }

    /// Adds all numbers of another one.
    pub(super) fn add(&mut self, other: &Self) {
        for (path, number) in &other.0 {
            self.change(path, |sum| sum.saturating_add(*number));
        }
    }

    /// Adds its numbers to those of the object that `r` is at.
    pub(super) fn add_to(&self, r: &mut Reader<'_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
        numbers(r, "", &mut |path, number, place| {
            if let (Some(before), Some(number)) = (self.get(path), number) {
                edits.replace(place, number.saturating_add(before).to_string().into_bytes());
            }
        })
    }

    /// Puts its numbers for the request into the object that `r` is at, where that has none.
    pub(super) fn complete(&self, r: &mut Reader<'_>, edits: &mut Edits<'_>) -> Result<(), JsonError> {
        let mut missing = OF_THE_REQUEST.map(|name| self.get(name).map(|number| (name, number)));
        r.kind()?;
        let start = r.position().saturating_add(1);
        let mut is_empty = true;
        r.members(|r, key, _| {
            is_empty = false;
            let known = missing.iter_mut().find(|known| known.is_some_and(|(name, _)| key.is(name)));
            let is_null = r.kind()? == Kind::Null;
            let place = r.value()?;
            if let Some((_, number)) = known.and_then(Option::take)
                && is_null
            {
                edits.replace(place, number.to_string().into_bytes());
            }
            Ok(())
        })?;
        for (name, number) in missing.into_iter().flatten().filter(|_| !is_empty) {
            edits.insert(start, format!(r#""{name}":{number},"#).into_bytes());
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == path).map(|(_, number)| *number)
    }

    /// Changes the number at a path, 0 if it is new.
    fn change(&mut self, path: &str, change: impl FnOnce(u64) -> u64) {
        if let Some((_, number)) = self.0.iter_mut().find(|(known, _)| known == path) {
            *number = change(*number);
        } else if self.0.len() < MAX_NUMBERS {
            self.0.push((path.to_owned(), change(0)));
        }
    }
}

/// Visits the numbers of an object, with those of the objects in it.
fn numbers(
    r: &mut Reader<'_>,
    under: &str,
    visit: &mut dyn FnMut(&str, Option<u64>, Span),
) -> Result<(), JsonError> {
    r.members(|r, key, _| {
        let path = format!("{under}{}", key.as_str());
        match r.kind()? {
            Kind::Number => {
                let start = r.position();
                let number = r.unsigned()?;
                visit(&path, number, Span { start, end: r.position() });
                Ok(())
            }
            Kind::Object => numbers(r, &format!("{path}/"), visit),
            Kind::Array | Kind::Bool | Kind::Null | Kind::String => r.skip(),
        }
    })
}
