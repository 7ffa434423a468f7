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

/// Every run of a text, by its hash: eight bytes for each byte of the text.
#[derive(Clone, Debug)]
pub struct Runs {
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
        let mut hashes: Vec<u64> = folded(text).as_bytes().windows(RUN).map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes: hashes.into_boxed_slice() }
    }

    /// Whether the text is too short to repeat anything.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether it repeats a long run of the other text.
    pub fn repeat(&self, other: &Sample) -> bool {
        !self.is_empty() && other.hashes.iter().any(|hash| self.hashes.binary_search(hash).is_ok())
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>().saturating_add(size_of_val(self.hashes.as_ref()))
    }
}

impl Sample {
    /// Takes in a text.
    pub fn of(text: &str) -> Self {
        Self { hashes: folded(text).as_bytes().windows(RUN).step_by(STEP).map(hash).collect() }
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>().saturating_add(size_of_val(self.hashes.as_ref()))
    }
}

fn folded(text: &str) -> String {
    fold::lower(&fold::plain(text))
}

fn hash(run: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(run);
    hasher.finish()
}

#[cfg(test)]
mod tests;
