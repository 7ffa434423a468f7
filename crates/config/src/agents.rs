//! Agents.

use std::collections::HashSet;

use model::{Agent, DEFAULT_AGENT_ID, DEFAULT_AGENT_SLUG, GuardSettings, Mode, OnRefusal};
use uuid::Uuid;

use crate::{ConfigError, Settings, typed, vertex_ai};

/// First segments of paths in the providers' APIs. As a slug such a word would hide part of an API.
const RESERVED: [&str; 37] = [
    "assistants",
    "audio",
    "batches",
    "batch",
    "cachedcontents",
    "chat",
    "completions",
    "containers",
    "conversations",
    "corpora",
    "embeddings",
    "evals",
    "files",
    "fine_tuning",
    "images",
    "interactions",
    "models",
    "moderations",
    "organization",
    "projects",
    "publishers",
    "realtime",
    "responses",
    "threads",
    "tunedmodels",
    "upload",
    "uploads",
    "v1",
    "v1alpha",
    "v1beta",
    "v1beta1",
    "v2",
    "vector_stores",
    "chatkit",
    "skills",
    "videos",
    "webhooks",
];

/// Most times that a model may be asked again within one answer.
const MAX_REASKS: u32 = 10;

/// Checks the agents typed and adds the built-in one.
pub(crate) fn build(settings: &Settings) -> Result<Vec<Agent>, ConfigError> {
    let mut agents = vec![Agent {
        guard: GuardSettings::default(),
        id: DEFAULT_AGENT_ID.to_owned(),
        name: "Default".to_owned(),
        slug: DEFAULT_AGENT_SLUG.to_owned(),
        vertex_ai: vertex_ai::place(settings, &typed::VertexAi::default())?,
    }];
    for agent in &settings.agents {
        let vertex_ai = vertex_ai::place(settings, &agent.vertex_ai)?;
        let agent = Agent { vertex_ai, ..check(agent)? };
        match agents.first_mut() {
            // What is set of the built-in one.
            Some(built_in) if built_in.id == agent.id && built_in.slug == agent.slug => *built_in = agent,
            _ => agents.push(agent),
        }
    }
    let mut seen = HashSet::new();
    for agent in &agents {
        for name in [&agent.id, &agent.slug] {
            if !seen.insert(name.as_str()) {
                return Err(fault("agents", format!("{name:?} names two agents")));
            }
        }
    }
    Ok(agents)
}

fn check(agent: &typed::Agent) -> Result<Agent, ConfigError> {
    let id =
        Uuid::try_parse(&agent.id).map_err(|_| fault("agents.id", format!("{:?} is no UUID", agent.id)))?;
    let slug = agent.slug.clone();
    let well_formed = !slug.is_empty()
        && slug.len() <= 64
        && slug
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_');
    if !well_formed || Uuid::try_parse(&slug).is_ok() {
        let problem = format!("{slug:?} must be 1 to 64 of a-z, 0-9, - and _, and no UUID");
        return Err(fault("agents.slug", problem));
    }
    if RESERVED.contains(&slug.as_str()) {
        return Err(fault("agents.slug", format!("{slug:?} is part of a provider's API")));
    }
    let name = agent.name.clone().unwrap_or_else(|| slug.clone());
    Ok(Agent { guard: guard(agent)?, id: id.hyphenated().to_string(), name, slug, vertex_ai: None })
}

fn guard(agent: &typed::Agent) -> Result<GuardSettings, ConfigError> {
    if let Some(times) = agent.max_reasks.filter(|times| *times > MAX_REASKS) {
        return Err(fault("agents.max_reasks", format!("{times} is more than {MAX_REASKS}")));
    }
    Ok(GuardSettings {
        consider_context_untrusted: agent.consider_context_untrusted,
        max_reasks: agent.max_reasks,
        mode: agent.mode.map(|mode| match mode {
            typed::Mode::Enforce => Mode::Enforce,
            typed::Mode::Observe => Mode::Observe,
            typed::Mode::Off => Mode::Off,
        }),
        on_refusal: agent.on_refusal.map(|on_refusal| match on_refusal {
            typed::OnRefusal::TellModel => OnRefusal::TellModel,
            typed::OnRefusal::Text => OnRefusal::Text,
        }),
        unjudged_routes: agent.unjudged_routes.clone(),
        untrusted_users: agent.untrusted_users,
    })
}

fn fault(name: &str, problem: String) -> ConfigError {
    let example = "id = \"6f6c1e9e-6e5d-4a5c-9d5e-0a1b2c3d4e5f\", slug = \"billing-bot\"";
    ConfigError::Value { name: name.to_owned(), problem, example }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(id: &str, slug: &str) -> Option<String> {
        let agent = toml::from_str(&format!("id = {id:?}\nslug = {slug:?}")).unwrap();
        build(&Settings { agents: vec![agent], ..Settings::default() }).err().map(|e| e.to_string())
    }

    #[test]
    fn a_slug_must_not_hide_a_path_or_another_agent() {
        let id = "6F6C1E9E-6E5D-4A5C-9D5E-0A1B2C3D4E5F";
        assert_eq!(problem(id, "billing-bot"), None);
        for slug in ["models", "v1beta", "", "Billing", "a/b", "..", id, "default"] {
            assert!(problem(id, slug).is_some(), "{slug}");
        }
        assert!(problem("billing", "billing").unwrap().contains("is no UUID"));
        assert!(problem(DEFAULT_AGENT_ID, "other").unwrap().contains("names two agents"));
        assert_eq!(problem(DEFAULT_AGENT_ID, "default"), None);
    }
}
