//! What an exchange is decided by, fixed for all of it.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Agent, DEFAULT_AGENT_SLUG};
use upstream::{Provider, Providers};

use crate::policies::Revision;

/// An immutable view of agents, providers and the policy. It is replaced as a whole; an exchange keeps the one that it
/// began with.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    by_id: HashMap<String, Arc<Agent>>,
    by_slug: HashMap<String, Arc<Agent>>,
    default: Arc<Agent>,
    policy: Option<Arc<Revision>>,
    providers: Arc<Providers>,
}

impl Snapshot {
    /// `None` if the built-in agent is missing.
    pub(crate) fn new(
        agents: Vec<Agent>,
        providers: Arc<Providers>,
        policy: Option<Arc<Revision>>,
    ) -> Option<Self> {
        let agents: Vec<Arc<Agent>> = agents.into_iter().map(Arc::new).collect();
        let default = agents.iter().find(|agent| agent.slug == DEFAULT_AGENT_SLUG)?.clone();
        let by_id = agents.iter().map(|agent| (agent.id.clone(), Arc::clone(agent))).collect();
        let by_slug = agents.iter().map(|agent| (agent.slug.clone(), Arc::clone(agent))).collect();
        Some(Self { by_id, by_slug, default, policy, providers })
    }

    /// The same with another policy.
    pub(crate) fn with_policy(&self, policy: Arc<Revision>) -> Self {
        Self { policy: Some(policy), ..self.clone() }
    }

    pub(crate) fn policy(&self) -> Option<&Arc<Revision>> {
        self.policy.as_ref()
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
