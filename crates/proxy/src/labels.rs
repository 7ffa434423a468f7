//! What is remembered of earlier exchanges: labels, which only tighten, and calls that were let through.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use model::Label;

/// Most labels that are kept; the oldest are forgotten first. What is forgotten counts as never seen, which is
/// stricter.
const MOST: usize = 262_144;

/// What a label is kept for. A keyed hash, so that nobody can make two things that share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64, u64);

/// What a label is kept of.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Subject<'a> {
    /// A call that was let through: its id, its name, and its arguments if it has no id.
    Call(&'a str, &'a str, Option<&'a str>),
    /// A row of segments that was sent before, by a hash of it.
    Prefix(u64, u64),
    /// What a provider keeps, by its id.
    Reference(&'a str),
    /// A session of a client.
    Session(&'a str),
    /// A tool: its group and its name.
    Tool(Option<&'a str>, &'a str),
}

/// Keeps labels. (In memory here; a store may take its place.)
pub(crate) trait Labels: std::fmt::Debug + Send + Sync {
    /// The label kept for this.
    fn label(&self, key: Key) -> Option<Label>;

    /// Tightens the label kept for this, or keeps it from now on.
    fn tighten(&self, key: Key, label: &Label);
}

/// Makes keys.
#[derive(Debug, Default)]
pub(crate) struct Keys(RandomState, RandomState);

impl Keys {
    /// The key of something that belongs to `owner`: an agent, and who calls.
    pub(crate) fn key(&self, owner: (&str, u64), subject: Subject<'_>) -> Key {
        Key(self.0.hash_one((owner, subject)), self.1.hash_one((owner, subject)))
    }

    /// A number for a secret, from which it cannot be told.
    pub(crate) fn number(&self, secret: &[u8]) -> u64 {
        self.0.hash_one(secret)
    }
}

/// Labels in memory.
#[derive(Debug, Default)]
pub(crate) struct InMemory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    labels: HashMap<Key, Label>,
    /// Oldest first.
    order: VecDeque<Key>,
}

impl Labels for InMemory {
    fn label(&self, key: Key) -> Option<Label> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).labels.get(&key).cloned()
    }

    fn tighten(&self, key: Key, label: &Label) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.labels.get_mut(&key) {
            *known = known.meet(label);
            return;
        }
        if kept.order.len() >= MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.labels.remove(&oldest);
        }
        kept.order.push_back(key);
        kept.labels.insert(key, label.clone());
    }
}

#[cfg(test)]
mod tests {
    use model::{Audience, Trust};

    use super::*;

    #[test]
    fn labels_only_tighten_and_belong_to_their_owner() {
        let (keys, labels) = (Keys::default(), InMemory::default());
        let key = keys.key(("agent", 1), Subject::Session("s"));
        assert_eq!(labels.label(key), None);
        labels.tighten(key, &Label::of(Trust::Untrusted));
        labels.tighten(key, &Label { trust: Trust::Trusted, audience: Audience::readers(["a"]) });
        let both = Label { trust: Trust::Untrusted, audience: Audience::readers(["a"]) };
        assert_eq!(labels.label(key), Some(both));
        for other in [
            keys.key(("agent", 2), Subject::Session("s")),
            keys.key(("other", 1), Subject::Session("s")),
            keys.key(("agent", 1), Subject::Reference("s")),
        ] {
            assert_eq!(labels.label(other), None);
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let (keys, labels) = (Keys::default(), InMemory::default());
        let key = |number: usize| keys.key(("agent", 0), Subject::Session(&number.to_string()));
        for number in 0..=MOST {
            labels.tighten(key(number), &Label::default());
        }
        assert_eq!(labels.label(key(0)), None);
        assert_eq!(labels.label(key(1)), Some(Label::default()));
    }
}
