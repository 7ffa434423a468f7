//! Noticing that a text repeats another.
//!
//! Texts are compared in NFKC, without case, and with single blanks. A run of [`FOUND`] bytes (UTF-8) that two texts
//! have in common is always noticed, one of less than 64 never, in between it may be. Of one text every run is known,
//! of the other one in so many; whichever 96 bytes are in both, one of those lies within.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

use super::index::fold;

/// Bytes of a run that is compared. What two texts have in common for less is never noticed: phrases of every day are
/// shorter.
const RUN: usize = 64;
/// How far apart the runs of a sample begin.
const STEP: usize = 33;

/// A common run of this many bytes is noticed wherever it stands.
#[cfg(test)]
const FOUND: usize = RUN + STEP - 1;

/// Every run of a text, by its hash: nine bytes for each byte of the text, or ten.
#[derive(Clone, Debug)]
pub struct Runs {
    /// A bit for what a hash begins with: few that are not there have it.
    filter: Box<[u64]>,
    /// In order, each once.
    hashes: Box<[u64]>,
}

/// Some runs of a text, by their hashes: a quarter of its bytes.
#[derive(Clone, Debug)]
pub struct Sample {
    hashes: Box<[u64]>,
}

impl Runs {
    /// Takes in a text.
    pub fn of(text: &str) -> Self {
        let mut hashes: Vec<u64> = fold::folded(text).windows(RUN).map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let words = hashes.len().next_power_of_two().div_ceil(8);
        let mut filter = vec![0_u64; words].into_boxed_slice();
        for hash in &hashes {
            let (at, bit) = place(*hash, words);
            filter.get_mut(at).into_iter().for_each(|word| *word |= bit);
        }
        Self { filter, hashes: hashes.into_boxed_slice() }
    }

    /// Whether the text is too short to repeat anything.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether it repeats a long run of the other text.
    pub fn repeat(&self, other: &Sample) -> bool {
        !self.is_empty() && other.hashes.iter().any(|hash| self.has(*hash))
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        let hashes = size_of_val(self.hashes.as_ref()).saturating_add(size_of_val(self.filter.as_ref()));
        size_of::<Self>().saturating_add(hashes)
    }

    fn has(&self, hash: u64) -> bool {
        let (at, bit) = place(hash, self.filter.len());
        let may_be = self.filter.get(at).is_some_and(|word| word & bit != 0);
        may_be && self.hashes.binary_search(&hash).is_ok()
    }
}

impl Sample {
    /// Takes in a text.
    pub fn of(text: &str) -> Self {
        Self { hashes: fold::folded(text).windows(RUN).step_by(STEP).map(hash).collect() }
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>().saturating_add(size_of_val(self.hashes.as_ref()))
    }
}

/// The word of a filter, and the bit in it, for a hash. The number of words is a power of two.
fn place(hash: u64, words: usize) -> (usize, u64) {
    let at = usize::try_from(hash >> 6).unwrap_or_default() & words.saturating_sub(1);
    (at, 1 << (hash & 63))
}

fn hash(run: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(run);
    hasher.finish()
}

#[cfg(test)]
mod tests;
