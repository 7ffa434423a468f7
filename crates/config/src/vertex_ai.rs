//! Vertex AI: which agents use it, and where.

use std::path::PathBuf;
use std::sync::Arc;

use dialect::vertex::{is_location, is_project};

use crate::built::{BaseUrl, value};
use crate::{ConfigError, Settings, typed};

/// What holds for all agents that use Vertex AI.
#[derive(Clone, Debug, Default)]
pub struct VertexAi {
    /// Where its API is, if not at the host of the location.
    pub base: Option<BaseUrl>,
    /// File with Google credentials; Application Default Credentials if none.
    pub credentials_file: Option<PathBuf>,
}

/// What was set for all.
pub(crate) fn build(settings: &Settings) -> Result<VertexAi, ConfigError> {
    let base = settings.gemini_vertex_ai_base_url.as_deref().map(|url| {
        let name = "ARCHESTRA_GEMINI_VERTEX_AI_BASE_URL";
        BaseUrl::parse(url)
            .map_err(|problem| value(name, problem, "https://us-central1-aiplatform.googleapis.com"))
    });
    Ok(VertexAi {
        base: base.transpose()?,
        credentials_file: settings.gemini_vertex_ai_credentials_file.clone(),
    })
}

/// Where the requests of an agent go: none if to AI Studio.
pub(crate) fn place(
    all: &Settings,
    agent: &typed::VertexAi,
) -> Result<Option<Arc<model::VertexAi>>, ConfigError> {
    if !agent.enabled.or(all.gemini_vertex_ai_enabled).unwrap_or(false) {
        return Ok(None);
    }
    let name = "ARCHESTRA_GEMINI_VERTEX_AI_PROJECT";
    let project = agent.project.clone().or_else(|| all.gemini_vertex_ai_project.clone()).unwrap_or_default();
    if !is_project(&project) {
        let problem = if project.is_empty() {
            "missing, though Vertex AI is enabled".to_owned()
        } else {
            format!("{project:?} is no id of a project")
        };
        return Err(value(name, problem, "my-project"));
    }
    let location = agent.location.clone().or_else(|| all.gemini_vertex_ai_location.clone());
    let location = location.unwrap_or_else(|| "us-central1".to_owned());
    if !is_location(&location) {
        let problem = format!("{location:?} is no location: one label of a host name, lower case");
        return Err(value("ARCHESTRA_GEMINI_VERTEX_AI_LOCATION", problem, "us-central1"));
    }
    Ok(Some(Arc::new(model::VertexAi { location, project })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn built(toml: &str) -> Result<Vec<Option<(String, String)>>, String> {
        let settings: Settings = toml::from_str(toml).map_err(|e| e.to_string())?;
        let config = Config::build(settings).map_err(|e| e.to_string())?;
        let place = |agent: model::Agent| {
            agent.vertex_ai.map(|place| (place.project.clone(), place.location.clone()))
        };
        Ok(config.agents.into_iter().map(place).collect())
    }

    #[test]
    fn each_agent_has_a_place_of_its_own_or_that_of_all() {
        let agent = "[[agents]]\nid = \"6f6c1e9e-6e5d-4a5c-9d5e-0a1b2c3d4e5f\"\nslug = \"a\"\n";
        let place = |project: &str, location: &str| Some((project.to_owned(), location.to_owned()));
        assert_eq!(built(agent).unwrap(), [None, None]);
        let all = "gemini_vertex_ai_enabled = true\ngemini_vertex_ai_project = \"p\"\n";
        assert_eq!(built(all).unwrap(), [place("p", "us-central1")]);
        let own = "vertex_ai = { location = \"global\", project = \"q\" }\n";
        let text = format!("{all}{agent}{own}");
        assert_eq!(built(&text).unwrap(), [place("p", "us-central1"), place("q", "global")]);
        let text = format!("{all}{agent}vertex_ai = {{ enabled = false }}\n");
        assert_eq!(built(&text).unwrap(), [place("p", "us-central1"), None]);
        let text = format!("{agent}vertex_ai = {{ enabled = true, project = \"q\" }}\n");
        assert_eq!(built(&text).unwrap(), [None, place("q", "us-central1")]);
    }

    #[test]
    fn a_place_that_is_none_is_named() {
        let enabled = "gemini_vertex_ai_enabled = true\n";
        assert!(built(enabled).unwrap_err().contains("_PROJECT: missing"));
        for (line, said) in [
            ("gemini_vertex_ai_project = \"a/b\"", "\"a/b\" is no id"),
            (
                "gemini_vertex_ai_project = \"p\"\ngemini_vertex_ai_location = \"evil.example/\"",
                "\"evil.example/\" is no location",
            ),
            ("gemini_vertex_ai_project = \"p\"\ngemini_vertex_ai_base_url = \"x\"", "_BASE_URL: "),
        ] {
            let problem = built(&format!("{enabled}{line}")).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
