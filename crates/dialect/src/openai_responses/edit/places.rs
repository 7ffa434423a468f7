//! Where the items of an answer stand in what the client is told: without gaps, whatever was taken out or put in.

use std::collections::BTreeSet;

/// Places of items, as the provider counts them and as the client is told.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// How many items the answers before this one have told.
    base: u64,
    /// The provider's places of which nothing is told.
    dropped: BTreeSet<u64>,
    /// The provider's places before which something was put, in order.
    put: Vec<u64>,
    /// The provider's places of which something is told.
    told: BTreeSet<u64>,
}

impl Places {
    /// Notes that the item at a place is told. It may share the place with one that is not.
    pub(super) fn tell(&mut self, place: u64) {
        if self.told.insert(place) {
            self.dropped.remove(&place);
        }
    }

    /// Notes that nothing is told of the item at a place.
    pub(super) fn drop(&mut self, place: u64) {
        if !self.told.contains(&place) {
            self.dropped.insert(place);
        }
    }

    /// Whether nothing is told of the item at a place.
    pub(super) fn is_dropped(&self, place: u64) -> bool {
        self.dropped.contains(&place)
    }

    /// Whether an item of this answer is told.
    pub(super) fn any(&self) -> bool {
        !self.told.is_empty()
    }

    /// Where the client is told that the item at a place of the provider's stands.
    pub(super) fn index(&self, place: u64) -> u64 {
        let less = self.dropped.range(..place).count();
        let more = self.put.iter().filter(|put| **put <= place).count();
        let sum = self.base.saturating_add(place).saturating_add(count(more));
        sum.saturating_sub(count(less))
    }

    /// A place for something new: that of the item whose place it takes, if nothing is told of it, else behind all. It is
    /// the provider's, and what the client is told.
    pub(super) fn put(&mut self, instead_of: Option<u64>) -> (u64, u64) {
        if let Some(place) = instead_of.filter(|place| !self.told.contains(place)) {
            self.tell(place);
            return (place, self.index(place));
        }
        let next = self.next();
        let index = self.index(next);
        self.put.push(next);
        (next, index)
    }

    /// Begins to count another answer behind this one.
    pub(super) fn go_on(&mut self) {
        let base = self.index(self.next());
        *self = Self { base, ..Self::default() };
    }

    /// The place of the provider's next item.
    fn next(&self) -> u64 {
        let last = self.told.last().max(self.dropped.last());
        last.map_or(0, |last| last.saturating_add(1))
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}
