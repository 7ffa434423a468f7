//! May it go: the only maker of a [`Permit`].

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use hyper::body::Incoming;
use model::{Mode, RequestView};

use crate::admit::Admitted;
use crate::beginnings::Trail;
use crate::guard::Guard;
use crate::read::{Content, LARGE, Turn, on_own_thread};
use crate::record::Exchange;
use crate::rescue::Failure;
use crate::routes;
use crate::serve::State;
use crate::snapshot::Snapshot;

/// Leave to send a request. It owns the bytes that were judged, and only this module can make one: a request
/// that was not inspected, or other bytes than the inspected ones, cannot be dispatched.
#[derive(Debug)]
pub(crate) struct Permit {
    admitted: Box<Admitted>,
    guard: Option<Box<Guard>>,
    payload: Payload,
}

/// What may be sent.
#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Bytes),
    PassThrough(Incoming),
}

impl Permit {
    /// For a request that was permitted, to which nothing was added but the model's own answer and what we say of it.
    pub(crate) fn again(admitted: Box<Admitted>, body: Bytes) -> Self {
        Self { admitted, guard: None, payload: Payload::Whole(body) }
    }

    /// Gives the permit up for what it allows to send, and what judges the answer.
    pub(crate) fn redeem(self) -> (Box<Admitted>, Payload, Option<Box<Guard>>) {
        (self.admitted, self.payload, self.guard)
    }
}

/// Judges a turn: results that may not reach the model are replaced; without policies, whatever could be read may go
/// as it came.
pub(crate) async fn inspect(
    snapshot: &Snapshot,
    turn: Turn,
    state: &Arc<State>,
    exchange: &mut Exchange,
) -> Result<Permit, Failure> {
    let Turn { admitted, content } = turn;
    let guard = Guard::of(snapshot.policy(), &admitted.agent);
    let enforces = guard.as_ref().is_some_and(|guard| guard.mode() == Mode::Enforce);
    match admitted.dialect {
        None if enforces => check_route(&admitted)?,
        Some(_) if enforces => check_type(&admitted.head.headers)?,
        None | Some(_) => {}
    }
    let (guard, payload) = match content {
        Content::Conversation { body, trail, view } => {
            exchange.asked(&body, &view);
            match guard {
                None => (None, Payload::Whole(body)),
                Some(guard) => {
                    let (guard, body) = judge(guard, &admitted, (body, view, trail), state).await?;
                    exchange.judged(&guard);
                    (Some(guard), Payload::Whole(body))
                }
            }
        }
        Content::Collected(body) => {
            exchange.received(body.len());
            (None, Payload::Whole(body))
        }
        Content::PassThrough(body) => (None, Payload::PassThrough(body)),
    };
    Ok(Permit { admitted, guard, payload })
}

/// A route that is no conversation goes unjudged only where it cannot matter, or an operator said so.
fn check_route(admitted: &Admitted) -> Result<(), Failure> {
    let path = admitted.recognised();
    let name = routes::name(path).unwrap_or("");
    let is_allowed =
        admitted.agent.guard.unjudged_routes.iter().any(|allowed| allowed == name || allowed == "*");
    let asks_only = matches!(admitted.head.method, Method::HEAD | Method::OPTIONS); // their answers have no body
    if is_allowed || asks_only || routes::is_harmless(path) {
        return Ok(());
    }
    Err(Failure::RouteNotJudged(name.chars().take(64).collect()))
}

/// What is judged as JSON must not be a form to the provider.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let may_be_json = |essence: &[u8]| {
        essence.is_empty()
            || essence.eq_ignore_ascii_case(b"text/plain")
            || essence.last_chunk::<4>().is_some_and(|end| end.eq_ignore_ascii_case(b"json"))
    };
    let is_json = |value: &HeaderValue| {
        let mut parts = value.as_bytes().split(|byte| *byte == b';');
        value == "application/json" || parts.next().map(<[u8]>::trim_ascii).is_some_and(may_be_json)
    };
    if headers.get_all(CONTENT_TYPE).iter().all(is_json) { Ok(()) } else { Err(Failure::TypeNotJudged) }
}

async fn judge(
    mut guard: Box<Guard>,
    admitted: &Admitted,
    (body, view, trail): (Bytes, RequestView, Trail),
    state: &Arc<State>,
) -> Result<(Box<Guard>, Bytes), Failure> {
    let caller = guard.caller(&admitted.head.headers, admitted.target().query, &state.recall);
    let Some(dialect) = admitted.dialect else { return Err(Failure::Internal) };
    if admitted.provider.searches {
        guard.searches();
    }
    let large = body.len() >= LARGE;
    let recall = Arc::clone(&state.recall);
    let work = move || {
        let body = guard.read((&body, &view, &trail), &caller, &recall, dialect)?;
        Ok((guard, body))
    };
    if large { on_own_thread(work).await? } else { work() }
}
