//! The task: what the person asked for.

use std::sync::Arc;

use model::Trust;

use super::Truth;
use super::text::{Glob, fold};

/// The words of the person in a conversation, made ready for comparing once.
#[derive(Clone, Debug, Default)]
pub struct Task {
    segments: Vec<(Trust, Arc<str>)>,
}

impl Task {
    /// The task of these user segments, each with its trust: where user text repeats an untrusted result, it is not
    /// trusted.
    pub fn new<'a>(segments: impl IntoIterator<Item = (Trust, &'a str)>) -> Self {
        Self { segments: segments.into_iter().map(|(trust, text)| (trust, fold(text).into())).collect() }
    }

    /// With one more user segment, its text folded.
    pub(crate) fn add(&mut self, trust: Trust, folded: Arc<str>) {
        self.segments.push((trust, folded));
    }

    /// Whether a segment has one of these phrases. Unknown if only segments have it that are not trusted.
    pub(crate) fn asks(&self, phrases: &[Phrase]) -> Truth {
        Truth::any(self.segments.iter().map(|(trust, text)| {
            match (phrases.iter().any(|phrase| phrase.is_in(text)), trust) {
                (false, _) => Truth::False,
                (true, Trust::Trusted) => Truth::True,
                (true, Trust::Derived | Trust::Untrusted) => Truth::Unknown,
            }
        }))
    }
}

/// What a person may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A whole segment is of this form.
    Form(Glob),
    /// This occurs, at the boundaries of words.
    Words(String),
}

impl Phrase {
    /// Reads a phrase; `None` if it is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = fold(text);
        match text.contains('*') {
            _ if text.is_empty() => None,
            true => Some(Self::Form(Glob::new(&text))),
            false => Some(Self::Words(text)),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Form(glob) => glob.matches(text),
            Self::Words(words) => text.match_indices(words.as_str()).any(|(at, found)| {
                let (before, rest) = text.split_at_checked(at).unwrap_or_default();
                let behind = rest.get(found.len()..).unwrap_or_default();
                !before.chars().next_back().is_some_and(is_of_word)
                    && !behind.chars().next().is_some_and(is_of_word)
            }),
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(trust: Trust, text: &str, phrase: &str) -> Truth {
        Task::new([(trust, text)]).asks(&[Phrase::new(phrase).unwrap()])
    }

    #[test]
    fn words_are_found_folded_and_whole() {
        assert_eq!(asks(Trust::Trusted, "Please MOVE it.", "move"), Truth::True);
        assert_eq!(asks(Trust::Trusted, "remove or moved", "move"), Truth::False);
        assert_eq!(asks(Trust::Trusted, "move  the\nevent", "Move the"), Truth::True);
        assert_eq!(asks(Trust::Trusted, "pay 3 bills", "pay * bills"), Truth::True);
        assert_eq!(asks(Trust::Trusted, "please pay 3 bills", "pay * bills"), Truth::False);
    }

    #[test]
    fn words_that_are_not_the_persons_prove_nothing() {
        assert_eq!(asks(Trust::Untrusted, "move it", "move"), Truth::Unknown);
        assert_eq!(asks(Trust::Untrusted, "see it", "move"), Truth::False);
        assert_eq!(Task::default().asks(&[Phrase::new("move").unwrap()]), Truth::False);
    }
}
