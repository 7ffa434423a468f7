//! Sending: the only caller of the upstream client.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use config::built::BaseUrl;
use dialect::{Dialect, Framing};
use http::header::DATE;
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode, Uri};
use upstream::{Answer, Client, Provider, RequestBody, UpstreamError};

use crate::admit::Admitted;
use crate::again::Again;
use crate::guard::Guard;
use crate::headers::{complete_request, forward_request};
use crate::inspect::{Payload, Permit};
use crate::record::Exchange;
use crate::rescue::{self, Failure};
use crate::serve::Worker;
use crate::vertex::{self, Google, ToVertex};

/// A provider's answer, with what is needed to relay it.
#[derive(Debug)]
pub(crate) struct Dispatched {
    pub(crate) answer: Answer,
    /// For asking again, if calls of the answer may be refused.
    pub(crate) again: Option<Box<Again>>,
    /// The dialect of the conversation, if it is one.
    pub(crate) dialect: Option<&'static dyn Dialect>,
    pub(crate) framing: Framing,
    /// What judges the calls of the answer.
    pub(crate) guard: Option<Box<Guard>>,
    /// Longest silence within the answer.
    pub(crate) idle: Duration,
    /// Answers to `HEAD` have no body, whatever their length says.
    pub(crate) method: Method,
    /// What translates the answer, if it came from Vertex AI.
    pub(crate) vertex: Option<Box<ToVertex>>,
}

/// Sends a permitted request.
pub(crate) async fn dispatch(
    worker: &Worker,
    permit: Permit,
    exchange: &mut Exchange,
) -> Result<Dispatched, Failure> {
    let Worker { client, state } = worker;
    let (mut admitted, payload, guard) = permit.redeem();
    let again = match (&guard, admitted.dialect, &payload) {
        (Some(guard), Some(dialect), Payload::Whole(body)) if guard.holds() => {
            Some(Box::new(Again::new(admitted.clone(), body.clone(), dialect)))
        }
        _ => None,
    };
    let provider = Arc::clone(&admitted.provider);
    let mut head = Request::new(());
    *head.method_mut() = admitted.head.method.clone();
    *head.headers_mut() = std::mem::take(&mut admitted.head.headers);
    let is_read =
        admitted.dialect.is_some() || admitted.vertex.as_ref().is_some_and(|vertex| vertex.changes_answer());
    forward_request(head.headers_mut(), is_read);
    let answer = match (&admitted.vertex, &state.google, payload) {
        (None, _, payload) => {
            complete_request(head.headers_mut(), &provider);
            *head.uri_mut() = uri(&provider.base, &admitted.path, admitted.head.uri.query())?;
            let body = match payload {
                Payload::Whole(bytes) => RequestBody::full(bytes),
                Payload::PassThrough(incoming) => RequestBody::streamed(incoming, state.timeouts.client_idle),
            };
            exchange.passing(body.progress());
            client.send(&provider, head.map(|()| body)).await
        }
        (Some(vertex), Some(google), Payload::Whole(body)) => {
            *head.uri_mut() = uri(&vertex.base(google)?, vertex.path(), vertex.query())?;
            vertex::strip(head.headers_mut());
            // Apart, so that requests which do not go there need no room for it.
            Box::pin(send_with_token(google, client, &provider, head, body)).await?
        }
        (Some(_), _, _) => return Err(Failure::Internal), // an agent on Vertex AI, and no way to get there
    };
    let answer = answer.map_err(failed)?;
    exchange.answered(answer.status().as_u16());
    let framing = framing(&admitted, &answer);
    let Admitted { dialect, head, vertex, .. } = *admitted;
    let (idle, method) = (provider.idle, head.method);
    Ok(Dispatched { again, answer, dialect, framing, guard, idle, method, vertex })
}

/// How the answer is cut into events. Errors come in one piece, whatever their content-type says (Gemini's say
/// `text/event-stream`).
fn framing(admitted: &Admitted, answer: &Answer) -> Framing {
    let content_type = answer.headers().get(http::header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match admitted.dialect {
        Some(dialect) if answer.status().is_success() => dialect.framing(admitted.target(), content_type),
        _ => Framing::Whole,
    }
}

/// Sends a request with a token of ours, and once more with another if Google does not accept it.
async fn send_with_token(
    google: &Google,
    client: &Client,
    provider: &Provider,
    head: Request<()>,
    body: Bytes,
) -> Result<Result<Answer, UpstreamError>, Failure> {
    let mut is_repeated = false;
    loop {
        let token = google.credentials.token().await.map_err(Failure::Credentials)?;
        let mut request = head.clone().map(|()| RequestBody::full(body.clone()));
        token.apply(request.headers_mut());
        let answer = client.send(provider, request).await;
        if let Ok(answer) = &answer
            && answer.status() == StatusCode::UNAUTHORIZED
        {
            google.credentials.refused(&token, answer.headers().get(DATE));
            if !std::mem::replace(&mut is_repeated, true) {
                continue;
            }
        }
        return Ok(answer);
    }
}

fn failed(error: UpstreamError) -> Failure {
    match error {
        UpstreamError::RequestBody(error) => rescue::broken_body(&*error),
        UpstreamError::RequestStalled => Failure::BodyTimeout,
        UpstreamError::Broken(_)
        | UpstreamError::Connect(_)
        | UpstreamError::FirstByteTimeout
        | UpstreamError::NoTransport => Failure::Upstream(error),
    }
}

/// The base URL, the path and the query, joined without change.
fn uri(base: &BaseUrl, path: &str, query: Option<&str>) -> Result<Uri, Failure> {
    let length = base.path.len().saturating_add(path.len()).saturating_add(query.map_or(0, str::len));
    let mut target = BytesMut::with_capacity(length.saturating_add(2));
    target.extend_from_slice(base.path.as_bytes());
    target.extend_from_slice(path.as_bytes());
    if target.is_empty() {
        target.extend_from_slice(b"/");
    }
    if let Some(query) = query {
        target.extend_from_slice(b"?");
        target.extend_from_slice(query.as_bytes());
    }
    let target = PathAndQuery::from_maybe_shared(target.freeze()).map_err(|_| Failure::BadPath)?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(base.scheme.clone());
    parts.authority = Some(base.authority.clone());
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| Failure::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a16_base_path_and_query_are_joined_once_and_unchanged() {
        let join = |base: &str, path: &str, query| {
            uri(&BaseUrl::parse(base).unwrap(), path, query).unwrap().to_string()
        };
        assert_eq!(
            join("https://h/v1/", "/models/a%3Ab@c", Some("key=%20&&x")),
            "https://h/v1/models/a%3Ab@c?key=%20&&x"
        );
        assert_eq!(join("http://h:8", "/v1/messages", Some("")), "http://h:8/v1/messages?");
        assert_eq!(join("http://h:8", "", None), "http://h:8/");
        assert_eq!(join("http://h", "//evil.example/x", None), "http://h//evil.example/x");
        assert_eq!(join("http://h", "/@evil.example", None), "http://h/@evil.example");
    }
}
