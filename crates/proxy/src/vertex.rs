//! Gemini requests of agents that use Vertex AI: translated on their way, sent with credentials of ours.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use config::built::BaseUrl;
use dialect::Framing;
use dialect::vertex::{Place, Route, Untranslatable, host, is_location, route};
use http::StatusCode;
use http::header::{HeaderMap, HeaderName};
use http::uri::{Authority, Scheme};
use model::VertexAi;
use upstream::GoogleCredentials;
use wire::json::JsonError;

use crate::headers::CREDENTIALS;
use crate::rescue::Failure;

/// How Vertex AI is reached.
#[derive(Debug)]
pub(crate) struct Google {
    /// Where, if not at the host of the location.
    pub(crate) base: Option<BaseUrl>,
    pub(crate) credentials: GoogleCredentials,
}

/// A request on its way to Vertex AI, and what its answer needs on the way back.
#[derive(Clone, Debug)]
pub(crate) struct ToVertex {
    place: Arc<VertexAi>,
    route: Route,
}

/// What a client may send, beside keys, to have somebody else billed or another method taken.
const ENDS_HERE: [HeaderName; 4] = [
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
    ) -> Result<Box<Self>, Failure> {
        let place = Arc::clone(place);
        let route = route(method.as_str(), path, query, at(&place)).map_err(refused)?;
        Ok(Box::new(Self { place, route }))
    }

    pub(crate) fn path(&self) -> &str {
        &self.route.path
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.route.query.as_deref()
    }

    /// The body as Vertex AI wants it.
    pub(crate) fn request(&mut self, body: Bytes) -> Result<Bytes, Failure> {
        let changed = self.route.request(at(&self.place), &body).map_err(refused)?;
        Ok(match changed {
            Cow::Borrowed(_) => body,
            Cow::Owned(changed) => changed.into(),
        })
    }

    /// Whether the body must be read to be translated.
    pub(crate) fn changes_request(&self) -> bool {
        self.route.changes_request()
    }

    /// Whether an answer in one piece must be read to be translated.
    pub(crate) fn changes_answer(&self) -> bool {
        self.route.changes_answer()
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

/// A body that cannot be read is no matter of Vertex AI's.
fn refused(refusal: Untranslatable) -> Failure {
    if let Untranslatable::Json(error) = refusal {
        return Failure::NotJson(error);
    }
    Failure::NotOnVertexAi(refusal)
}

fn at(place: &VertexAi) -> Place<'_> {
    Place { location: &place.location, project: &place.project }
}

/// Takes out what must not reach Google.
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in CREDENTIALS.iter().chain(&ENDS_HERE) {
        headers.remove(name);
    }
}
