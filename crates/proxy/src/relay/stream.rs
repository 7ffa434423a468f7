//! Bodies that flow while they arrive.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::coded::Decoders;
use super::heartbeat::Heartbeat;
use super::idle::Idle;
use crate::again::{Again, Asked, Asking};
use crate::body::BrokenOff;
use crate::budget::Share;
use crate::gate::Gate;
use crate::guard::Guard;
use crate::headers::forward_response;
use crate::record::{Exchange, Fault, Outcome};
use crate::rescue::{self, Failure};
use crate::serve::Worker;

/// A body on its way from a provider to a client. Dropping it cancels the provider's work and ends the exchange.
#[derive(Debug)]
pub(crate) struct Relayed {
    /// For asking the provider again.
    again: Option<Box<(Again, Arc<Worker>)>>,
    /// Another answer that is waited for.
    asking: Option<Asking>,
    body: Option<Incoming>,
    /// What broke, to be told when what came before it has gone out.
    broken: Option<Failure>,
    /// The exchange in which the provider was asked again.
    child: Option<Exchange>,
    decoders: Option<Decoders>,
    /// How the body ended, to be told when what was gathered has gone out.
    ending: Option<Next>,
    exchange: Exchange,
    /// The transfer says where the body ends, so that a cut is noticed.
    framed: bool,
    gate: Option<Gate>,
    /// Pieces of a burst, to be sent together.
    gathered: BytesMut,
    /// Runs out when the client should hear that the answer goes on.
    heartbeat: Heartbeat,
    idle: Idle,
    /// Judges without consequences.
    observer: Option<Box<Guard>>,
    /// How often more of a burst is still waited for.
    patience: u8,
    /// Goes out first.
    prefix: Option<Bytes>,
    /// Covers what the gate keeps.
    share: Option<Share>,
}

/// Pieces that follow each other more closely than this are a burst. A model does not write that fast; what comes
/// so was waiting somewhere.
const BURST: Duration = Duration::from_millis(1);

/// Most bytes of a burst that are gathered before they are sent.
const GATHER: usize = 16 << 10;

/// How often more of a burst is waited for. hyper asks for a body twice in a row, and only between its turns the
/// provider's connection can hand over the next piece.
const PATIENCE: u8 = 2;

/// What comes next.
#[derive(Debug)]
enum Next {
    Broken(Failure),
    /// What may flow, and whether it came in a burst.
    Bytes(Bytes, bool),
    End,
    Trailers(Frame<Bytes>),
}

type Polled = Poll<Option<Result<Frame<Bytes>, BrokenOff>>>;

impl Relayed {
    /// A body that nobody reads.
    pub(super) fn passing(body: Incoming, idle: Duration, exchange: Exchange) -> Self {
        let heartbeat = Heartbeat::new(exchange.keep_alive());
        Self {
            again: None,
            asking: None,
            body: Some(body),
            broken: None,
            child: None,
            decoders: None,
            ending: None,
            exchange,
            framed: true,
            gate: None,
            gathered: BytesMut::new(),
            heartbeat,
            idle: Idle::new(idle),
            observer: None,
            patience: 0,
            prefix: None,
            share: None,
        }
    }

    /// Undoes its codings on the way.
    pub(super) fn decoded(self, decoders: Decoders) -> Self {
        Self { decoders: (!decoders.is_empty()).then_some(decoders), ..self }
    }

    /// Reads it as the streamed answer of a conversation.
    pub(super) fn judged(self, gate: Gate, framed: bool, share: Share) -> Self {
        Self { framed, gate: Some(gate), share: Some(share), ..self }
    }

    /// Asks the provider again if the model may be told of refusals.
    pub(super) fn asking(self, again: Option<Box<Again>>, worker: &Arc<Worker>) -> Self {
        let again = again.map(|again| Box::new((*again, Arc::clone(worker))));
        Self { again, ..self }
    }

    /// Judges its calls without consequences.
    pub(super) fn observed(self, observer: Option<Box<Guard>>) -> Self {
        Self { observer, ..self }
    }

