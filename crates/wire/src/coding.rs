//! Content codings (RFC 9110, section 8.4.1): undone where bytes are read, never applied.

use std::io::{self, Write};

/// A coding that we can undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 7932.
    Brotli,
    /// `zlib` format of RFC 1950.
    Deflate,
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames.
    Zstd,
}

impl Coding {
    /// By its name in `content-encoding`, case-insensitive.
    pub fn by_name(name: &str) -> Option<Self> {
        let names = [
            ("br", Self::Brotli),
            ("deflate", Self::Deflate),
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("zstd", Self::Zstd),
        ];
        names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim())).map(|(_, coding)| *coding)
    }
}

/// Why coded bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodingError {
    /// Not what the coding promises, or cut short.
    #[error("the body is not valid in its content-encoding")]
    Corrupt,
    /// More bytes come out than may.
    #[error("the decoded body is larger than {0} bytes")]
    TooLarge(usize),
}

/// Largest window that a zstd frame may ask for: 2^27 bytes, the most that RFC 8878 wants supported.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Undoes one coding piece by piece.
pub struct Decoder(Inner);

enum Inner {
    Brotli(Box<brotli::DecompressorWriter<Capped>>),
    Deflate(flate2::write::ZlibDecoder<Capped>),
    Gzip(flate2::write::MultiGzDecoder<Capped>),
    Zstd(zstd::stream::zio::Writer<Capped, zstd::stream::raw::Decoder<'static>>),
}

impl Decoder {
    /// A decoder that hands out at most `limit` bytes for each [`push`](Self::push).
    pub fn new(coding: Coding, limit: usize) -> Result<Self, CodingError> {
        let out = Capped { bytes: Vec::new(), limit };
        Ok(Self(match coding {
            Coding::Brotli => Inner::Brotli(Box::new(brotli::DecompressorWriter::new(out, 4096))),
            Coding::Deflate => Inner::Deflate(flate2::write::ZlibDecoder::new(out)),
            Coding::Gzip => Inner::Gzip(flate2::write::MultiGzDecoder::new(out)),
            Coding::Zstd => {
                let mut frames = zstd::stream::raw::Decoder::new().map_err(|_| CodingError::Corrupt)?;
                let window = zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG);
                frames.set_parameter(window).map_err(|_| CodingError::Corrupt)?;
                Inner::Zstd(zstd::stream::zio::Writer::new(out, frames))
            }
        }))
    }

    /// What `coded` adds to the decoded bytes.
    pub fn push(&mut self, coded: &[u8]) -> Result<Vec<u8>, CodingError> {
        let written = match &mut self.0 {
            Inner::Brotli(w) => w.write_all(coded).and_then(|()| w.flush()),
            Inner::Deflate(w) => w.write_all(coded).and_then(|()| w.flush()),
            Inner::Gzip(w) => w.write_all(coded).and_then(|()| w.flush()),
            Inner::Zstd(w) => w.write_all(coded).and_then(|()| w.flush()),
        };
        self.take(written)
    }

    /// Ends the coded bytes; what still came out, or an error if something is missing.
    pub fn finish(mut self) -> Result<Vec<u8>, CodingError> {
        let ended = match &mut self.0 {
            Inner::Brotli(w) => w.close(),
            Inner::Deflate(w) => w.try_finish(),
            Inner::Gzip(w) => w.try_finish(),
            Inner::Zstd(w) => w.finish(),
        };
        self.take(ended)
    }

    fn take(&mut self, result: io::Result<()>) -> Result<Vec<u8>, CodingError> {
        let out = match &mut self.0 {
            Inner::Brotli(w) => w.get_mut(),
            Inner::Deflate(w) => w.get_mut(),
            Inner::Gzip(w) => w.get_mut(),
            Inner::Zstd(w) => w.writer_mut(),
        };
        match result {
            Ok(()) => Ok(std::mem::take(&mut out.bytes)),
            Err(_) if out.bytes.len() >= out.limit => Err(CodingError::TooLarge(out.limit)),
            Err(_) => Err(CodingError::Corrupt),
        }
    }
}

/// Undoes a coding on a whole body that may be at most `limit` bytes long decoded.
pub fn decode(coding: Coding, coded: &[u8], limit: usize) -> Result<Vec<u8>, CodingError> {
    let mut decoder = Decoder::new(coding, limit)?;
    let mut out = decoder.push(coded)?;
    out.extend(decoder.finish()?);
    if out.len() > limit { Err(CodingError::TooLarge(limit)) } else { Ok(out) }
}

/// Takes at most `limit` bytes, so that a bomb stops where it passes the limit.
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.bytes.len());
        if room == 0 && !more.is_empty() {
            return Err(io::Error::other("too large"));
        }
        let taken = more.get(..room).unwrap_or(more);
        self.bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
