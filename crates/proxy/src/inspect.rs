//! May it go: the only maker of a [`Permit`].

use bytes::Bytes;
use hyper::body::Incoming;

use crate::admit::Admitted;
use crate::read::{Content, Turn};
use crate::record::Exchange;

/// Leave to send a request. It owns the bytes that were judged, and only this module can make one: a request
/// that was not inspected, or other bytes than the inspected ones, cannot be dispatched.
#[derive(Debug)]
pub(crate) struct Permit {
    admitted: Admitted,
    payload: Payload,
}

/// What may be sent.
#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Bytes),
    PassThrough(Incoming),
}

impl Permit {
    /// Gives the permit up for what it allows to send.
    pub(crate) fn redeem(self) -> (Admitted, Payload) {
        (self.admitted, self.payload)
    }
}

/// Judges a turn. Without policies, whatever could be read may go as it came.
pub(crate) fn inspect(turn: Turn, exchange: &mut Exchange) -> Permit {
    let payload = match turn.content {
        Content::Conversation { body, view } => {
            exchange.asked(&body, &view);
            Payload::Whole(body)
        }
        Content::Collected(body) => {
            exchange.received(body.len());
            Payload::Whole(body)
        }
        Content::PassThrough(body) => Payload::PassThrough(body),
    };
    Permit { admitted: turn.admitted, payload }
}
