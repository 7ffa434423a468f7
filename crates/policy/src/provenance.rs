//! Where values come from: whether a leaf stands in trusted text, and whether a text repeats another.

mod index;
mod shingles;

pub use index::Index;
pub use shingles::Shingles;
