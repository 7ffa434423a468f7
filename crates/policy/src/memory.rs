//! What was read of contents and of conversations before: so that a long one costs per new segment, not per turn.
//!
//! Contents are found by a keyed hash and compared byte by byte, so that one is never taken for another, whatever an
//! attacker writes.

mod digest;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use digest::{Digest, Repeats, size};
use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;
pub(crate) use text::has_files;

use crate::conversation::turn::Turn;
use crate::identity::Declared;

/// How many parts of it can be used at the same time.
const SHARDS: usize = 16;

/// What was read of contents, declarations and conversations, bounded by the bytes that it takes. It changes no decision.
pub struct Memory {
    limit: usize,
    next: AtomicU64,
    seed: u64,
    shards: [Mutex<Shard>; SHARDS],
    shared: SharedSeed,
    used: Arc<AtomicUsize>,
}

/// A part of the memory.
#[derive(Default)]
struct Shard {
    contents: Kept<Digest>,
    declared: Kept<Declared>,
    turns: Kept<Turn>,
}

type Map<T> = BTreeMap<u64, Arc<T>>;

/// Two generations: what was used since the last sweep, and what was not, which the next sweep forgets.
struct Kept<T> {
    old: Map<T>,
    young: Map<T>,
}

impl<T> Kept<T> {
    fn find(&mut self, name: u64) -> Option<Arc<T>> {
        if let Some(found) = self.young.get(&name) {
            return Some(Arc::clone(found));
        }
        let found = self.old.remove(&name)?;
        self.young.insert(name, Arc::clone(&found));
        Some(found)
    }

    fn remove(&mut self, name: u64) -> Option<Arc<T>> {
        self.young.remove(&name).or_else(|| self.old.remove(&name))
    }

    fn sweep(&mut self) -> Map<T> {
        std::mem::replace(&mut self.old, std::mem::take(&mut self.young))
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { old: Map::new(), young: Map::new() }
    }
}

/// Bytes that count as taken as long as it lives. What is copied from its owner counts by itself.
#[derive(Debug, Default)]
pub(crate) struct Held {
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl Clone for Held {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Memory {
    /// An empty memory of about `bytes` at most; what conversations hold that are being judged comes on top. `key` is
    /// random, and a secret.
    pub fn new(key: [u8; 32], bytes: usize) -> Self {
        let mut words =
            key.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
        let mut word = || words.next().unwrap_or_default();
        let (seed, shared) = (word() ^ word().rotate_left(17), word() ^ word().rotate_left(29));
        Self {
            limit: bytes,
            next: AtomicU64::new(0),
            seed,
            shards: Default::default(),
            shared: SharedSeed::from_u64(shared),
            used: Arc::default(),
        }
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// A hash of bytes that nobody can foresee.
    pub(crate) fn hash(&self, raw: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, &self.shared);
        hasher.write(raw);
        hasher.finish()
    }

    /// The digest of a JSON text.
    pub(crate) fn digest(&self, raw: &[u8]) -> Arc<Digest> {
        let hash = self.hash(raw);
        let known = self.with(hash, |shard| shard.contents.find(hash));
        if let Some(known) = known.filter(|known| known.raw() == raw) {
            self.shrink(hash);
            return known;
        }
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let new = Arc::new(Digest::new(raw, serial, Arc::clone(&self.used)));
        let replaced = self.with(hash, |shard| shard.contents.young.insert(hash, Arc::clone(&new)));
        drop(replaced);
        self.shrink(hash);
        new
    }

    /// Tools, by a name of their declarations.
    pub(crate) fn declared(&self, name: u64) -> Option<Arc<Declared>> {
        self.with(name, |shard| shard.declared.find(name))
    }

    /// Remembers tools.
    pub(crate) fn keep_declared(&self, name: u64, declared: &Arc<Declared>) {
        let replaced = self.with(name, |shard| shard.declared.young.insert(name, Arc::clone(declared)));
        drop(replaced);
        self.shrink(name);
    }

    /// A conversation, by the name of it.
    pub(crate) fn turn(&self, name: u64) -> Option<Arc<Turn>> {
        self.with(name, |shard| shard.turns.find(name))
    }

    /// Remembers a conversation.
    pub(crate) fn keep(&self, name: u64, turn: &Arc<Turn>) {
        let replaced = self.with(name, |shard| shard.turns.young.insert(name, Arc::clone(turn)));
        drop(replaced);
        self.shrink(name);
    }

    /// Forgets a conversation.
    pub(crate) fn forget(&self, name: u64) {
        let forgotten = self.with(name, |shard| shard.turns.remove(name));
        drop(forgotten);
    }

    /// Counts bytes as taken.
    pub(crate) fn hold(&self, bytes: usize) -> Held {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Held { bytes, used: Arc::clone(&self.used) }
    }

    /// A name for a row of contents that goes on with one more, by their serial numbers.
    pub(crate) fn row(&self, before: u64, serial: u64) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, &self.shared);
        hasher.write_u64(before);
        hasher.write_u64(serial);
        hasher.finish()
    }

    /// Makes room if there is too little, beginning with the shard of this hash.
    fn shrink(&self, hash: u64) {
        let shards = u64::try_from(SHARDS).unwrap_or_default();
        for turn in 0..shards.saturating_mul(2) {
            if self.size() <= self.limit {
                return;
            }
            let sweep =
                |shard: &mut Shard| (shard.contents.sweep(), shard.declared.sweep(), shard.turns.sweep());
            // Dropped when the lock is free again.
            let forgotten = self.with(hash.wrapping_add(turn), sweep);
            drop(forgotten);
        }
    }

    fn with<T: Default>(&self, hash: u64, work: impl FnOnce(&mut Shard) -> T) -> T {
        let at = usize::try_from(hash).unwrap_or_default() % SHARDS;
        match self.shards.get(at) {
            Some(shard) => work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)),
            None => T::default(),
        }
    }
}

/// Says how much, not what.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("limit", &self.limit)
            .field("used", &self.size())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
