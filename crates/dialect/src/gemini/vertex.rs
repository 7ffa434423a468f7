//! Gemini's AI Studio API spoken to Vertex AI.
//!
//! The Gemini routes take both APIs' paths. [`route`] says where a request goes on Vertex AI and what it is; the
//! [`Route`] then translates its body ([`Route::request`]) and the answer ([`Route::answer`], [`Route::event`]), so
//! that a client of AI Studio does not notice. Bytes that mean the same in both APIs stay as they came. What Vertex AI
//! cannot do is refused by name ([`Untranslatable`]), never left out. A client that speaks Vertex AI already gets its
//! own bytes through; only the project and location that it left out are filled in.
//!
//! Everything goes to `v1beta1`, whichever version of AI Studio was asked: fields that AI Studio has in every
//! version (`functionCall.id`, `functionResponse.parts`, `toolConfig` modes, `embedContent`, the list of models) are
//! not all in Vertex AI's `v1`.
//!
//! Sources: "Gemini API reference" (ai.google.dev), "Vertex AI API, REST reference v1beta1" (docs.cloud.google.com),
//! and the fields that the official Gen AI SDKs document as "not supported in Vertex AI".

mod answer;
mod content;
mod embed;
mod models;
mod names;
mod path;
mod request;
mod walk;

use std::borrow::Cow;

use wire::json::JsonError;

pub use names::{host, is_location, is_project};
pub use path::route;

use crate::Framing;

/// The project and location that requests go to; valid by [`is_project`] and [`is_location`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Location: a region, or `global`.
    pub location: &'a str,
    /// Project id or number.
    pub project: &'a str,
}

/// Why a request cannot be sent to Vertex AI. The messages are for the caller: they name what it sent and nothing of
/// ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untranslatable {
    /// It names a project other than ours, or a resource elsewhere; the caller may not go there.
    #[error("{0}")]
    Elsewhere(String),
    /// Vertex AI has nothing like it.
    #[error("{0}")]
    Field(String),
    /// The body is not strict JSON.
    #[error("the request body cannot be read: {0}")]
    Json(JsonError),
    /// A name in the path could lead elsewhere than it says.
    #[error("{0}")]
    Name(String),
    /// Vertex AI has no such method or resource.
    #[error("{0}")]
    Resource(String),
}

impl Untranslatable {
    /// The HTTP status of the answer to it.
    pub fn status(&self) -> u16 {
        match self {
            Untranslatable::Elsewhere(_) => 403,
            Untranslatable::Field(_) | Untranslatable::Json(_) | Untranslatable::Name(_) => 400,
            Untranslatable::Resource(_) => 404,
        }
    }
}

/// How Vertex AI makes embeddings of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Embedder {
    /// `embedContent` and `batchEmbedContents`, which embed contents.
    Content,
    /// `predict`, which embeds texts: `text-embedding-…`, `gemini-embedding-001`.
    Predict,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `batchEmbedContents`
    BatchEmbed(Embedder),
    /// One cached content: created, read, changed or deleted.
    CachedContent,
    /// `GET cachedContents`
    CachedContents,
    /// `countTokens`
    CountTokens,
    /// `embedContent`
    Embed(Embedder),
    /// `generateContent` and `streamGenerateContent`
    Generate,
    /// `GET models/{model}`
    Model,
    /// `GET models`
    Models,
    /// The client speaks Vertex AI: neither request nor answer changes.
    Native,
    /// `predict`, the same in both APIs (Imagen).
    Predict,
}

/// Where a request goes on Vertex AI, and what it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it asks for.
    pub kind: Kind,
    /// Location whose host serves it: the client's where it names one, else ours. Not checked to be one: see
    /// [`is_location`].
    pub location: String,
    /// Path with its version, percent-encoded, to be joined to `https://{host}` as it is.
    pub path: String,
    /// Query without credentials and otherwise as it came.
    pub query: Option<String>,
    /// The model's id, where the path of AI Studio has one.
    model: String,
}

impl Route {
    /// Whether the body must be collected and given to [`request`](Self::request).
    pub fn changes_request(&self) -> bool {
        match self.kind {
            Kind::BatchEmbed(_)
            | Kind::CachedContent
            | Kind::CountTokens
            | Kind::Embed(_)
            | Kind::Generate => true,
            Kind::CachedContents | Kind::Model | Kind::Models | Kind::Native | Kind::Predict => false,
        }
    }

    /// Whether an answer that is no stream must be collected and given to [`answer`](Self::answer).
    pub fn changes_answer(&self) -> bool {
        self.kind != Kind::Native
    }

    /// The body for Vertex AI, borrowed where nothing changes. What is judged must be what is sent: read the view from
    /// the result. The path may become another one (a batch of which `predict` takes one text only), so this comes
    /// before the path is used.
    ///
    /// # Errors
    /// The body is not strict JSON or asks for something that Vertex AI does not have.
    pub fn request<'b>(&mut self, place: Place<'_>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Untranslatable> {
        if body.is_empty() {
            // GET and DELETE.
            return Ok(Cow::Borrowed(body));
        }
        match self.kind {
            Kind::BatchEmbed(embedder) => embed::request(self, (embedder, true), place, body),
            Kind::Embed(embedder) => embed::request(self, (embedder, false), place, body),
            Kind::CachedContent => request::cached_content(place, body),
            Kind::CountTokens => request::count_tokens(place, body),
            Kind::Generate => request::generate(place, body),
            Kind::CachedContents | Kind::Model | Kind::Models | Kind::Native | Kind::Predict => {
                Ok(Cow::Borrowed(body))
            }
        }
    }

    /// An answer that came in one piece, as AI Studio would have given it; borrowed where nothing changes. An error that
    /// is not JSON stays as it is.
    ///
    /// # Errors
    /// The answer to a request that succeeded is not JSON.
    pub fn answer<'b>(&self, status: u16, body: &'b [u8]) -> Result<Cow<'b, [u8]>, JsonError> {
        if self.kind == Kind::Native || body.is_empty() {
            return Ok(Cow::Borrowed(body));
        }
        if status >= 400 {
            let body = if self.is_array() { body } else { answer::only_element(body).unwrap_or(body) };
            return Ok(answer::error(body).unwrap_or(Cow::Borrowed(body)));
        }
        match self.kind {
            Kind::BatchEmbed(embedder) => embed::answer(embedder, true, body),
            Kind::Embed(embedder) => embed::answer(embedder, false, body),
            Kind::CachedContent => answer::cached_content(body),
            Kind::CachedContents => answer::cached_contents(body),
            Kind::CountTokens => answer::count_tokens(body),
            Kind::Generate => answer::generate(body),
            Kind::Model => models::one(body),
            Kind::Models => models::list(body),
            Kind::Native | Kind::Predict => Ok(Cow::Borrowed(body)),
        }
    }

    /// Whether a client of AI Studio expects a list: a stream that is not one of server-sent events.
    fn is_array(&self) -> bool {
        let sse = self.query.as_deref().is_some_and(|query| query.split('&').any(|part| part == "alt=sse"));
        self.path.ends_with(":streamGenerateContent") && !sse
    }

    /// One event of a stream with its framing, as the framer cut it; borrowed where nothing changes, which is nearly
    /// always: only citations and errors differ.
    pub fn event<'b>(&self, framing: Framing, raw: &'b [u8]) -> Cow<'b, [u8]> {
        if self.kind == Kind::Generate { answer::event(framing, raw) } else { Cow::Borrowed(raw) }
    }
}
