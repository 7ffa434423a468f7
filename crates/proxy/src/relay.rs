//! Back to the client: the head at once, the body as it arrives, streams through the gate.

mod coded;
mod heartbeat;
mod idle;
mod judged;
mod stream;
mod whole;

use std::sync::Arc;

use dialect::Framing;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http::{Response, Version};
use http_body::Body as _;

use crate::body::Body;
use crate::dispatch::Dispatched;
use crate::gate::Gate;
use crate::guard::Guard;
use crate::headers::{EXCHANGE_ID, forward_response};
use crate::read::codings;
use crate::record::Exchange;
use crate::rescue::Failure;
use crate::serve::Worker;
use coded::Decoders;
use judged::Judged;
pub(crate) use stream::Relayed;
use whole::Whole;

/// Relays an answer. A whole answer of a conversation is read first, so that what breaks before its end is an
/// error with its own status.
pub(crate) async fn relay(
    dispatched: Dispatched,
    worker: &Arc<Worker>,
    mut exchange: Exchange,
) -> Result<Response<Body>, (Failure, Exchange)> {
    let state = &worker.state;
    let limits = &state.limits;
    let idle = dispatched.idle;
    let (mut head, body) = dispatched.answer.into_parts();
    // An HTTP/1 body without a length ends with its connection, and may have been cut off.
    let framed = head.version == Version::HTTP_2
        || head.headers.contains_key(CONTENT_LENGTH)
        || head.headers.contains_key(TRANSFER_ENCODING);
    head.version = Version::HTTP_11;
    forward_response(&mut head.headers);
    if let Ok(id) = HeaderValue::try_from(exchange.id.to_string()) {
        head.headers.insert(EXCHANGE_ID, id);
    }
    if body.is_end_stream() || dispatched.method == http::Method::HEAD {
        exchange.relayed();
        return Ok(Response::from_parts(head, Body::full(bytes::Bytes::new())));
    }
    let changes = dispatched.vertex.as_ref().is_some_and(|vertex| vertex.changes_answer());
    if dispatched.dialect.is_none() && !changes {
        let relayed = Relayed::passing(body, idle, exchange);
        return Ok(Response::from_parts(head, Body::Relayed(Box::new(relayed))));
    }
    let framing = dispatched.framing;
    let piece = if framing == Framing::Whole { limits.response } else { limits.event };
    let decoders = match codings(&head.headers).ok().map(|codings| Decoders::new(&codings, piece)) {
        Some(Ok(decoders)) => decoders,
        Some(Err(_)) | None => return Err((Failure::AnswerCoding, exchange)),
    };
    if !decoders.is_empty() {
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
    }
    let (Some(dialect), Framing::Array | Framing::Sse) = (dispatched.dialect, framing) else {
        let guard = dispatched.guard.filter(|_| head.status.is_success());
        let (guard, observer) = by_mode(guard);
        let (dialect, status, vertex) = (dispatched.dialect, head.status, dispatched.vertex);
        let whole = Whole { dialect, idle, observer, status, vertex };
        if whole.vertex.is_some() || guard.is_some() {
            head.headers.remove(CONTENT_LENGTH); // it may change
        }
        let body = match guard {
            None => whole.relay(body, decoders, state, exchange).await?,
            Some(guard) => {
                let judged = Judged { again: dispatched.again, guard, whole };
                judged.relay(body, decoders, worker, &mut head.headers, exchange).await?
            }
        };
        return Ok(Response::from_parts(head, body));
    };
    // It may end otherwise than it began to.
    head.headers.remove(CONTENT_LENGTH);
    let (judge, observer) = by_mode(dispatched.guard);
    let gate =
        Gate::new(dialect, framing, limits.event).translating(dispatched.vertex).judging(judge, limits.held);
    let relayed = Relayed::passing(body, idle, exchange)
        .decoded(decoders)
        .judged(gate, framed, state.budget.share())
        .asking(dispatched.again, worker)
        .observed(observer);
    Ok(Response::from_parts(head, Body::Relayed(Box::new(relayed))))
}

/// A guard that can refuse something, or one that only observes.
fn by_mode(guard: Option<Box<Guard>>) -> (Option<Box<Guard>>, Option<Box<Guard>>) {
    match guard {
        Some(guard) if guard.holds() => (Some(guard), None),
        other => (None, other),
    }
}
