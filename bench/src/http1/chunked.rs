//! The chunked transfer coding (RFC 9112, section 7.1), decoded as it arrives.

use anyhow::{Context, Result, ensure};

/// Longest chunk size or trailer line accepted, in bytes.
const LINE_LIMIT: usize = 8 * 1024;

/// Where in the coding the next byte falls.
#[derive(Default)]
pub enum Decoder {
    /// In a chunk with this many bytes to come.
    Data(usize),
    /// Behind a chunk's data, before its line end.
    DataEnd,
    /// Behind the last trailer.
    Done,
    /// Before a chunk size.
    #[default]
    Size,
    /// Behind the last chunk.
    Trailer,
}

impl Decoder {
    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Decodes what it can and says how many bytes of `input` are spent; the rest must be presented again,
    /// followed by more.
    pub fn decode(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize> {
        let mut rest = input;
        while !self.is_done() && self.step(&mut rest, sink)? {}
        Ok(input.len().saturating_sub(rest.len()))
    }

    /// Takes one line or one piece of data; false when the input does not hold a whole one.
    fn step(&mut self, rest: &mut &[u8], sink: &mut impl FnMut(&[u8])) -> Result<bool> {
        if let Self::Data(left) = self {
            let Some((piece, behind)) = rest.split_at_checked((*left).min(rest.len())) else {
                return Ok(false);
            };
            sink(piece);
            *rest = behind;
            *left = left.saturating_sub(piece.len());
            let complete = *left == 0;
            if complete {
                *self = Self::DataEnd;
            }
            return Ok(complete);
        }
        let Some(end) = memchr::memchr(b'\n', rest) else {
            ensure!(rest.len() < LINE_LIMIT, "chunk line over {LINE_LIMIT} bytes");
            return Ok(false);
        };
        let (line, behind) = rest.split_at_checked(end.saturating_add(1)).unwrap_or_default();
        *rest = behind;
        *self = self.behind_line(line.trim_ascii())?;
        Ok(true)
    }

    fn behind_line(&self, line: &[u8]) -> Result<Self> {
        match self {
            Self::Size => {
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                let text = std::str::from_utf8(digits.trim_ascii()).context("chunk size is no text")?;
                let size =
                    usize::from_str_radix(text, 16).with_context(|| format!("bad chunk size {text:?}"))?;
                Ok(if size == 0 { Self::Trailer } else { Self::Data(size) })
            }
            Self::DataEnd => {
                ensure!(line.is_empty(), "chunk longer than its size");
                Ok(Self::Size)
            }
            Self::Trailer if !line.is_empty() => Ok(Self::Trailer),
            Self::Data(_) | Self::Done | Self::Trailer => Ok(Self::Done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_cut_at_every_byte_decodes_the_same() {
        let coded = b"5\r\nhello\r\n1;note=x\r\n,\r\nA\r\n\nchunked!!\r\n0\r\nx-trailer: 1\r\n\r\n";
        for cut in 0..=coded.len() {
            let mut decoded = Vec::new();
            let mut decoder = Decoder::default();
            let mut sink = |piece: &[u8]| decoded.extend_from_slice(piece);
            let used = decoder.decode(&coded[..cut], &mut sink).unwrap();
            let used = used + decoder.decode(&coded[used..], &mut sink).unwrap();
            assert_eq!(used, coded.len(), "cut at {cut}");
            assert!(decoder.is_done(), "cut at {cut}");
            assert_eq!(decoded, b"hello,\nchunked!!", "cut at {cut}");
        }
    }

    #[test]
    fn a_chunk_longer_than_its_size_is_an_error() {
        assert!(Decoder::default().decode(b"2\r\nabc\r\n", &mut |_: &[u8]| {}).is_err());
    }
}
