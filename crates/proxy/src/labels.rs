//! What is remembered of earlier exchanges: labels, which only tighten, and calls that were let through.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Label;
use siphasher::sip128::{Hasher128, SipHasher13};

/// Most labels that are kept of each kind; those that were not asked for the longest are forgotten first. A call that is
/// forgotten counts as never seen, which is stricter; a session or a row counts as new, which is not.
const MOST: usize = 262_144;

/// What a label is kept for. A keyed hash, so that nobody can make two things that share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    hash: (u64, u64),
    is_lasting: bool,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash.0);
    }
}

/// A table by keys, which are hashes already.
pub(crate) type ByKey<T> = HashMap<Key, T, BuildHasherDefault<Hashed>>;

/// The hash that a [`Key`] is.
#[derive(Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What a label is kept of.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Subject<'a> {
    /// A call that was let through: its id, its name, and its arguments if it has no id.
    Call(&'a str, &'a str, Option<&'a str>),
    /// A row of segments that was sent before, by a hash of it.
    Prefix(u64),
    /// What a provider keeps, by its id.
    Reference(&'a str),
    /// A session of a client.
    Session(&'a str),
    /// A tool: its group and its name.
    Tool(Option<&'a str>, &'a str),
}

/// Rules by which nothing is refused: their revision, and whether users are not trusted.
pub(crate) type Rules = (u64, bool);

/// What is kept of something.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    pub(crate) label: Label,
    /// Of a row of segments: the rules under which all of it was read last, if nothing is refused by them.
    pub(crate) read: Option<Rules>,
}

/// Keeps labels. (In memory here; a store may take its place.)
pub(crate) trait Labels: std::fmt::Debug + Send + Sync {
    /// What is kept for this.
    fn known(&self, key: Key) -> Option<Known>;

    /// Whether a label is kept for this.
    fn knows(&self, key: Key) -> bool;

    /// Tightens the label kept for this, or keeps it from now on; the rules, if any, take the place of others.
    fn tighten(&self, key: Key, known: &Known);
}

/// Makes keys. The hash has a key of its own, which nobody knows.
#[derive(Debug)]
pub(crate) struct Keys(SipHasher13);

impl Default for Keys {
    fn default() -> Self {
        let random = RandomState::new();
        Self(SipHasher13::new_with_keys(random.hash_one(0), random.hash_one(1)))
    }
}

/// To whom it belongs what a label is kept of: an agent, and who calls; without anybody, nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner(u64, u64);

impl Owner {
    /// Which no other has.
    pub(crate) fn numbers(self) -> [u64; 2] {
        [self.0, self.1]
    }
}

impl Keys {
    /// An agent, and who calls it, by their secret, which cannot be told from it.
    pub(crate) fn owner(&self, agent: &str, secret: &[u8]) -> Owner {
        let (high, low) = self.hash((agent, secret));
        Owner(high, low)
    }

    /// The key of something that belongs to `owner`.
    pub(crate) fn key(&self, owner: Owner, subject: Subject<'_>) -> Key {
        let is_lasting = match subject {
            Subject::Reference(_) | Subject::Session(_) => true,
            Subject::Call(..) | Subject::Prefix(..) | Subject::Tool(..) => false,
        };
        Key { hash: self.hash((owner.0, owner.1, subject)), is_lasting }
    }

    /// A number that nobody else can know.
    pub(crate) fn number(&self, of: u8) -> u64 {
        self.hash(of).0
    }

    fn hash(&self, of: impl Hash) -> (u64, u64) {
        let mut hasher = self.0;
        of.hash(&mut hasher);
        let hash = hasher.finish128();
        (hash.h1, hash.h2)
    }
}

/// Labels in memory. What would loosen a context if it were forgotten is kept apart, so that calls and rows of messages,
/// which come with every request, do not drive it out.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    lasting: Mutex<Kept>,
    passing: Mutex<Kept>,
}

/// Labels in two generations: what was asked for since the younger one was begun is in it.
#[derive(Debug, Default)]
struct Kept {
    old: ByKey<Known>,
    young: ByKey<Known>,
}