    /// Sends first what was taken in before.
    pub(super) fn after(self, prefix: Bytes) -> Self {
        Self { prefix: Some(prefix), ..self }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.body, &self.gate, &self.decoders, &self.prefix) {
            (Some(body), None, None, None) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        if let Some(prefix) = self.prefix.take() {
            return self.send(prefix);
        }
        if let Some(ending) = self.ending.take() {
            return self.end(ending);
        }
        loop {
            match self.poll_next(cx) {
                Poll::Ready(Next::Bytes(bytes, _)) if bytes.is_empty() => {}
                Poll::Ready(Next::Bytes(bytes, burst)) => {
                    if !burst && self.gathered.is_empty() {
                        return self.send(bytes);
                    }
                    self.gathered.extend_from_slice(&bytes);
                    if self.gathered.len() >= GATHER {
                        return self.flush();
                    }
                    self.patience = PATIENCE;
                    return wait_a_moment(cx);
                }
                Poll::Ready(ending) if self.gathered.is_empty() => return self.end(ending),
                Poll::Ready(ending) => {
                    self.ending = Some(ending);
                    return self.flush();
                }
                Poll::Pending if self.gathered.is_empty() => return self.keep_alive(cx),
                Poll::Pending if self.patience == 0 => return self.flush(),
                Poll::Pending => {
                    self.patience = self.patience.saturating_sub(1);
                    return wait_a_moment(cx);
                }
            }
        }
    }

    fn end(&mut self, ending: Next) -> Polled {
        match ending {
            Next::Broken(failure) => self.break_off(&failure),
            Next::Bytes(bytes, _) => self.send(bytes),
            Next::End => self.finish(),
            Next::Trailers(frame) => {
                self.exchange.relayed();
                Poll::Ready(frame.into_trailers().ok().map(|mut trailers| {
                    forward_response(&mut trailers);
                    Ok(Frame::trailers(trailers))
                }))
            }
        }
    }

    fn flush(&mut self) -> Polled {
        let gathered = self.gathered.split().freeze();
        self.send(gathered)
    }

