//! The way of a request, on one screen.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::admit::{self, admit};
use crate::body::Body;
use crate::dispatch::dispatch;
use crate::inspect::inspect;
use crate::read::read;
use crate::record::Exchange;
use crate::relay::relay;
use crate::rescue::{self, Failure};
use crate::serve::Worker;

/// Takes a request from its head to its answer.
pub(crate) async fn exchange(worker: &Worker, request: Request<Incoming>) -> Response<Body> {
    let state = &worker.state;
    let snapshot = state.snapshot.load_full(); // one for the whole exchange
    let (head, body) = request.into_parts();
    let mut exchange = Exchange::begin(Arc::clone(state), &head.method, head.uri.path());
    let errors = admit::provider(&snapshot, head.uri.path()).map(|provider| provider.errors);

    let way = async {
        if state.is_closing() {
            return Err(Failure::Draining);
        }
        let admitted = admit(&snapshot, head, &mut exchange)?; // who: agent, provider, dialect
        let turn = read(admitted, body, &state.limits, state.timeouts.client_idle).await?; // what: a view of the body
        let permit = inspect(turn, &mut exchange); // may it go: the only maker of Permit
        dispatch(&worker.client, permit, &mut exchange).await // send: the only caller of the client
    };
    let dispatched = match way.await {
        Ok(dispatched) => dispatched,
        Err(failure) => return rescue::answer(&failure, errors, exchange),
    };
    match relay(dispatched, &state.limits, &state.timeouts, exchange).await {
        Ok(response) => response, // back: the gate reads, bytes flow, one exchange is recorded
        Err((failure, exchange)) => rescue::answer(&failure, errors, exchange),
    }
}
