//! What is wrong with a policy file, for the person who writes it.

use std::fmt;

use serde_saphyr::Location;

/// A place in a file, counted from 1; 0 where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// What is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// What to do, if that is known.
    pub hint: Option<String>,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.place.line, self.place.column, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A fault that does not know its file yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub hint: Option<String>,
    pub place: Place,
    pub what: String,
}

impl Fault {
    /// `what` is wrong at `place`.
    pub fn new(place: Place, what: impl Into<String>) -> Self {
        Self { hint: None, place, what: what.into() }
    }

    /// With what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// At this place, unless a nearer one is known.
    pub fn at(mut self, place: Place) -> Self {
        if self.place == Place::default() {
            self.place = place;
        }
        self
    }

    /// In this file.
    pub fn within(self, file: &str) -> PolicyError {
        PolicyError { file: file.to_owned(), hint: self.hint, place: self.place, what: self.what }
    }
}

/// Advice for a word that is none of `known`: the nearest of them, or all.
pub(crate) fn advice(word: &str, known: &[&str]) -> String {
    let distance = |name: &&&str| strsim::damerau_levenshtein(word, name);
    match known.iter().min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= nearest.len().div_ceil(3) => {
            format!("did you mean `{nearest}`?")
        }
        Some(_) => format!("known here: {}", known.join(", ")),
        None => "nothing belongs here".to_owned(),
    }
}
