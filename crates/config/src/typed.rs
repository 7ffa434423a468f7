//! Settings as typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::ConfigError;

/// What a person typed, from one source. Nothing is set that was not typed there.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Agents; only in the file.
    #[arg(skip)]
    #[serde(default)]
    pub agents: Vec<Agent>,
    /// Longest silence while a client sends its request's body [default: 60000]
    #[arg(long, env = "ARCHESTRA_CLIENT_IDLE_TIMEOUT_MS")]
    pub client_idle_timeout_ms: Option<u64>,
    /// Longest time to establish a connection to a provider, TLS included [default: 10000]
    #[arg(long, env = "ARCHESTRA_CONNECT_TIMEOUT_MS")]
    pub connect_timeout_ms: Option<u64>,
    /// Time between the signal to stop and the moment when new requests are refused [default: 0]
    #[arg(long, env = "ARCHESTRA_DRAIN_DELAY_SECONDS")]
    pub drain_delay_seconds: Option<u64>,
    /// Longest time from a sent request to the first byte of its answer [default: 300000]
    #[arg(long, env = "ARCHESTRA_FIRST_BYTE_TIMEOUT_MS")]
    pub first_byte_timeout_ms: Option<u64>,
    /// Base URL of Vertex AI's API [default: that of the location]
    #[arg(long, env = "ARCHESTRA_GEMINI_VERTEX_AI_BASE_URL")]
    pub gemini_vertex_ai_base_url: Option<String>,
    /// File with Google credentials [default: Application Default Credentials]
    #[arg(long, env = "ARCHESTRA_GEMINI_VERTEX_AI_CREDENTIALS_FILE")]
    pub gemini_vertex_ai_credentials_file: Option<PathBuf>,
    /// Whether Gemini requests go to Vertex AI [default: false]
    #[arg(long, env = "ARCHESTRA_GEMINI_VERTEX_AI_ENABLED", value_parser = clap::builder::BoolishValueParser::new())]
    pub gemini_vertex_ai_enabled: Option<bool>,
    /// Location on Vertex AI: a region, or global [default: us-central1]
    #[arg(long, env = "ARCHESTRA_GEMINI_VERTEX_AI_LOCATION")]
    pub gemini_vertex_ai_location: Option<String>,
    /// Project on Vertex AI
    #[arg(long, env = "ARCHESTRA_GEMINI_VERTEX_AI_PROJECT")]
    pub gemini_vertex_ai_project: Option<String>,
    /// Longest time for a client to send a request's head, and to keep an idle connection [default: 75000]
    #[arg(long, env = "ARCHESTRA_HEADER_TIMEOUT_MS")]
    pub header_timeout_ms: Option<u64>,
    /// Proxy (http://host:port) that providers are reached through by TLS
    #[arg(long, env = "HTTPS_PROXY", hide_env_values = true)]
    pub https_proxy: Option<String>,
    /// Longest silence within an answer of a provider [default: 300000]
    #[arg(long, env = "ARCHESTRA_IDLE_TIMEOUT_MS")]
    pub idle_timeout_ms: Option<u64>,
    /// Address to serve on [default: 127.0.0.1:9000]
    #[arg(long, env = "ARCHESTRA_LISTEN")]
    pub listen: Option<String>,
    /// Most bytes that the bodies of all exchanges may take together [default: 1073741824]
    #[arg(long, env = "ARCHESTRA_MAX_BODIES_BYTES")]
    pub max_bodies_bytes: Option<u64>,
    /// Largest body of a request that is read, in bytes, also after its content-encoding is undone [default: 73400320]
    #[arg(long, env = "ARCHESTRA_MAX_BODY_BYTES")]
    pub max_body_bytes: Option<u64>,
    /// Most bytes of an answer that wait for a verdict, or are kept to ask again [default: 10485760]
    #[arg(long, env = "ARCHESTRA_MAX_HELD_BYTES")]
    pub max_held_bytes: Option<u64>,
    /// Most connections of clients at a time [default: 16384]
    #[arg(long, env = "ARCHESTRA_MAX_CONNECTIONS")]
    pub max_connections: Option<u64>,
    /// Largest event of a stream that is held until it is complete, in bytes [default: 10485760]
    #[arg(long, env = "ARCHESTRA_MAX_EVENT_BYTES")]
    pub max_event_bytes: Option<u64>,
    /// Largest answer in one piece that is read, in bytes [default: 73400320]
    #[arg(long, env = "ARCHESTRA_MAX_RESPONSE_BYTES")]
    pub max_response_bytes: Option<u64>,
    /// Hosts, domains and networks that are reached without the proxy, separated by commas
    #[arg(long, env = "NO_PROXY")]
    pub no_proxy: Option<String>,
    /// File with the policy; read again when it changes
    #[arg(long, env = "ARCHESTRA_POLICY_FILE")]
    pub policy_file: Option<PathBuf>,
    /// Bytes of memory for what was read of conversations, a quarter of it for their bodies, so that each turn costs only what is new [default: 67108864]
    #[arg(long, env = "ARCHESTRA_POLICY_MEMORY_BYTES")]
    pub policy_memory_bytes: Option<u64>,
    /// Providers by name, known ones and others; only in the file, but for what has a variable.
    #[arg(skip)]
    #[serde(default)]
    pub providers: BTreeMap<String, Provider>,
    /// File to append the record of exchanges to [default: standard output]
    #[arg(long, env = "ARCHESTRA_RECORD_FILE")]
    pub record_file: Option<PathBuf>,
    /// Most bytes of the record that may wait to be written [default: 8388608]
    #[arg(long, env = "ARCHESTRA_RECORD_QUEUE_BYTES")]
    pub record_queue_bytes: Option<u64>,
    /// How often a stream in which everything waits for a verdict is kept alive by a comment; 0 for never [default: 10000]
    #[arg(long = "stream-keepalive-interval-ms", env = "ARCHESTRA_LLM_PROXY_STREAM_KEEPALIVE_INTERVAL_MS")]
    pub llm_proxy_stream_keepalive_interval_ms: Option<u64>,
    /// Longest time that running exchanges get to finish on shutdown [default: 30]
    #[arg(long, env = "ARCHESTRA_SHUTDOWN_GRACE_SECONDS")]
    pub shutdown_grace_seconds: Option<u64>,
    /// Threads that serve connections [default: one for each core]
    #[arg(long, env = "ARCHESTRA_WORKERS")]
    pub workers: Option<u64>,
    /// Longest time that a client may refuse to take more of its answer [default: 300000]
    #[arg(long, env = "ARCHESTRA_WRITE_TIMEOUT_MS")]
    pub write_timeout_ms: Option<u64>,
}

