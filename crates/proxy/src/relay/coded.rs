//! Undoing the content codings of an answer, should a provider apply one although it was asked not to.

use bytes::Bytes;
use wire::coding::{Coding, CodingError, Decoder};

/// A chain of decoders; empty for an answer in clear.
pub(super) struct Decoders(Vec<Decoder>);

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Decoders").field(&self.0.len()).finish()
    }
}

impl Decoders {
    /// For codings in the order in which they were applied. No piece may decode to more than `limit` bytes.
    pub(super) fn new(codings: &[Coding], limit: usize) -> Result<Self, CodingError> {
        codings.iter().rev().map(|coding| Decoder::new(*coding, limit)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes the next piece.
    pub(super) fn push(&mut self, coded: Bytes) -> Result<Bytes, CodingError> {
        self.0.iter_mut().try_fold(coded, |bytes, decoder| decoder.push(&bytes).map(Bytes::from))
    }

    /// What was still held back; an error if the coded bytes are incomplete.
    pub(super) fn finish(&mut self) -> Result<Bytes, CodingError> {
        let mut rest = Bytes::new();
        for mut decoder in self.0.drain(..) {
            let mut plain = decoder.push(&rest)?;
            plain.extend(decoder.finish()?);
            rest = plain.into();
        }
        Ok(rest)
    }
}
