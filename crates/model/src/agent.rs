//! Agents: whom a request is made for.

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
}
