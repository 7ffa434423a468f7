//! The probes of orchestrators.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};

use super::state::State;
use crate::body::Body;

/// Answers `/health` (the process lives) and `/ready` (it wants requests); `None` for any other path.
pub(super) fn answer<B>(state: &State, request: &Request<B>) -> Option<Response<Body>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let (status, text) = match request.uri().path() {
        "/health" => (StatusCode::OK, "ok\n"),
        "/ready" if state.is_ready() => (StatusCode::OK, "ready\n"),
        "/ready" => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        _ => return None,
    };
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Some(response)
}
