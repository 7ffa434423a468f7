//! Bodies of requests to providers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// What is sent to a provider: bytes that were read and judged, or a body passed through as it arrives.
#[derive(Debug)]
pub struct RequestBody(Inner);

#[derive(Debug)]
enum Inner {
    Full(Option<Bytes>),
    Streamed(Incoming, Arc<AtomicU64>),
}

impl RequestBody {
    /// A body that is at hand.
    pub fn full(bytes: Bytes) -> Self {
        Self(Inner::Full((!bytes.is_empty()).then_some(bytes)))
    }

    /// A body that is still arriving.
    pub fn streamed(body: Incoming) -> Self {
        Self(Inner::Streamed(body, Arc::default()))
    }

    /// Counts the bytes sent so far; `None` if all of it is at hand.
    pub fn progress(&self) -> Option<Arc<AtomicU64>> {
        match &self.0 {
            Inner::Full(_) => None,
            Inner::Streamed(_, sent) => Some(Arc::clone(sent)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.get_mut().0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Inner::Streamed(body, sent) => {
                let frame = Pin::new(body).poll_frame(cx);
                if let Poll::Ready(Some(Ok(frame))) = &frame {
                    let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                    sent.fetch_add(length, Ordering::Relaxed);
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Full(bytes) => bytes.is_none(),
            Inner::Streamed(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Inner::Streamed(body, _) => body.size_hint(),
        }
    }
}
