//! Who asks: provider, agent, and whether it is a conversation.

use std::sync::Arc;

use dialect::{Dialect, Target};
use http::Method;
use http::request::Parts;
use model::Agent;
use upstream::Provider;
use uuid::Uuid;

use crate::record::Exchange;
use crate::rescue::Failure;
use crate::serve::State;
use crate::snapshot::Snapshot;
use crate::target;
use crate::vertex::ToVertex;

/// Whether Google's and other servers take another method than the request line's by this field.
fn overrides_method(name: &str) -> bool {
    matches!(name, "x-http-method" | "x-http-method-override" | "x-method-override")
}

/// A request whose agent and provider are known.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) agent: Arc<Agent>,
    /// The dialect it speaks, if it is a conversation.
    pub(crate) dialect: Option<&'static dyn Dialect>,
    pub(crate) head: Parts,
    /// The method as the provider may understand it.
    method: Method,
    /// Path behind provider and agent, as it came.
    pub(crate) path: String,
    pub(crate) provider: Arc<Provider>,
    /// The path as the provider may understand it.
    recognised: String,
    /// The request on Vertex AI, if it goes there.
    pub(crate) vertex: Option<Box<ToVertex>>,
}

impl Admitted {
    /// Path of the provider's own, as the provider may understand it.
    pub(crate) fn recognised(&self) -> &str {
        self.recognised.strip_prefix(self.provider.base.path.as_str()).unwrap_or(&self.recognised)
    }

    /// For the dialect to recognise.
    pub(crate) fn target(&self) -> Target<'_> {
        let query = self.head.uri.query().unwrap_or_default();
        Target { method: self.method.as_str(), path: &self.recognised, query }
    }
}

/// The provider that a path names. Known before anything else, because errors are told in its shape.
pub(crate) fn provider<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a Arc<Provider>> {
    target::split_provider(path).and_then(|(name, _)| snapshot.provider(name))
}

/// Finds out who asks for what. What it finds is apart, because it goes through many hands.
pub(crate) fn admit(
    state: &State,
    snapshot: &Snapshot,
    provider: Option<&Arc<Provider>>,
    head: Parts,
    exchange: &mut Exchange,
) -> Result<Box<Admitted>, Failure> {
    if state.is_closing() {
        return Err(Failure::Draining);
    }
    let path = head.uri.path();
    let (_, rest) = target::split_provider(path).ok_or(Failure::UnknownProvider)?;
    let provider = Arc::clone(provider.ok_or(Failure::UnknownProvider)?);
    exchange.addressed(&provider);
    let (agent, rest) = agent(snapshot, rest)?;
    exchange.admitted(agent);
    // As the provider will see it: a base URL may hold a part of the API's own path.
    let recognised = target::recognise(rest).ok_or(Failure::BadPath)?;
    let place = agent.vertex_ai.as_ref().filter(|_| provider.vertex_ai);
    let vertex =
        place.map(|place| ToVertex::admit(place, &head.method, rest, head.uri.query())).transpose()?;
    let recognised = match &vertex {
        Some(vertex) => target::recognise(vertex.path()).ok_or(Failure::BadPath)?.into_owned(),
        None => [provider.base.path.as_str(), &recognised].concat(),
    };
    let (agent, path) = (Arc::clone(agent), rest.to_owned());
    let (method, dialect) = recognise(&provider, &head, &recognised);
    let admitted = Box::new(Admitted { agent, dialect, head, method, path, provider, recognised, vertex });
    let keeps = dialect.is_some_and(|dialect| dialect.keeps_answer(admitted.target()));
    exchange.routed(dialect, keeps);
    Ok(admitted)
}

/// The dialect of the request, if it is a conversation, and the method under which it is one.
fn recognise(provider: &Provider, head: &Parts, path: &str) -> (Method, Option<&'static dyn Dialect>) {
    let query = head.uri.query().unwrap_or_default();
    for method in methods(head) {
        let dialect = provider.dialect(Target { method: method.as_str(), path, query });
        if dialect.is_some() {
            return (method, dialect);
        }
    }
    (head.method.clone(), None)
}

/// The agent that the first segment names, and what follows it. A segment in the form of a UUID must be one; any
/// other that is no agent's slug belongs to the provider's path.
fn agent<'a, 'p>(snapshot: &'a Snapshot, path: &'p str) -> Result<(&'a Arc<Agent>, &'p str), Failure> {
    let (segment, rest) = target::split_segment(path);
    if let Ok(id) = Uuid::try_parse(segment) {
        let id = id.hyphenated().to_string();
        return match snapshot.agent_by_id(&id) {
            Some(agent) => Ok((agent, rest)),
            None => Err(Failure::UnknownAgent(id)),
        };
    }
    match snapshot.agent_by_slug(segment) {
        Some(agent) => Ok((agent, rest)),
        None => Ok((snapshot.default_agent(), path)),
    }
}

/// The methods that the provider may take the request for: its own, and with a field that overrides it each one that a
/// dialect knows, whatever the field says.
fn methods(head: &Parts) -> impl Iterator<Item = Method> {
    let overridden = head.headers.keys().any(|name| overrides_method(name.as_str()));
    let others = overridden.then_some([Method::POST, Method::GET]).into_iter().flatten();
    std::iter::once(head.method.clone()).chain(others)
}
