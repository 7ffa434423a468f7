//! Noticing that a text repeats another.

use std::collections::VecDeque;

use super::index::fold;

/// Bytes of a run that is compared. What two texts have in common for less is never noticed: phrases of every day are
/// shorter.
const RUN: usize = 64;
/// From how many neighbouring runs one is kept.
const WINDOW: usize = 33;
/// A prime by which the hash of a run rolls on.
const BASE: u64 = 0x0000_0100_0000_01b3;

/// Long runs of a text, to notice a text that repeats another one.
///
/// Texts are compared in NFKC, without case, and with single blanks. A run of [`Shingles::FOUND`] bytes (UTF-8) that
/// two texts have in common is always noticed, one of less than 64 never, in between it may be. Kept is one hash for
/// 17 bytes of text or so, about half of its memory.
#[derive(Clone, Debug)]
pub struct Shingles {
    /// In order, each once.
    hashes: Box<[u64]>,
}

impl Shingles {
    /// A common run of this many bytes is noticed wherever it stands.
    pub const FOUND: usize = RUN + WINDOW - 1;

    /// Takes in a text.
    pub fn of(text: &str) -> Self {
        let folded = fold::lower(&fold::plain(text));
        let mut hashes = winnowed(folded.as_bytes());
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes: hashes.into_boxed_slice() }
    }

    /// Whether both contain one same long run.
    pub fn repeats(&self, other: &Self) -> bool {
        let (few, many) = if self.hashes.len() < other.hashes.len() { (self, other) } else { (other, self) };
        few.hashes.iter().any(|hash| many.hashes.binary_search(hash).is_ok())
    }

    /// The bytes that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>().saturating_add(size_of_val(self.hashes.as_ref()))
    }
}

/// The smallest hash of each [`WINDOW`] neighbouring runs (Schleimer, Wilkerson and Aiken, "Winnowing", 2003).
fn winnowed(bytes: &[u8]) -> Vec<u64> {
    let leaving = (0..RUN).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut rolling = 0_u64;
    let mut kept: Vec<u64> = Vec::new();
    // Candidates, the smallest first; each later one is greater and nearer to the end.
    let mut window: VecDeque<(usize, u64)> = VecDeque::with_capacity(WINDOW);
    for (at, byte) in bytes.iter().enumerate() {
        rolling = rolling.wrapping_mul(BASE).wrapping_add(u64::from(*byte));
        if let Some(left) = at.checked_sub(RUN).and_then(|first| bytes.get(first)) {
            rolling = rolling.wrapping_sub(u64::from(*left).wrapping_mul(leaving));
        }
        if at.saturating_add(1) < RUN {
            continue;
        }
        let hash = mixed(rolling);
        while window.back().is_some_and(|(_, last)| *last >= hash) {
            window.pop_back();
        }
        window.push_back((at, hash));
        if window.front().is_some_and(|(first, _)| first.saturating_add(WINDOW) <= at) {
            window.pop_front();
        }
        if at.saturating_add(2) >= RUN.saturating_add(WINDOW)
            && let Some((_, least)) = window.front()
            && kept.last() != Some(least)
        {
            kept.push(*least);
        }
    }
    kept
}

/// Spreads what differs over all bits (the finalizer of SplitMix64).
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests;
