//! The task: what the person asked for.

use std::sync::{Arc, OnceLock};

use model::Trust;

use super::Truth;
use super::text::{Glob, fold};
use crate::conversation::repeat::{MAX_COMPARED, Suspect, repeats};
use crate::memory::Digest;

/// The words of the person in a conversation, made ready for comparing once.
#[derive(Clone, Debug, Default)]
pub struct Task {
    segments: Vec<Said>,
    /// Results that are not trusted, in order.
    suspects: Vec<Arc<Suspect>>,
}

/// One user segment.
#[derive(Clone, Debug)]
struct Said {
    /// It, and how many of the suspects stand before it. None if it is not to be looked for in them.
    doubt: Option<(Arc<Digest>, usize)>,
    /// Whether it repeats one of them: what stands before it never changes.
    repeats: OnceLock<bool>,
    text: Arc<str>,
    trust: Trust,
}

impl Task {
    /// The task of these user segments, each with its trust: where user text repeats an untrusted result, it is not
    /// trusted.
    pub fn new<'a>(segments: impl IntoIterator<Item = (Trust, &'a str)>) -> Self {
        let said =
            |(trust, text)| Said { doubt: None, repeats: OnceLock::new(), text: fold(text).into(), trust };
        Self { segments: segments.into_iter().map(said).collect(), suspects: Vec::new() }
    }

    /// With one more user segment. It is of less trust than said if it repeats one of the suspects before it, which is
    /// looked at when it matters.
    pub(crate) fn add(&mut self, trust: Trust, digest: &Arc<Digest>, suspects: &[Arc<Suspect>]) {
        let new = suspects.iter().skip(self.suspects.len());
        self.suspects.extend(new.cloned());
        let doubt = Some((Arc::clone(digest), suspects.len()));
        let (repeats, text) = (OnceLock::new(), Arc::clone(digest.folded()));
        self.segments.push(Said { doubt, repeats, text, trust });
    }

    /// Takes the bytes of what stands before it from `left`.
    fn trust(&self, said: &Said, left: &mut usize) -> Trust {
        let Some((digest, before)) = &said.doubt else { return said.trust };
        let suspects = self.suspects.get(..*before).unwrap_or(&self.suspects);
        let compared = left.checked_sub(Suspect::bytes(suspects));
        *left = compared.unwrap_or_default();
        let is_own = compared.is_some() && !said.repeats.get_or_init(|| repeats(digest, suspects));
        if is_own { said.trust } else { Trust::Untrusted }
    }

    /// Whether a segment has one of these phrases. Unknown if only segments have it that are not trusted.
    pub(crate) fn asks(&self, phrases: &[Phrase]) -> Truth {
        let mut left = MAX_COMPARED;
        let mut found = Truth::False;
        let is_of = |said: &&Said| phrases.iter().any(|phrase| phrase.is_in(&said.text));
        for said in self.segments.iter().rev().filter(is_of) {
            match self.trust(said, &mut left) {
                Trust::Trusted => return Truth::True,
                Trust::Derived | Trust::Untrusted => found = Truth::Unknown,
            }
        }
        found
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
