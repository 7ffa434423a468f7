//! Labels: how far content can be trusted, and who may see it.

use std::collections::BTreeSet;

/// How far content can be trusted. The order is that of trust: the least trusted first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Anybody may have written it.
    Untrusted,
    /// Drawn from untrusted content by the quarantine, in a closed form.
    Derived,
    /// Written by the application or the person, or by a source that a rule vouches for.
    #[default]
    Trusted,
}

impl Trust {
    /// All levels, the least trusted first.
    pub const ALL: [Self; 3] = [Self::Untrusted, Self::Derived, Self::Trusted];

    /// Its name in policies, records and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Derived => "derived",
            Self::Trusted => "trusted",
        }
    }
}

/// Who may see content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Audience {
    /// No limit.
    #[default]
    Everyone,
    /// These readers and nobody else; none of them: nobody.
    Readers(BTreeSet<String>),
}

impl Audience {
    /// These readers only.
    pub fn readers<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::Readers(names.into_iter().map(Into::into).collect())
    }

    /// Those who may see both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everyone, narrow) | (narrow, Self::Everyone) => narrow.clone(),
            (Self::Readers(one), Self::Readers(two)) => Self::Readers(one & two),
        }
    }

    /// Whether everyone here is also in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Everyone) => true,
            (Self::Everyone, Self::Readers(_)) => false,
            (Self::Readers(one), Self::Readers(two)) => one.is_subset(two),
        }
    }
}

/// What may be done with content: a point in the product of both dimensions.
///
/// Labels are put together by [`meet`](Label::meet) only, which never loosens: it is associative, commutative and
/// idempotent, and the default label (trusted, for everyone) changes nothing.
///
/// ```
/// use model::{Audience, Label, Trust};
///
/// let page = Label { trust: Trust::Untrusted, audience: Audience::Everyone };
/// let file = Label { trust: Trust::Trusted, audience: Audience::readers(["internal"]) };
/// let both = Label { trust: Trust::Untrusted, audience: Audience::readers(["internal"]) };
/// assert_eq!(page.meet(&file), both);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Label {
    /// How far it can be trusted.
    pub trust: Trust,
    /// Who may see it.
    pub audience: Audience,
}

impl Label {
    /// A label of this trust, for everyone.
    pub fn of(trust: Trust) -> Self {
        Self { trust, audience: Audience::Everyone }
    }

    /// The label of content that holds both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self { trust: self.trust.min(other.trust), audience: self.audience.meet(&other.audience) }
    }

    /// Whether it is as tight as `other` or tighter, in both dimensions.
    pub fn is_within(&self, other: &Self) -> bool {
        self.trust <= other.trust && self.audience.is_within(&other.audience)
    }
}

impl<'a> FromIterator<&'a Label> for Label {
    /// The label of content that holds all of them; of none, the default.
    fn from_iter<I: IntoIterator<Item = &'a Label>>(labels: I) -> Self {
        labels.into_iter().fold(Self::default(), |all, one| all.meet(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every label over two readers.
    fn all() -> Vec<Label> {
        let audiences = [
            Audience::Everyone,
            Audience::readers(["a", "b"]),
            Audience::readers(["a"]),
            Audience::readers(["b"]),
            Audience::readers::<&str>([]),
        ];
        let label = |trust, audience: &Audience| Label { trust, audience: audience.clone() };
        Trust::ALL.iter().flat_map(|trust| audiences.iter().map(move |a| label(*trust, a))).collect()
    }

    #[test]
    fn meeting_is_a_semilattice_with_the_default_on_top() {
        for a in all() {
            assert_eq!(a.meet(&a), a);
            assert_eq!(a.meet(&Label::default()), a);
            for b in all() {
                assert_eq!(a.meet(&b), b.meet(&a));
                for c in all() {
                    assert_eq!(a.meet(&b).meet(&c), a.meet(&b.meet(&c)));
                }
            }
        }
    }

    #[test]
    fn a_meet_is_the_loosest_label_within_both() {
        for a in all() {
            for b in all() {
                let both = a.meet(&b);
                assert!(both.is_within(&a) && both.is_within(&b));
                assert_eq!(a.is_within(&b), both == a);
                for c in all() {
                    assert_eq!(c.is_within(&a) && c.is_within(&b), c.is_within(&both));
                }
            }
        }
    }

    #[test]
    fn labels_of_many_are_met_in_any_order() {
        let mut labels = all();
        let forward: Label = labels.iter().collect();
        labels.reverse();
        assert_eq!(forward, labels.iter().collect());
        assert_eq!(Label::from_iter([]), Label::default());
    }
}
