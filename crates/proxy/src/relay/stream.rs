//! Bodies that flow while they arrive.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::coded::Decoders;
use super::idle::Idle;
use crate::body::BrokenOff;
use crate::gate::Gate;
use crate::record::Exchange;
use crate::rescue::{self, Failure};

/// A body on its way from a provider to a client. Dropping it cancels the provider's work and ends the exchange.
#[derive(Debug)]
pub(crate) struct Relayed {
    body: Option<Incoming>,
    decoders: Option<Decoders>,
    exchange: Exchange,
    /// The transfer says where the body ends, so that a cut is noticed.
    framed: bool,
    gate: Option<Gate>,
    idle: Idle,
    /// Goes out first.
    prefix: Option<Bytes>,
}

/// What the next piece is.
enum Next {
    Bytes(Bytes),
    Broken(Failure),
    End,
    Trailers(Frame<Bytes>),
}

impl Relayed {
    /// A body that nobody reads.
    pub(super) fn passing(body: Incoming, idle: Duration, exchange: Exchange) -> Self {
        Self {
            body: Some(body),
            decoders: None,
            exchange,
            framed: true,
            gate: None,
            idle: Idle::new(idle),
            prefix: None,
        }
    }

    /// The streamed answer of a conversation.
    pub(super) fn judged(
        body: Incoming,
        gate: Gate,
        decoders: Decoders,
        framed: bool,
        idle: Duration,
        exchange: Exchange,
    ) -> Self {
        let decoders = (!decoders.is_empty()).then_some(decoders);
        Self {
            body: Some(body),
            decoders,
            exchange,
            framed,
            gate: Some(gate),
            idle: Idle::new(idle),
            prefix: None,
        }
    }

    /// An answer that turned out too long to be read, with what was taken in of it.
    pub(super) fn unread(
        prefix: Bytes,
        body: Incoming,
        decoders: Decoders,
        idle: Duration,
        exchange: Exchange,
    ) -> Self {
        let decoders = (!decoders.is_empty()).then_some(decoders);
        let idle = Idle::new(idle);
        Self { body: Some(body), decoders, exchange, framed: true, gate: None, idle, prefix: Some(prefix) }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.body, &self.gate, &self.decoders, &self.prefix) {
            (Some(body), None, None, None) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(prefix) = self.prefix.take() {
            return self.send(prefix);
        }
        loop {
            let next = match self.poll_next(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            };
            match next {
                Next::Bytes(bytes) if bytes.is_empty() => {}
                Next::Bytes(bytes) => return self.send(bytes),
                Next::Trailers(frame) => return Poll::Ready(Some(Ok(frame))),
                Next::End => return self.finish(),
                Next::Broken(failure) => return self.break_off(&failure),
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let Some(body) = &mut self.body else { return Poll::Ready(Next::End) };
        let frame = match Pin::new(body).poll_frame(cx) {
            Poll::Pending => return self.idle.poll(cx).map(|()| Next::Broken(Failure::AnswerTimeout)),
            Poll::Ready(None) => return Poll::Ready(Next::End),
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Next::Broken(Failure::AnswerBroken)),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        self.idle.heard();
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(trailers) => return Poll::Ready(Next::Trailers(trailers)),
        };
        let plain = match &mut self.decoders {
            None => data,
            Some(decoders) => match decoders.push(data) {
                Ok(plain) => plain,
                Err(_) => return Poll::Ready(Next::Broken(Failure::AnswerCoding)),
            },
        };
        Poll::Ready(Next::Bytes(match &mut self.gate {
            Some(gate) => gate.push(plain),
            None => plain,
        }))
    }

    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.exchange.sent(bytes.len());
        // A body of known length is not asked for its end once it has all been sent.
        if self.gate.is_none() && self.body.as_ref().is_some_and(Incoming::is_end_stream) {
            self.exchange.relayed();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    /// The provider ended the body.
    fn finish(&mut self) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.body.take().is_none() {
            return Poll::Ready(None);
        }
        let mut rest = match self.decoders.take().map(|mut decoders| decoders.finish()) {
            None => Bytes::new(),
            Some(Ok(rest)) => rest,
            Some(Err(_)) => return self.break_off(&Failure::AnswerCoding),
        };
        if let Some(gate) = &mut self.gate {
            let last = if rest.is_empty() { Bytes::new() } else { gate.push(rest) };
            if !self.framed && (gate.is_mid_event() || !gate.is_finished()) {
                return self.break_off(&Failure::AnswerBroken);
            }
            let tail = gate.finish();
            rest = if last.is_empty() { tail } else { [last, tail].concat().into() };
            self.exchange.said(gate.view());
        }
        self.exchange.relayed();
        if rest.is_empty() { Poll::Ready(None) } else { self.send(rest) }
    }

    /// The body broke. A conversation's stream is ended by an error in its own form, unless it was complete.
    fn break_off(&mut self, failure: &Failure) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.body = None;
        let Some(gate) = &mut self.gate else {
            rescue::break_off(failure, &mut self.exchange);
            return Poll::Ready(Some(Err(BrokenOff)));
        };
        self.exchange.said(gate.view());
        if gate.is_finished() {
            self.exchange.relayed();
            return Poll::Ready(None);
        }
        match rescue::end_stream(failure, &mut self.exchange, |error| gate.break_off(error)) {
            Some(ending) => self.send(ending),
            None => Poll::Ready(Some(Err(BrokenOff))),
        }
    }
}
