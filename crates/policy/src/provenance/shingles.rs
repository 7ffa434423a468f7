//! Runs of words of a text.

use std::collections::BTreeSet;

use crate::matcher::text::fold;

/// The runs of eight words of a text.
#[derive(Debug)]
pub struct Shingles {
    runs: BTreeSet<String>,
}

impl Shingles {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        let text = fold(text);
        let words: Vec<&str> = text.split(' ').collect();
        Self { runs: words.windows(8).map(|run| run.join(" ")).collect() }
    }

    /// Whether it repeats some of the other.
    pub fn repeats(&self, other: &Self) -> bool {
        self.runs.intersection(&other.runs).next().is_some()
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.runs.iter().map(String::len).sum()
    }
}