/// An entry of `[[agents]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Its conversations start untrusted.
    #[serde(default)]
    pub consider_context_untrusted: bool,
    /// UUID.
    pub id: String,
    /// How often the model is told of refusals and asked again within one answer; at most 10.
    pub max_reasks: Option<u32>,
    /// Whether verdicts are carried out; as the policy says if left out.
    pub mode: Option<Mode>,
    /// Name for people; the slug if left out.
    pub name: Option<String>,
    /// What happens after a refusal; as the policy says if left out.
    pub on_refusal: Option<OnRefusal>,
    /// Lower-case name for base URLs.
    pub slug: String,
    /// First segments of routes that are served although nobody can judge what they carry.
    #[serde(default)]
    pub unjudged_routes: Vec<String>,
    /// What users say is not trusted.
    #[serde(default)]
    pub untrusted_users: bool,
    /// What differs from the settings of Vertex AI.
    #[serde(default)]
    pub vertex_ai: VertexAi,
}

/// `mode` of an agent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Calls are refused and results replaced.
    Enforce,
    /// Everything is judged and recorded, nothing is changed.
    Observe,
    /// Nothing is judged.
    Off,
}

/// `on_refusal` of an agent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OnRefusal {
    /// The model is told and asked again.
    TellModel,
    /// The turn ends with the refusal as text.
    Text,
}

/// `vertex_ai` of an agent: what is left out is as for all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VertexAi {
    /// Whether its Gemini requests go to Vertex AI.
    pub enabled: Option<bool>,
    /// A region, or `global`.
    pub location: Option<String>,
    /// Id or number of the project.
    pub project: Option<String>,
}

/// An entry of `[providers.NAME]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Where clients put their key.
    pub auth: Option<Auth>,
    /// Where its API is.
    pub base_url: Option<String>,
    /// PEM file with certificates of authorities that are trusted beside the platform's.
    pub ca_file: Option<PathBuf>,
    /// As the setting of the same name, for this provider.
    pub connect_timeout_ms: Option<u64>,
    /// Names of the dialects that it speaks.
    pub dialects: Option<Vec<String>>,
    /// As the setting of the same name, for this provider.
    pub first_byte_timeout_ms: Option<u64>,
    /// Header fields that are sent where the client sends none of that name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// As the setting of the same name, for this provider.
    pub idle_timeout_ms: Option<u64>,
    /// Proxy that it is reached through, or `none`.
    pub proxy: Option<String>,
}

