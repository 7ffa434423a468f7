//! Bodies of answers to clients.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::record::Exchange;
use crate::relay::Relayed;
use crate::serve::{asked, handed_over};

/// Most bytes that are handed to the connection of a client at a time.
const PIECE: usize = 256 << 10;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    /// At hand.
    Full(Option<Bytes>),
    /// A provider's, at hand.
    Whole(Box<Whole>),
    /// Still arriving.
    Relayed(Box<Relayed>),
}

impl Body {
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::Full((!bytes.is_empty()).then_some(bytes))
    }

    /// A provider's answer, to be recorded when it has gone out.
    pub(crate) fn whole(bytes: Bytes, mut exchange: Exchange) -> Self {
        if bytes.is_empty() {
            exchange.relayed(); // it will not be asked for
        }
        Self::Whole(Box::new(Whole { exchange, rest: bytes }))
    }
}

/// A provider's answer in one piece. Its exchange ends when the client's connection has taken all of it.
#[derive(Debug)]
pub(crate) struct Whole {
    exchange: Exchange,
    rest: Bytes,
}

impl Whole {
    /// The next piece. Pieces are small enough for a client that takes nothing to be noticed.
    fn next(&mut self) -> Option<Bytes> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.exchange.sent(piece.len());
        if self.rest.is_empty() {
            self.exchange.relayed();
        }
        (!piece.is_empty()).then_some(piece)
    }
}

/// The answer could not be completed. The connection is broken off, so that the client cannot take what it has
/// for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the provider broke off")]
pub(crate) struct BrokenOff;

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        asked();
        let frame = match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Whole(whole) => Poll::Ready(whole.next().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Relayed(relayed) => relayed.poll_frame(cx),
        };
        if frame.is_ready() {
            handed_over();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Whole(whole) => whole.rest.is_empty(),
            Self::Relayed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Whole(whole) => SizeHint::with_exact(whole.rest.len() as u64),
            Self::Relayed(relayed) => relayed.size_hint(),
        }
    }
}