    /// Nothing flows. While that is because something waits, the client hears so from time to time.
    fn keep_alive(&mut self, cx: &mut Context<'_>) -> Polled {
        match &self.gate {
            Some(gate) if gate.is_holding() && self.heartbeat.poll(cx).is_ready() => {
                let alive = Bytes::from_static(gate.keep_alive());
                self.send(alive)
            }
            _ => Poll::Pending,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(failure) = self.broken.take() {
            return Poll::Ready(Next::Broken(failure));
        }
        if let Some(asking) = &mut self.asking {
            let answered = std::task::ready!(Pin::new(asking).poll(cx));
            self.asking = None;
            return Poll::Ready(self.answered(answered));
        }
        let Some(body) = &mut self.body else { return Poll::Ready(Next::End) };
        let frame = match Pin::new(body).poll_frame(cx) {
            Poll::Pending => return self.idle.poll(cx).map(|()| Next::Broken(Failure::AnswerTimeout)),
            Poll::Ready(None) if self.asks_again() => return Poll::Ready(Next::Bytes(Bytes::new(), false)),
            Poll::Ready(None) => return Poll::Ready(Next::End),
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Next::Broken(Failure::AnswerBroken)),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        let burst = self.idle.heard() < BURST && self.gate.is_some();
        let data = match frame.into_data() {
            Ok(data) => data,
            // Nothing is asked of a body behind its trailers, so a conversation has to do without.
            Err(_) if self.gate.is_some() || self.decoders.is_some() => {
                return Poll::Ready(Next::Bytes(Bytes::new(), false));
            }
            Err(trailers) => return Poll::Ready(Next::Trailers(trailers)),
        };
        let plain = match &mut self.decoders {
            None => data,
            Some(decoders) => match decoders.push(data) {
                Ok(plain) => plain,
                Err(_) => return Poll::Ready(Next::Broken(Failure::AnswerCoding)),
            },
        };
        let (Some(gate), Some(share)) = (&mut self.gate, &mut self.share) else {
            return Poll::Ready(Next::Bytes(plain, burst));
        };
        let plain = gate.push(plain);
        if let Some(observer) = &mut self.observer {
            let ended = gate.take_ended();
            observer.observe(gate.view(), ended.into_iter());
        }
        self.child.as_mut().unwrap_or(&mut self.exchange).kept(gate.view());
        if gate.is_not_judgeable() {
            self.broken = Some(Failure::AnswerNotJudgeable);
        } else if share.cover(gate.kept()).is_err() {
            self.broken = Some(Failure::AnswerNoRoom);
        }
        Poll::Ready(Next::Bytes(plain, burst))
    }

    fn send(&mut self, bytes: Bytes) -> Polled {
        self.heartbeat.beat();
        self.exchange.sent(bytes.len());
        // A body of known length is not asked for its end once it has all been sent.
        if self.gate.is_none() && self.body.as_ref().is_some_and(Incoming::is_end_stream) {
            self.exchange.relayed();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    /// Whether the provider, which ended its answer, is asked again.
    fn asks_again(&mut self) -> bool {
        let (Some(gate), Some(again)) = (&mut self.gate, &mut self.again) else { return false };
        if gate.asks_again().is_none() || self.decoders.is_some() {
            return false;
        }
        note(&mut self.exchange, &mut self.child, &mut None, gate);
        let Some((answer, notices)) = gate.asks_again() else { return false };
        let (again, worker) = &mut **again;
        match again.ask(worker, &self.exchange, answer, notices) {
            Ok(asking) => {
                self.asking = Some(asking);
                true
            }
            Err(error) => {
                tracing::debug!(exchange = %self.exchange.id, %error, "not asked again");
                false
            }
        }
    }

    /// Another answer came, or none did.
    fn answered(&mut self, answered: Asked) -> Next {
        let Some(gate) = &mut self.gate else { return Next::End };
        match answered {
            Ok((dispatched, child))
                if dispatched.answer.status().is_success()
                    && dispatched.framing == gate.framing()
                    && !dispatched.answer.headers().contains_key(CONTENT_ENCODING) =>
            {
                gate.go_on();
                self.idle.heard();
                self.child = Some(child);
                self.body = Some(dispatched.answer.into_body());
                Next::Bytes(Bytes::new(), false)
            }
            Ok((_, mut child)) => {
                child.end(Outcome::Failed, Some(Fault::Upstream), Some("not_asked_again"));
                self.body = None;
                self.give_up()
            }
            Err((failure, mut child)) => {
                rescue::break_off(&failure, &mut child);
                self.body = None;
                self.give_up()
            }
        }
    }

    /// The answer ends with what the client is told.
    fn give_up(&mut self) -> Next {
        let rest = self.gate.as_mut().map(Gate::give_up).unwrap_or_default();
        self.exchange.relayed();
        Next::Bytes(rest, false)
    }

    /// The provider ended the body.
    fn finish(&mut self) -> Polled {
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
            if !self.framed && (gate.is_mid_event() || gate.completion().is_none()) {
                return self.break_off(&Failure::AnswerBroken);
            }
            let tail = gate.finish();
            rest = [last, tail, gate.give_up()].concat().into();
            if gate.is_not_judgeable() {
                return self.break_off(&Failure::AnswerNotJudgeable);
            }
            let view = gate.view();
            note(&mut self.exchange, &mut self.child, &mut self.observer, gate);
            if gate.completion().is_none() && view.stops.is_empty() {
                // Relayed as it came, for the transfer was whole. The answer was not.
                self.exchange.end(Outcome::Failed, Some(Fault::Upstream), Some("answer_incomplete"));
            }
        }
        self.exchange.relayed();
        if rest.is_empty() { Poll::Ready(None) } else { self.send(rest) }
    }

    /// The body broke. A conversation's stream is ended by an error in its own form, unless it was complete.
    fn break_off(&mut self, failure: &Failure) -> Polled {
        self.body = None;
        let Some(gate) = &mut self.gate else {
            rescue::break_off(failure, &mut self.exchange);
            return Poll::Ready(Some(Err(BrokenOff)));
        };
        note(&mut self.exchange, &mut self.child, &mut self.observer, gate);
        if let Some(end) = gate.completion().filter(|_| !gate.is_not_judgeable()) {
            let rest = gate.give_up();
            self.exchange.relayed();
            let rest = if rest.is_empty() { Bytes::from_static(end) } else { rest };
            return if rest.is_empty() { Poll::Ready(None) } else { self.send(rest) };
        }
        match rescue::end_stream(failure, &mut self.exchange, |error| gate.break_off(error)) {
            Some(ending) => self.send(ending),
            None => Poll::Ready(Some(Err(BrokenOff))),
        }
    }
}

/// Notes what an answer said, and what policies say of it.
fn note(
    exchange: &mut Exchange,
    child: &mut Option<Exchange>,
    observer: &mut Option<Box<Guard>>,
    gate: &Gate,
) {
    match child.take() {
        None => exchange.said(gate.view()),
        Some(mut child) => {
            child.said(gate.view());
            child.relayed();
        }
    }
    if let Some(observer) = observer {
        observer.observe(gate.view(), 0..gate.view().calls.len());
        exchange.judged(observer);
    }
    if let Some(guard) = gate.guard() {
        exchange.judged(guard);
    }
}

/// The provider's connection hands over one piece at a time. Letting its task run gets the next one before a
/// system call is spent on this one.
fn wait_a_moment(cx: &Context<'_>) -> Polled {
    cx.waker().wake_by_ref();
    Poll::Pending
}
