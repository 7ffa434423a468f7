//! Whether text of the person or the application repeats a result that is not trusted.

use std::sync::{Arc, PoisonError};

use crate::memory::{Digest, Memory, Repeats};

/// Most rows of results that are remembered of a text.
const MAX_KNOWN: usize = 16;

/// Most bytes of results with which texts are compared for one purpose. More is not looked at, and what was not looked at counts
/// as repeated. What is known counts like what is not: no verdict depends on what is remembered.
pub(crate) const MAX_COMPARED: usize = 1 << 30;

/// So many bytes count for each result, to begin with.
const LOOK: usize = 64;

/// A result that is not trusted.
#[derive(Debug)]
pub(crate) struct Suspect {
    pub digest: Arc<Digest>,
    /// The number of the result; 0 for what is none.
    pub number: usize,
    pub segment: usize,
    pub tool: String,
    /// As many bytes as all suspects up to this one count for.
    bytes: usize,
    /// A name for the row of all suspects up to this one.
    row: u64,
}

impl Suspect {
    /// The next in the row of `before`.
    pub fn new(
        before: &[Arc<Self>],
        digest: Arc<Digest>,
        place: (usize, usize, String),
        memory: &Memory,
    ) -> Self {
        let row = memory.row(Self::row(before), digest.serial());
        let bytes = Self::bytes(before).saturating_add(digest.raw().len()).saturating_add(LOOK);
        let (number, segment, tool) = place;
        Self { bytes, digest, number, segment, tool, row }
    }

    /// As many bytes as a row of them counts for.
    pub fn bytes(all: &[Arc<Self>]) -> usize {
        all.last().map_or(0, |last| last.bytes)
    }

    /// A name for a row of them.
    pub fn row(all: &[Arc<Self>]) -> u64 {
        all.last().map_or(0, |last| last.row)
    }
}

/// Whether the text repeats one of them. What was compared once is not compared again, as long as it is remembered.
pub(crate) fn repeats(text: &Digest, suspects: &[Arc<Suspect>]) -> bool {
    let Some(last) = suspects.last() else { return false };
    let known = text.repeats.lock().unwrap_or_else(PoisonError::into_inner);
    if known.no.contains(&last.row) {
        return false;
    }
    if suspects.iter().any(|suspect| known.yes.contains(&suspect.row)) {
        return true;
    }
    let clean = suspects
        .iter()
        .rposition(|suspect| known.no.contains(&suspect.row))
        .map_or(0, |at| at.saturating_add(1));
    drop(known);
    let own = text.runs();
    if own.is_empty() {
        return false;
    }
    let found = suspects.iter().skip(clean).find(|suspect| own.repeat(suspect.digest.sample()));
    let mut known = text.repeats.lock().unwrap_or_else(PoisonError::into_inner);
    let Repeats { no, yes } = &mut *known;
    match found {
        Some(suspect) => remember(yes, suspect.row),
        None => remember(no, last.row),
    }
    found.is_some()
}

fn remember(rows: &mut Vec<u64>, row: u64) {
    if rows.len() >= MAX_KNOWN {
        rows.remove(0);
    }
    rows.push(row);
}
