//! The proxy with a policy, between a client and a provider.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, FakeUpstream, Proxy, Received, Response, Script};

/// Longer than anything takes that works.
pub const SOON: Duration = Duration::from_secs(20);

/// What may be called whatever was read, what must not, and what depends on its arguments.
pub const POLICY: &str = "
version: 1
mode: enforce
on_refusal: text
tools:
  - { tool: danger, calls: [{ then: block, reason: Never. }] }
  - { tool: safe, calls: [{ when: { arg: x, exists: true }, then: allow }, { then: block }] }
  - { tool: read, calls: [{ then: allow }], results: [{ then: trusted }] }
  - { tool: secret, calls: [{ then: allow }], results: [{ then: block }] }
  - { tool: send, sensitive: [to] }
  - { tool: web_search, calls: [{ then: allow }] }
";

pub struct Stage {
    pub folder: tempfile::TempDir,
    pub proxy: Proxy,
    pub upstream: FakeUpstream,
}

impl Stage {
    /// A provider that answers so, behind this policy.
    pub fn new(policy: &str, handler: impl Fn(&Received) -> Script + Send + Sync + 'static) -> Self {
        Self::with(policy, "", &[], handler)
    }

    /// With agents, and with further variables.
    pub fn with(
        policy: &str,
        agents: &str,
        variables: &[(&str, &str)],
        handler: impl Fn(&Received) -> Script + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, policy).unwrap();
        let upstream = FakeUpstream::start(handler);
        let builder = Proxy::builder(env!("CARGO_BIN_EXE_archestra"))
            .config(agents)
            .upstream(&upstream)
            .env("ARCHESTRA_POLICY_FILE", &file);
        let proxy = variables.iter().fold(builder, |builder, (name, value)| builder.env(name, value)).start();
        Self { folder, proxy, upstream }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("policy.yaml")
    }

    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut client = Client::connect(self.proxy.address());
        client.request(method, target, headers, body);
        client.read_response(SOON)
    }

    pub fn post(&self, target: &str, body: &Value) -> Response {
        let headers = [("content-type", "application/json"), ("authorization", "Bearer k")];
        self.ask("POST", target, &headers, body.to_string().as_bytes())
    }

    pub fn chat(&self, messages: Value) -> Response {
        self.post(CHAT, &chat_request(messages))
    }

    /// What policies said of the only exchange there is.
    pub fn judgement(&self) -> Value {
        self.proxy.wait_records(1, SOON).remove(0)["policy"].take()
    }
}

pub const CHAT: &str = "/v1/openai/default/chat/completions";

/// A request of OpenAI Chat that offers all tools of the policy.
pub fn chat_request(messages: Value) -> Value {
    let names = ["danger", "safe", "read", "secret", "send"];
    let tools = names.map(
        |name| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}),
    );
    json!({"model": "m", "messages": messages, "tools": tools})
}

/// A call of OpenAI Chat.
pub fn chat_call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// An answer of OpenAI Chat.
pub fn chat_answer(text: Option<&str>, calls: &[Value]) -> Script {
    let (reason, calls) = match calls {
        [] => ("stop", Value::Null),
        calls => ("tool_calls", json!(calls)),
    };
    let mut message = json!({"role": "assistant", "content": text});
    if !calls.is_null() {
        message["tool_calls"] = calls;
    }
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7});
    let answer = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage});
    Script::json(200, answer.to_string())
}

pub fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}
