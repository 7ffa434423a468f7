//! Gemini requests of agents that use Vertex AI: translated on their way, sent with credentials of ours.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use config::built::BaseUrl;
use dialect::Framing;
use dialect::vertex::{Place, Route, host, is_location, route};
use http::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName};
use http::uri::{Authority, Scheme};
use http::{Request, StatusCode};
use model::VertexAi;
use upstream::{Answer, Client, GoogleCredentials, Provider, RequestBody, UpstreamError};
use wire::json::JsonError;

use crate::rescue::Failure;

/// How Vertex AI is reached.
#[derive(Debug)]
pub(crate) struct Google {
    /// Where, if not at the host of the location.
    pub(crate) base: Option<BaseUrl>,
    pub(crate) credentials: GoogleCredentials,
}

/// A request on its way to Vertex AI, and what its answer needs on the way back.
#[derive(Debug)]
pub(crate) struct ToVertex {
    place: Arc<VertexAi>,
    route: Route,
}

/// What a client may send to prove who it is, to have somebody else billed, or to have another method taken.
const ENDS_HERE: [HeaderName; 7] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("x-goog-user-project"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
];

impl ToVertex {
    /// Finds out what the request is on Vertex AI.
    pub(crate) fn admit(
        place: &Arc<VertexAi>,
        method: &http::Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, Failure> {
        let place = Arc::clone(place);
        let route = route(method.as_str(), path, query, at(&place)).map_err(Failure::NotOnVertexAi)?;
        Ok(Self { place, route })
    }

    pub(crate) fn path(&self) -> &str {
        &self.route.path
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.route.query.as_deref()
    }

    /// The body as Vertex AI wants it.
    pub(crate) fn request(&mut self, body: Bytes) -> Result<Bytes, Failure> {
        let changed = self.route.request(at(&self.place), &body).map_err(Failure::NotOnVertexAi)?;
        Ok(match changed {
            Cow::Borrowed(_) => body,
            Cow::Owned(changed) => changed.into(),
        })
    }

    /// An answer in one piece as AI Studio would have given it.
    pub(crate) fn answer(&self, status: StatusCode, body: Bytes) -> Result<Bytes, JsonError> {
        Ok(match self.route.answer(status.as_u16(), &body)? {
            Cow::Borrowed(_) => body,
            Cow::Owned(changed) => changed.into(),
        })
    }

    /// An event of a stream as AI Studio would have sent it.
    pub(crate) fn event<'b>(&self, framing: Framing, raw: &'b [u8]) -> Cow<'b, [u8]> {
        self.route.event(framing, raw)
    }

    /// Where it is sent.
    pub(crate) fn base(&self, google: &Google) -> Result<BaseUrl, Failure> {
        if let Some(base) = &google.base {
            return Ok(base.clone());
        }
        if !is_location(&self.route.location) {
            return Err(Failure::BadPath);
        }
        let authority = Authority::try_from(host(&self.route.location)).map_err(|_| Failure::BadPath)?;
        Ok(BaseUrl { authority, path: String::new(), scheme: Scheme::HTTPS })
    }
}

fn at(place: &VertexAi) -> Place<'_> {
    Place { location: &place.location, project: &place.project }
}

/// Takes out what must not reach Google.
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in &ENDS_HERE {
        headers.remove(name);
    }
}

/// Sends a request with a token, and once more with another if Google does not accept it.
pub(crate) async fn send(
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
