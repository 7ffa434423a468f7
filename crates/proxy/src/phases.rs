//! The way of a request, on one screen.

use std::sync::Arc;

use http::header::EXPECT;
use http::{Request, Response};
use hyper::body::Incoming;

use crate::admit::{self, admit};
use crate::body::Body;
use crate::dispatch::dispatch;
use crate::inspect::inspect;
use crate::read::{discard, read};
use crate::record::Exchange;
use crate::relay::relay;
use crate::rescue;
use crate::serve::Worker;

/// Takes a request from its head to its answer.
pub(crate) async fn exchange(
    worker: &Arc<Worker>,
    request: Request<Incoming>,
    mut exchange: Exchange,
) -> Response<Body> {
    let state = &worker.state;
    let snapshot = state.snapshot.load_full(); // one for the whole exchange
    let (head, body) = request.into_parts();
    let provider = admit::provider(&snapshot, head.uri.path());
    let mut errors = provider.map(|provider| provider.errors);

    let way = async {
        let waits = head.headers.contains_key(EXPECT);
        let admitted = match admit(state, &snapshot, provider, head, &mut exchange) {
            // who: agent, provider, dialect
            Ok(admitted) => admitted,
            Err(failure) => {
                discard(body, waits, state).await;
                return Err(failure);
            }
        };
        errors = admitted.dialect.or(errors); // a provider may speak several
        let turn = read(admitted, body, &snapshot, state).await?; // what: a view of the body
        let permit = inspect(&snapshot, turn, state, &mut exchange).await?; // may it go: the only maker of Permit
        dispatch(worker, permit, &mut exchange).await // send: the only caller of the client
    };
    let dispatched = match way.await {
        Ok(dispatched) => dispatched,
        Err(failure) => return rescue::answer(&failure, errors, exchange),
    };
    match relay(dispatched, worker, exchange).await {
        Ok(response) => response, // back: the gate reads, bytes flow, one exchange is recorded
        Err((failure, exchange)) => rescue::answer(&failure, errors, exchange),
    }
}
