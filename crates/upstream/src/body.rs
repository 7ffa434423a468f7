//! Bodies of requests to providers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

/// What is sent to a provider: bytes that were read and judged, or a body passed through as it arrives.
#[derive(Debug)]
pub struct RequestBody(Inner);

#[derive(Debug)]
enum Inner {
    Full(Option<Bytes>),
    Streamed(Arriving),
}

/// A body that is still arriving from a client.
#[derive(Debug)]
struct Arriving {
    body: Incoming,
    /// Longest silence of the client.
    limit: Duration,
    sent: Arc<AtomicU64>,
    silence: Option<Pin<Box<Sleep>>>,
}

/// Why a client's body was not received completely.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It broke off, or its framing made no sense.
    #[error("the request's body broke off")]
    Broken(#[from] hyper::Error),
    /// The client fell silent.
    #[error("the request's body did not arrive in time")]
    Stalled,
}

impl RequestBody {
    /// A body that is at hand.
    pub fn full(bytes: Bytes) -> Self {
        Self(Inner::Full((!bytes.is_empty()).then_some(bytes)))
    }

    /// A body that is still arriving. A client that is silent for as long as `limit` ends it.
    pub fn streamed(body: Incoming, limit: Duration) -> Self {
        Self(Inner::Streamed(Arriving { body, limit, sent: Arc::default(), silence: None }))
    }

    /// Counts the bytes sent so far; `None` if all of it is at hand.
    pub fn progress(&self) -> Option<Arc<AtomicU64>> {
        match &self.0 {
            Inner::Full(_) => None,
            Inner::Streamed(arriving) => Some(Arc::clone(&arriving.sent)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Inner::Streamed(arriving) => arriving.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Full(bytes) => bytes.is_none(),
            Inner::Streamed(arriving) => arriving.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Inner::Streamed(arriving) => arriving.body.size_hint(),
        }
    }
}

impl Arriving {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            let limit = self.limit;
            let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            return silence.as_mut().poll(cx).map(|()| Some(Err(BodyError::Stalled)));
        };
        self.silence = None;
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.sent.fetch_add(length, Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
    }
}
