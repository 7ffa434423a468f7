//! The proxy between a client and a provider, set up for one test.

use std::time::Duration;

use serde_json::Value;
use testkit::{Builder, Client, FakeUpstream, Proxy, Response, Script};

use crate::api::Api;

/// Longer than anything takes that works.
pub const SOON: Duration = Duration::from_secs(10);

pub const AGENT_ID: &str = "0198f2a4-0000-7000-8000-0000000000ab";
const AGENTS: &str = "[[agents]]\nid = \"0198f2a4-0000-7000-8000-0000000000ab\"\nslug = \"billing\"\n";

pub struct Stage {
    pub upstream: FakeUpstream,
    pub proxy: Proxy,
}

/// A proxy that has not been told of any provider.
pub fn proxy() -> Builder {
    Proxy::builder(env!("CARGO_BIN_EXE_archestra")).config(AGENTS).env("RUST_BACKTRACE", "1")
}

impl Stage {
    pub fn new(upstream: FakeUpstream) -> Self {
        Self::with(upstream, &[])
    }

    /// With further variables.
    pub fn with(upstream: FakeUpstream, variables: &[(&str, &str)]) -> Self {
        let builder = proxy().upstream(&upstream);
        let proxy = variables.iter().fold(builder, |builder, (name, value)| builder.env(name, value)).start();
        Self { upstream, proxy }
    }

    /// A provider that answers everything with the API's answer.
    pub fn answering(variables: &[(&str, &str)]) -> Self {
        Self::with(FakeUpstream::start(|request| Script::json(200, answer_to(&request.target))), variables)
    }

    /// A provider that answers everything with this script.
    pub fn scripted(script: Script) -> Self {
        Self::new(FakeUpstream::start(move |_| script.clone()))
    }

    pub fn client(&self) -> Client {
        Client::connect(self.proxy.address())
    }

    /// A whole exchange on a connection of its own.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut client = self.client();
        client.request(method, target, headers, body);
        client.read_response(SOON)
    }

    pub fn post(&self, target: &str, body: impl AsRef<[u8]>) -> Response {
        self.ask("POST", target, &[("content-type", "application/json")], body.as_ref())
    }

    /// The API's own request.
    pub fn converse(&self, api: &Api) -> Response {
        self.post(&api.ours(""), api.request)
    }

    /// The only record there is.
    pub fn record(&self) -> Value {
        let mut records = self.proxy.wait_records(1, SOON);
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }
}

/// The answer of the API that has such paths.
pub fn answer_to(target: &str) -> &'static str {
    let apis = crate::api::APIS;
    let api = apis.iter().find(|api| target.starts_with(&format!("{}{}", api.base, api.path)));
    api.map_or("{}", |api| api.answer)
}

/// Checks fields of a record.
pub fn assert_fields(record: &Value, wanted: &[(&str, Value)]) {
    for (name, value) in wanted {
        assert_eq!(&record[*name], value, "{name} of {record:#}");
    }
}