impl Kept {
    /// What is known of this key, which is young again.
    fn known(&mut self, key: Key) -> Option<&mut Known> {
        if self.young.len() >= MOST / 2 && !self.young.contains_key(&key) {
            let known = self.old.remove(&key)?;
            self.old = std::mem::take(&mut self.young);
            return Some(self.young.entry(key).or_insert(known));
        }
        match self.young.entry(key) {
            Entry::Occupied(young) => Some(young.into_mut()),
            Entry::Vacant(young) => Some(young.insert(self.old.remove(&key)?)),
        }
    }

    fn insert(&mut self, key: Key, known: Known) {
        if self.young.len() >= MOST / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }
}

impl InMemory {
    fn of(&self, key: Key) -> MutexGuard<'_, Kept> {
        let kept = if key.is_lasting { &self.lasting } else { &self.passing };
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Labels for InMemory {
    fn known(&self, key: Key) -> Option<Known> {
        self.of(key).known(key).map(|known| known.clone())
    }

    fn knows(&self, key: Key) -> bool {
        self.of(key).known(key).is_some()
    }

    fn tighten(&self, key: Key, known: &Known) {
        let mut kept = self.of(key);
        match kept.known(key) {
            Some(own) => {
                own.label = own.label.meet(&known.label);
                own.read = known.read.or(own.read);
            }
            None => kept.insert(key, known.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Audience, Trust};

    use super::*;

    impl From<Label> for Known {
        fn from(label: Label) -> Self {
            Self { label, read: None }
        }
    }

    fn label(labels: &InMemory, key: Key) -> Option<Label> {
        labels.known(key).map(|known| known.label)
    }

    #[test]
    fn labels_only_tighten_and_belong_to_their_owner() {
        let (keys, labels) = (Keys::default(), InMemory::default());
        let key = keys.key(keys.owner("agent", b"1"), Subject::Session("s"));
        assert_eq!(label(&labels, key), None);
        labels.tighten(key, &Label::of(Trust::Untrusted).into());
        labels.tighten(key, &Label { trust: Trust::Trusted, audience: Audience::readers(["a"]) }.into());
        let both = Label { trust: Trust::Untrusted, audience: Audience::readers(["a"]) };
        assert_eq!(label(&labels, key), Some(both));
        for other in [
            keys.key(keys.owner("agent", b"2"), Subject::Session("s")),
            keys.key(keys.owner("other", b"1"), Subject::Session("s")),
            keys.key(keys.owner("agent", b"1"), Subject::Reference("s")),
        ] {
            assert_eq!(label(&labels, other), None);
        }
    }

    #[test]
    fn the_rules_under_which_a_row_was_read_last_are_kept_until_others_come() {
        let (keys, labels) = (Keys::default(), InMemory::default());
        let row = keys.key(keys.owner("agent", b""), Subject::Prefix(7));
        for (read, expected) in [(None, None), (Some((1, false)), Some((1, false))), (None, Some((1, false)))]
        {
            labels.tighten(row, &Known { label: Label::default(), read });
            assert_eq!(labels.known(row).and_then(|known| known.read), expected);
        }
        labels.tighten(row, &Known { label: Label::of(Trust::Untrusted), read: Some((2, false)) });
        let both = Known { label: Label::of(Trust::Untrusted), read: Some((2, false)) };
        assert_eq!(labels.known(row), Some(both));
    }

    #[test]
    fn what_was_not_asked_for_the_longest_is_forgotten_and_sessions_outlast_calls() {
        let (keys, labels) = (Keys::default(), InMemory::default());
        let call =
            |number: usize| keys.key(keys.owner("agent", b""), Subject::Call(&number.to_string(), "f", None));
        let session = keys.key(keys.owner("agent", b""), Subject::Session("s"));
        labels.tighten(session, &Label::of(Trust::Untrusted).into());
        for number in 0..2 * MOST {
            labels.tighten(call(number), &Known::default());
            assert_eq!(label(&labels, call(0)), Some(Label::default()), "asked for again and again");
        }
        assert_eq!(
            (label(&labels, call(1)), label(&labels, call(2 * MOST - 1))),
            (None, Some(Label::default()))
        );
        assert_eq!(label(&labels, session), Some(Label::of(Trust::Untrusted)));
    }
}
