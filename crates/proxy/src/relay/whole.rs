//! Answers of conversations in one piece.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialect::Dialect;
use http::StatusCode;
use http_body::Body as _;
use hyper::body::Incoming;
use model::ResponseView;
use wire::json::JsonError;

use super::coded::Decoders;
use super::idle::Idle;
use super::stream::Relayed;
use crate::body::Body;
use crate::read::{LARGE, on_own_thread};
use crate::record::Exchange;
use crate::rescue::Failure;
use crate::serve::State;
use crate::vertex::ToVertex;

/// How an answer is read.
pub(super) struct Whole {
    /// Its dialect, if it belongs to a conversation.
    pub(super) dialect: Option<&'static dyn Dialect>,
    /// Longest silence within it.
    pub(super) idle: Duration,
    pub(super) status: StatusCode,
    /// What translates it, if it came from Vertex AI.
    pub(super) vertex: Option<Box<ToVertex>>,
}

impl Whole {
    /// Reads an answer and hands it on as it came, or translated. One that is too long to be read flows on unread.
    pub(super) async fn relay(
        self,
        mut body: Incoming,
        mut decoders: Decoders,
        state: &State,
        mut exchange: Exchange,
    ) -> Result<Body, (Failure, Exchange)> {
        let limit = state.limits.response;
        let mut share = state.budget.share();
        let mut whole = Pieces::default();
        let mut silence = Idle::new(self.idle);
        loop {
            let piece = match next(&mut body, &mut silence).await {
                Ok(Some(piece)) => decoders.push(piece),
                Ok(None) => break,
                Err(failure) => return Err((failure, exchange)),
            };
            let Ok(piece) = piece else { return Err((Failure::AnswerCoding, exchange)) };
            if share.cover(whole.len().saturating_add(piece.len())).is_err() {
                return Err((Failure::AnswerNoRoom, exchange));
            }
            whole.add(piece);
            if whole.len() > limit {
                let rest = Relayed::passing(body, self.idle, exchange).decoded(decoders);
                return Ok(Body::Relayed(Box::new(rest.after(share.hold(whole.join())))));
            }
            if body.is_end_stream() {
                break;
            }
        }
        match decoders.finish() {
            Ok(rest) => whole.add(rest),
            Err(_) => return Err((Failure::AnswerCoding, exchange)),
        }
        let bytes = whole.join();
        let read = if bytes.len() < LARGE {
            self.read(bytes)
        } else {
            match on_own_thread(move || self.read(bytes)).await {
                Ok(read) => read,
                Err(failure) => return Err((failure, exchange)),
            }
        };
        match read {
            Err(failure) => Err((failure, exchange)),
            Ok((bytes, _)) if share.cover(bytes.len()).is_err() => Err((Failure::AnswerNoRoom, exchange)),
            Ok((bytes, view)) => {
                match view {
                    None => {}
                    Some(Ok(view)) => exchange.said(&view),
                    Some(Err(error)) => {
                        tracing::debug!(exchange = %exchange.id, %error, "answer not readable");
                    }
                }
                Ok(Body::whole(share.hold(bytes), exchange))
            }
        }
    }

    /// Translates the answer, and reads what becomes of it.
    fn read(self, bytes: Bytes) -> Result<(Bytes, Option<Result<ResponseView, JsonError>>), Failure> {
        let bytes = match self.vertex {
            None => bytes,
            Some(vertex) => vertex.answer(self.status, bytes).map_err(Failure::AnswerUntranslatable)?,
        };
        let view = self.dialect.map(|dialect| dialect.read_response(&bytes));
        Ok((bytes, view))
    }
}

/// Most answers come in one piece, which then need not be copied.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    rest: BytesMut,
}

impl Pieces {
    fn add(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.rest.extend_from_slice(&piece);
        }
    }

    fn len(&self) -> usize {
        self.first.len().saturating_add(self.rest.len())
    }

    fn join(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.first);
        whole.extend_from_slice(&self.rest);
        whole.freeze()
    }
}

async fn next(body: &mut Incoming, silence: &mut Idle) -> Result<Option<Bytes>, Failure> {
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Failure::AnswerBroken)),
                Poll::Ready(Some(Ok(frame))) => {
                    silence.heard();
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Poll::Pending => return silence.poll(cx).map(|()| Err(Failure::AnswerTimeout)),
            }
        }
    })
    .await
}
