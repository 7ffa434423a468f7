//! The proxy of the demo, in this process: one agent without policies and one with them, and a record in a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use config::{Config, Settings, typed};
use proxy::Server;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::api::APIS;

/// The policy that is enforced.
const POLICY: &str = include_str!("policy.yaml");

/// Slug of the agent of which nothing is judged.
pub(super) const UNPROTECTED: &str = "unprotected";
/// Slug of the agent of which the policy is enforced.
pub(super) const PROTECTED: &str = "protected";

/// Longest time until a line stands in the record.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);
/// How often the record is looked at.
const RECORD_LOOK: Duration = Duration::from_millis(2);
/// Longest time that the proxy may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// A proxy that serves.
#[derive(Debug)]
pub(super) struct Stage {
    pub address: SocketAddr,
    record: PathBuf,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// A decision on a call, as the record has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Decision {
    pub decision: String,
    pub tool: String,
    pub verdict: String,
    pub why: Option<String>,
    #[serde(default)]
    pub arguments: Vec<Argument>,
}

/// Where an argument came from.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Argument {
    pub path: String,
    pub origin: Option<String>,
    pub seen: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    policy: Option<Judgement>,
}

#[derive(Debug, Deserialize)]
struct Judgement {
    calls: Vec<Decision>,
}

impl Stage {
    /// Starts the proxy before this provider, with its files in this folder. Must be called within a runtime.
    pub fn start(provider: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let (policy, record) = (folder.join("policy.yaml"), folder.join("record.jsonl"));
        std::fs::write(&policy, POLICY).with_context(|| policy.display().to_string())?;
        let config = Config::build(settings(provider, policy, record.clone()))?;
        let server = Server::start(config)?;
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async move {
            // Whoever drops the other end wants it to stop too.
            let _stop = stopped.await;
        }));
        Ok(Self { address, record, stop, serving })
    }

    /// The decision with this id, once it is recorded.
    pub async fn decision(&self, id: &str) -> anyhow::Result<Decision> {
        let look = async {
            loop {
                let text = std::fs::read_to_string(&self.record).unwrap_or_default();
                if let Some(decision) = find(&text, id) {
                    return decision;
                }
                tokio::time::sleep(RECORD_LOOK).await;
            }
        };
        let found = tokio::time::timeout(RECORD_PATIENCE, look).await;
        found.with_context(|| format!("decision {id} is not in the record"))
    }

    /// Stops the proxy.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.stop);
        tokio::time::timeout(STOP_PATIENCE, self.serving).await.context("the proxy does not stop")??;
        Ok(())
    }
}

fn find(record: &str, id: &str) -> Option<Decision> {
    let lines = record.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let mut decisions = lines.filter_map(|line| line.policy).flat_map(|policy| policy.calls);
    decisions.find(|call| call.decision == id)
}

/// Nothing but this: no file, flag or variable has a say.
fn settings(provider: SocketAddr, policy: PathBuf, record: PathBuf) -> Settings {
    let row = |name: &str| {
        let base_url = Some(format!("http://{provider}"));
        (name.to_owned(), typed::Provider { base_url, ..typed::Provider::default() })
    };
    Settings {
        agents: vec![
            agent("00000000-0000-4000-8000-0000000000d1", UNPROTECTED, typed::Mode::Off),
            agent("00000000-0000-4000-8000-0000000000d2", PROTECTED, typed::Mode::Enforce),
        ],
        listen: Some("127.0.0.1:0".to_owned()),
        policy_file: Some(policy),
        providers: APIS.iter().map(|api| row(api.name)).collect(),
        record_file: Some(record),
        shutdown_grace_seconds: Some(1),
        workers: Some(1),
        ..Settings::default()
    }
}

fn agent(id: &str, slug: &str, mode: typed::Mode) -> typed::Agent {
    typed::Agent {
        consider_context_untrusted: false,
        id: id.to_owned(),
        max_reasks: None,
        mode: Some(mode),
        name: None,
        on_refusal: None,
        slug: slug.to_owned(),
        unjudged_routes: Vec::new(),
        untrusted_users: false,
        vertex_ai: typed::VertexAi::default(),
    }
}