/// Where the clients of a provider put their key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `authorization: Bearer`.
    Bearer,
    /// Nowhere: header fields that they send in its place end here.
    None,
    /// `x-api-key`, or `authorization: Bearer`.
    XApiKey,
    /// `x-goog-api-key`.
    XGoogApiKey,
}

impl Provider {
    /// These settings, and those of `other` where nothing was typed here.
    fn or(self, other: Self) -> Self {
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let mut headers: BTreeMap<String, String> = other.headers.into_iter().map(lower).collect();
        headers.extend(self.headers.into_iter().map(lower));
        Self {
            auth: self.auth.or(other.auth),
            base_url: self.base_url.or(other.base_url),
            ca_file: self.ca_file.or(other.ca_file),
            connect_timeout_ms: self.connect_timeout_ms.or(other.connect_timeout_ms),
            dialects: self.dialects.or(other.dialects),
            first_byte_timeout_ms: self.first_byte_timeout_ms.or(other.first_byte_timeout_ms),
            headers,
            idle_timeout_ms: self.idle_timeout_ms.or(other.idle_timeout_ms),
            proxy: self.proxy.or(other.proxy),
        }
    }
}

fn merge(
    stronger: BTreeMap<String, Provider>,
    weaker: BTreeMap<String, Provider>,
) -> BTreeMap<String, Provider> {
    let mut merged = weaker;
    for (name, provider) in stronger {
        let weaker = merged.remove(&name).unwrap_or_default();
        merged.insert(name, provider.or(weaker));
    }
    merged
}

impl Settings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an unknown key.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
        let settings = text.and_then(|text| toml::from_str(&text).map_err(|e| e.to_string()));
        settings.map_err(|message| ConfigError::File { path: path.display().to_string(), message })
    }

    /// These settings, and those of `other` where nothing was typed here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            agents: if self.agents.is_empty() { other.agents } else { self.agents },
            client_idle_timeout_ms: self.client_idle_timeout_ms.or(other.client_idle_timeout_ms),
            connect_timeout_ms: self.connect_timeout_ms.or(other.connect_timeout_ms),
            drain_delay_seconds: self.drain_delay_seconds.or(other.drain_delay_seconds),
            first_byte_timeout_ms: self.first_byte_timeout_ms.or(other.first_byte_timeout_ms),
            gemini_vertex_ai_base_url: self.gemini_vertex_ai_base_url.or(other.gemini_vertex_ai_base_url),
            gemini_vertex_ai_credentials_file: self
                .gemini_vertex_ai_credentials_file
                .or(other.gemini_vertex_ai_credentials_file),
            gemini_vertex_ai_enabled: self.gemini_vertex_ai_enabled.or(other.gemini_vertex_ai_enabled),
            gemini_vertex_ai_location: self.gemini_vertex_ai_location.or(other.gemini_vertex_ai_location),
            gemini_vertex_ai_project: self.gemini_vertex_ai_project.or(other.gemini_vertex_ai_project),
            header_timeout_ms: self.header_timeout_ms.or(other.header_timeout_ms),
            https_proxy: self.https_proxy.or(other.https_proxy),
            idle_timeout_ms: self.idle_timeout_ms.or(other.idle_timeout_ms),
            listen: self.listen.or(other.listen),
            max_bodies_bytes: self.max_bodies_bytes.or(other.max_bodies_bytes),
            max_body_bytes: self.max_body_bytes.or(other.max_body_bytes),
            max_connections: self.max_connections.or(other.max_connections),
            llm_proxy_stream_keepalive_interval_ms: self
                .llm_proxy_stream_keepalive_interval_ms
                .or(other.llm_proxy_stream_keepalive_interval_ms),
            max_event_bytes: self.max_event_bytes.or(other.max_event_bytes),
            max_held_bytes: self.max_held_bytes.or(other.max_held_bytes),
            max_response_bytes: self.max_response_bytes.or(other.max_response_bytes),
            no_proxy: self.no_proxy.or(other.no_proxy),
            policy_file: self.policy_file.or(other.policy_file),
            policy_memory_bytes: self.policy_memory_bytes.or(other.policy_memory_bytes),
            providers: merge(self.providers, other.providers),
            record_file: self.record_file.or(other.record_file),
            record_queue_bytes: self.record_queue_bytes.or(other.record_queue_bytes),
            shutdown_grace_seconds: self.shutdown_grace_seconds.or(other.shutdown_grace_seconds),
            workers: self.workers.or(other.workers),
            write_timeout_ms: self.write_timeout_ms.or(other.write_timeout_ms),
        }
    }
}
