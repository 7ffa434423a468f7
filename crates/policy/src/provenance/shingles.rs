//! Noticing that a text repeats another.

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
    let hashes = hashes(bytes);
    let mut kept = Vec::new();
    // The smallest one, and for how many more windows it is in them.
    let (mut least, mut stays) = (u64::MAX, 0_usize);
    for window in hashes.windows(WINDOW) {
        let newest = window.last().copied().unwrap_or(u64::MAX);
        if stays == 0 {
            let all = window.iter().enumerate().map(|(at, hash)| (*hash, WINDOW.saturating_sub(at)));
            let (hash, at) = all.min().unwrap_or((u64::MAX, WINDOW));
            (least, stays) = (hash, WINDOW.saturating_sub(at));
            kept.push(least);
        } else if newest <= least {
            if newest < least {
                kept.push(newest);
            }
            (least, stays) = (newest, WINDOW.saturating_sub(1));
        } else {
            stays = stays.saturating_sub(1);
        }
    }
    kept
}

/// The hash of each run, one for each byte at which a run can begin.
fn hashes(bytes: &[u8]) -> Vec<u64> {
    let Some((first, rest)) = bytes.split_at_checked(RUN) else { return Vec::new() };
    let leaving = (0..RUN).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let roll = |hash: u64, byte: u8| hash.wrapping_mul(BASE).wrapping_add(u64::from(byte));
    let mut rolling = first.iter().fold(0, |hash, byte| roll(hash, *byte));
    let mut all = Vec::with_capacity(rest.len().saturating_add(1));
    all.push(mixed(rolling));
    for (new, old) in rest.iter().zip(bytes) {
        rolling = roll(rolling, *new).wrapping_sub(u64::from(*old).wrapping_mul(leaving));
        all.push(mixed(rolling));
    }
    all
}

/// Spreads what differs over all bits (the finalizer of SplitMix64).
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests;
