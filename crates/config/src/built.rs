//! Settings as they are meant: checked, complete, typed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use model::Agent;

pub use crate::providers::{HttpProxy, ProviderProxy, ProviderSettings};
pub use crate::vertex_ai::VertexAi;
use crate::{ConfigError, Settings, agents, providers, vertex_ai};

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Agents, the built-in one included.
    pub agents: Vec<Agent>,
    /// Bounds.
    pub limits: Limits,
    /// Address to serve on.
    pub listen: SocketAddr,
    /// What was set of providers, by name.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// File with the policy.
    pub policy_file: Option<PathBuf>,
    /// Proxy that providers are reached through by TLS.
    pub proxy: Option<Arc<HttpProxy>>,
    /// File for the record; standard output if none.
    pub record_file: Option<PathBuf>,
    /// Longest waits.
    pub timeouts: Timeouts,
    /// What holds for all agents that use Vertex AI.
    pub vertex_ai: VertexAi,
    /// Serving threads; as many as cores if none.
    pub workers: Option<usize>,
}

/// Bounds on what is kept in memory. Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bodies of all exchanges together, as far as they are kept.
    pub bodies: usize,
    /// Body of a request that is read.
    pub body: usize,
    /// Connections of clients.
    pub connections: usize,
    /// Event of a stream.
    pub event: usize,
    /// What waits for a verdict of one answer, or is kept to ask again.
    pub held: usize,
    /// What was learned of conversations.
    pub policy_memory: usize,
    /// Record lines that wait to be written.
    pub record_queue: usize,
    /// Answer in one piece that is read.
    pub response: usize,
}

/// Longest waits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the next piece of a request's body.
    pub client_idle: Duration,
    /// For a connection to a provider, TLS included.
    pub connect: Duration,
    /// From the signal to stop until new requests are refused.
    pub drain_delay: Duration,
    /// From a sent request to the first byte of its answer.
    pub first_byte: Duration,
    /// For a request's head.
    pub header: Duration,
    /// For the next piece of an answer.
    pub idle: Duration,
    /// How often a stream in which everything waits for a verdict is kept alive; never if none.
    pub keep_alive: Option<Duration>,
    /// For running exchanges on shutdown.
    pub shutdown: Duration,
    /// For a client to take more of its answer.
    pub write: Duration,
}

