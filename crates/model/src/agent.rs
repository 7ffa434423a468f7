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
    /// Where on Vertex AI its Gemini requests go; none if they go to AI Studio.
    pub vertex_ai: Option<Arc<VertexAi>>,
}

/// A place on Vertex AI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VertexAi {
    /// A region, or `global`.
    pub location: String,
    /// Id or number of the project.
    pub project: String,
}
