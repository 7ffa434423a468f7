//! What an exchange is decided by, fixed for all of it.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Agent, DEFAULT_AGENT_SLUG};
use upstream::{Provider, Providers};

/// An immutable view of agents and providers. It is replaced as a whole; an exchange keeps the one that it
/// began with.
#[derive(Debug)]
pub(crate) struct Snapshot {
    by_id: HashMap<String, Arc<Agent>>,
    by_slug: HashMap<String, Arc<Agent>>,
    default: Arc<Agent>,
    providers: Arc<Providers>,
}

impl Snapshot {
    /// `None` if the built-in agent is missing.
    pub(crate) fn new(agents: Vec<Agent>, providers: Arc<Providers>) -> Option<Self> {
        let agents: Vec<Arc<Agent>> = agents.into_iter().map(Arc::new).collect();
        let default = agents.iter().find(|agent| agent.slug == DEFAULT_AGENT_SLUG)?.clone();
        let by_id = agents.iter().map(|agent| (agent.id.clone(), Arc::clone(agent))).collect();
        let by_slug = agents.iter().map(|agent| (agent.slug.clone(), Arc::clone(agent))).collect();
        Some(Self { by_id, by_slug, default, providers })
    }

    pub(crate) fn agent_by_id(&self, id: &str) -> Option<&Arc<Agent>> {
        self.by_id.get(id)
    }

    pub(crate) fn agent_by_slug(&self, slug: &str) -> Option<&Arc<Agent>> {
        self.by_slug.get(slug)
    }

    pub(crate) fn default_agent(&self) -> &Arc<Agent> {
        &self.default
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.get(name)
    }
}