/// Where a provider's API is: scheme, host and what comes before the API's own paths.
#[derive(Clone, Debug)]
pub struct BaseUrl {
    /// Host and port.
    pub authority: Authority,
    /// Path without a slash at its end; empty or starting with a slash.
    pub path: String,
    /// `http` or `https`.
    pub scheme: Scheme,
}

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.trim().parse().map_err(|e| format!("{text:?} is no URL ({e})"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(format!("{text:?} has no scheme and host"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(format!("scheme {:?} is neither http nor https", scheme.as_str()));
        }
        if authority.as_str().contains('@') {
            return Err("credentials in the URL are not supported".to_owned());
        }
        let target = parts.path_and_query;
        if target.as_ref().is_some_and(|target| target.query().is_some()) {
            return Err(format!("{text:?} has a query"));
        }
        let path = target.map(|target| target.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        Ok(Self { authority, path, scheme })
    }
}

impl Config {
    /// Gives settings their meaning.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn build(settings: Settings) -> Result<Self, ConfigError> {
        let s = settings;
        let listen = s.listen.as_deref().unwrap_or("127.0.0.1:9000");
        let listen = listen.parse().map_err(|_| {
            value("ARCHESTRA_LISTEN", format!("{listen:?} is no IP address with a port"), "127.0.0.1:9000")
        })?;
        let limits = Limits {
            bodies: size("ARCHESTRA_MAX_BODIES_BYTES", s.max_bodies_bytes, 1 << 30)?,
            body: size("ARCHESTRA_MAX_BODY_BYTES", s.max_body_bytes, 70 << 20)?,
            connections: size("ARCHESTRA_MAX_CONNECTIONS", s.max_connections, 16_384)?.min(1 << 24),
            event: size("ARCHESTRA_MAX_EVENT_BYTES", s.max_event_bytes, 10 << 20)?,
            held: size("ARCHESTRA_MAX_HELD_BYTES", s.max_held_bytes, 10 << 20)?,
            policy_memory: size("ARCHESTRA_POLICY_MEMORY_BYTES", s.policy_memory_bytes, 64 << 20)?,
            record_queue: size("ARCHESTRA_RECORD_QUEUE_BYTES", s.record_queue_bytes, 8 << 20)?,
            response: size("ARCHESTRA_MAX_RESPONSE_BYTES", s.max_response_bytes, 70 << 20)?,
        };
        let largest = limits.body.max(limits.response);
        if limits.bodies < largest {
            let problem = format!("{} is less than the largest single body, {largest}", limits.bodies);
            return Err(value("ARCHESTRA_MAX_BODIES_BYTES", problem, "1073741824"));
        }
        let timeouts = Timeouts {
            client_idle: millis("ARCHESTRA_CLIENT_IDLE_TIMEOUT_MS", s.client_idle_timeout_ms, 60_000)?,
            connect: millis("ARCHESTRA_CONNECT_TIMEOUT_MS", s.connect_timeout_ms, 10_000)?,
            drain_delay: Duration::from_secs(s.drain_delay_seconds.unwrap_or(0)),
            first_byte: millis("ARCHESTRA_FIRST_BYTE_TIMEOUT_MS", s.first_byte_timeout_ms, 300_000)?,
            header: millis("ARCHESTRA_HEADER_TIMEOUT_MS", s.header_timeout_ms, 75_000)?,
            idle: millis("ARCHESTRA_IDLE_TIMEOUT_MS", s.idle_timeout_ms, 300_000)?,
            keep_alive: match s.llm_proxy_stream_keepalive_interval_ms {
                Some(0) => None,
                typed => Some(millis("ARCHESTRA_LLM_PROXY_STREAM_KEEPALIVE_INTERVAL_MS", typed, 10_000)?),
            },
            shutdown: Duration::from_secs(s.shutdown_grace_seconds.unwrap_or(30)),
            write: millis("ARCHESTRA_WRITE_TIMEOUT_MS", s.write_timeout_ms, 300_000)?,
        };
        let workers = s.workers.map(|n| size("ARCHESTRA_WORKERS", Some(n), 1)).transpose()?;
        let vertex_ai = vertex_ai::build(&s)?;
        let agents = agents::build(&s)?;
        let providers = providers::build(s.providers)?;
        let proxy = providers::proxy("HTTPS_PROXY", s.https_proxy, s.no_proxy)?;
        let (policy_file, record_file) = (s.policy_file, s.record_file);
        Ok(Self {
            agents,
            limits,
            listen,
            policy_file,
            providers,
            proxy,
            record_file,
            timeouts,
            vertex_ai,
            workers,
        })
    }
}

pub(crate) fn value(name: &str, problem: String, example: &'static str) -> ConfigError {
    ConfigError::Value { name: name.to_owned(), problem, example }
}

/// A number from 1 up that fits the machine.
fn size(name: &str, typed: Option<u64>, default: usize) -> Result<usize, ConfigError> {
    match typed.map(usize::try_from) {
        None => Ok(default),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(value(name, "must be a whole number from 1 up".to_owned(), "128")),
    }
}

pub(crate) fn millis(name: &str, typed: Option<u64>, default: u64) -> Result<Duration, ConfigError> {
    match typed.unwrap_or(default) {
        0 => Err(value(name, "must be at least 1 millisecond".to_owned(), "10000")),
        // A year: longer waits are mistakes, and sums of times must not overflow.
        long if long > 31_536_000_000 => Err(value(name, "is longer than a year".to_owned(), "10000")),
        number => Ok(Duration::from_millis(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed;

    fn problem(settings: Settings) -> String {
        Config::build(settings).unwrap_err().to_string()
    }

    #[test]
    fn nothing_typed_is_the_documented_default() {
        let config = Config::build(Settings::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:9000");
        assert_eq!(config.limits.body, 73_400_320);
        assert_eq!(config.timeouts.connect, Duration::from_secs(10));
        assert_eq!(config.timeouts.idle, Duration::from_secs(300));
        assert_eq!(config.agents.len(), 1);
    }

    #[test]
    fn a_bad_value_is_named_with_its_problem_and_an_example() {
        let listen = Some("localhost".to_owned());
        assert_eq!(
            problem(Settings { listen, ..Settings::default() }),
            "ARCHESTRA_LISTEN: \"localhost\" is no IP address with a port; for example 127.0.0.1:9000"
        );
        for url in ["api.openai.com", "ftp://x", "http://user:pw@host", "https://host/v1?x=1", "http://"] {
            let provider = typed::Provider { base_url: Some(url.to_owned()), ..typed::Provider::default() };
            let providers = BTreeMap::from([("openai".to_owned(), provider)]);
            let said = problem(Settings { providers, ..Settings::default() });
            assert!(said.starts_with("ARCHESTRA_OPENAI_BASE_URL or "), "{said}");
        }
        let max_body_bytes = Some(0);
        assert!(problem(Settings { max_body_bytes, ..Settings::default() }).contains("from 1 up"));
    }

    #[test]
    fn a16_a_base_url_keeps_its_path_without_the_last_slash() {
        assert_eq!(BaseUrl::parse("http://h:1/a/v1/").unwrap().path, "/a/v1");
        assert_eq!(BaseUrl::parse("http://h").unwrap().path, "");
        assert_eq!(BaseUrl::parse("http://h/").unwrap().path, "");
    }

    #[test]
    fn a_file_is_read_and_weaker_than_what_was_typed_before() {
        let file: Settings = toml::from_str("listen = \"1.2.3.4:5\"\nworkers = 3\n[[agents]]\nid = \"6f6c1e9e-6e5d-4a5c-9d5e-0a1b2c3d4e5f\"\nslug = \"billing\"").unwrap();
        let typed = Settings { listen: Some("127.0.0.1:0".to_owned()), ..Settings::default() };
        let config = Config::build(typed.or(file)).unwrap();
        assert_eq!((config.listen.port(), config.workers), (0, Some(3)));
        assert_eq!(config.agents.last().unwrap().name, "billing");
        assert!(toml::from_str::<Settings>("lisen = \"x\"").is_err());
    }
}
