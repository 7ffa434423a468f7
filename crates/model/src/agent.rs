//! Agents: whom a request is made for.

use std::sync::Arc;

/// UUID of the built-in agent that serves requests which name none.
pub const DEFAULT_AGENT_ID: &str = "00000000-0000-4000-8000-000000000001";

/// Slug of the built-in agent.
pub const DEFAULT_AGENT_SLUG: &str = "default";

/// An application that talks to its models through us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// UUID, lower case with hyphens.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Short name that may stand in a base URL in place of the id.
    pub slug: String,
    /// What differs for it from what the policy says for all.
    pub guard: GuardSettings,
    /// Where on Vertex AI its Gemini requests go; none if they go to AI Studio.
    pub vertex_ai: Option<Arc<VertexAi>>,
}

/// How policies are carried out for an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardSettings {
    /// Its conversations start untrusted.
    pub consider_context_untrusted: bool,
    /// How often the model is told of refusals and asked again within one answer [default: 10].
    pub max_reasks: Option<u32>,
    /// Whether verdicts are carried out [default: as the policy says].
    pub mode: Option<Mode>,
    /// What happens after a refusal [default: as the policy says].
    pub on_refusal: Option<OnRefusal>,
    /// First segments of routes that are served although nobody can judge what they carry.
    pub unjudged_routes: Vec<String>,
    /// What users say is not trusted: the application puts text of others there.
    pub untrusted_users: bool,
}

/// Whether verdicts are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Calls are refused and results replaced.
    Enforce,
    /// Everything is judged and recorded, nothing is changed.
    Observe,
    /// Nothing is judged.
    Off,
}

/// What happens after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefusal {
    /// The model is told and asked again.
    TellModel,
    /// The turn ends with the refusal as text.
    Text,
}

/// A place on Vertex AI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VertexAi {
    /// A region, or `global`.
    pub location: String,
    /// Id or number of the project.
    pub project: String,
}
