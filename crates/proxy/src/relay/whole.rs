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
use crate::budget::Share;
use crate::guard::Guard;
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
    /// Judges without consequences.
    pub(super) observer: Option<Box<Guard>>,
    pub(super) status: StatusCode,
    /// What translates it, if it came from Vertex AI.
    pub(super) vertex: Option<Box<ToVertex>>,
}

/// An answer as it was taken in.
pub(super) enum Taken {
    All(Bytes),
    /// It is too long to be read: what came of it, and what is still to come.
    TooLong(Bytes, Box<(Incoming, Decoders)>),
}

/// What an answer is, and what it says.
type Read = (Bytes, Option<Result<ResponseView, JsonError>>);

impl Whole {
    /// Reads an answer and hands it on as it came, or translated. One that is too long to be read flows on unread.
    pub(super) async fn relay(
        self,
        body: Incoming,
        decoders: Decoders,
        state: &State,
        mut exchange: Exchange,
    ) -> Result<Body, (Failure, Exchange)> {
        let mut share = state.budget.share();
        let bytes = match self.take_in(body, decoders, state, &mut share).await {
            Ok(Taken::All(bytes)) => bytes,
            Ok(Taken::TooLong(begun, rest)) => {
                let (body, decoders) = *rest;
                let rest = Relayed::passing(body, self.idle, exchange).decoded(decoders);
                return Ok(Body::Relayed(Box::new(rest.after(share.hold(begun)))));
            }
            Err(failure) => return Err((failure, exchange)),
        };
        match self.read(bytes).await {
            Err(failure) => Err((failure, exchange)),
            Ok((bytes, _)) if share.cover(bytes.len()).is_err() => Err((Failure::AnswerNoRoom, exchange)),
            Ok((bytes, view)) => {
                match view {
                    None => {}
                    Some(Ok(view)) => {
                        exchange.said(&view);
                        if let Some(mut guard) = self.observer {
                            guard.observe(&view, 0..view.calls.len());
                            exchange.judged(&guard);
                        }
                    }
                    Some(Err(error)) => {
                        tracing::debug!(exchange = %exchange.id, %error, "answer not readable");
                    }
                }
                Ok(Body::whole(share.hold(bytes), exchange))
            }
        }
    }

    /// Takes in an answer, up to the longest that is read.
    pub(super) async fn take_in(
        &self,
        mut body: Incoming,
        mut decoders: Decoders,
        state: &State,
        share: &mut Share,
    ) -> Result<Taken, Failure> {
        let limit = state.limits.response;
        let mut whole = Pieces::default();
        let mut silence = Idle::new(self.idle);
        while let Some(piece) = next(&mut body, &mut silence).await? {
            let piece = decoders.push(piece).map_err(|_| Failure::AnswerCoding)?;
            share.cover(whole.len().saturating_add(piece.len())).map_err(|_| Failure::AnswerNoRoom)?;
            whole.add(piece);
            if whole.len() > limit {
                return Ok(Taken::TooLong(whole.join(), Box::new((body, decoders))));
            }
            if body.is_end_stream() {
                break;
            }
        }
        whole.add(decoders.finish().map_err(|_| Failure::AnswerCoding)?);
        Ok(Taken::All(whole.join()))
    }

    /// Translates the answer, and reads what becomes of it.
    pub(super) async fn read(&self, bytes: Bytes) -> Result<Read, Failure> {
        let (dialect, status, vertex) = (self.dialect, self.status, self.vertex.clone());
        let large = bytes.len() >= LARGE;
        let work = move || {
            let bytes = match vertex {
                None => bytes,
                Some(vertex) => vertex.answer(status, bytes).map_err(Failure::AnswerUntranslatable)?,
            };
            let view = dialect.map(|dialect| dialect.read_response(&bytes));
            Ok((bytes, view))
        };
        if large { on_own_thread(work).await? } else { work() }
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
