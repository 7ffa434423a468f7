//! The providers' official SDKs, once against the simulated providers and once through the proxy.
//!
//! What an application developer must not notice is tested as exactly that: the scripts in `tests/sdk` report the same
//! checks both ways, and the providers receive the same requests, byte for byte, apart from what a connection needs.
//!
//! What they do with an answer from which calls were taken is in `tests/sdk/guarded.json`. A case has
//!
//! - `answers`: what the provider says, and says when it is asked again, as `testkit::providers::as_told` reads it;
//! - `agent`: `text` or `telling`, as in [`GUARDED_AGENTS`]; `result`: the tool whose result the request brings;
//! - `expect`: for each choice the calls that are left, the tools of which it says that they were refused, what else it
//!   says, why it stopped, and the thoughts with their signatures, as far as the API has some;
//! - `only`: in which APIs; `fails`: where the provider's answer is no JSON, so that the client gets an error.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{FakeGoogle, FakeUpstream, Proxy, Received, providers, run};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const AGENT_ID: &str = "0198f2a4-0000-7000-8000-000000000001";
/// What stands in the agent's place of a base URL: nothing, the built-in agent's slug, a configured agent's id.
const AGENTS: [&str; 3] = ["", "/default", "/0198f2a4-0000-7000-8000-000000000001"];
/// A policy for the tools of `tests/sdk/guarded.json`: what may be called, what must not, and what depends on its arguments.
const GUARDED_POLICY: &str = "
version: 1
mode: enforce
tools:
  - { tool: danger, calls: [{ then: block, reason: Never. }] }
  - { tool: safe, calls: [{ when: { arg: x, exists: true }, then: allow }, { then: block }] }
  - { tool: read, calls: [{ then: allow }], results: [{ then: trusted }] }
  - { tool: secret, calls: [{ then: allow }], results: [{ then: block }] }
  - { tool: hidden, calls: [{ then: allow }], results: [{ then: quarantine }] }
";
const GUARDED_AGENTS: &str = r#"
[[agents]]
id = "0198f2a4-0000-7000-8000-000000000001"
slug = "text"
on_refusal = "text"

[[agents]]
id = "0198f2a4-0000-7000-8000-000000000002"
slug = "telling"
on_refusal = "tell_model"
"#;
/// A script takes seconds, most of them for loading the SDKs.
const SCRIPT_BOUND: Duration = Duration::from_secs(300);

/// Of one script: how many checks it makes for each agent, and how many of the proxy's own refusals.
struct Checks {
    conversations: usize,
    refusals: usize,
}

/// Provider path, header name and value.
type Credential = (&'static str, &'static str, &'static str);

#[test]
fn the_python_sdks_notice_nothing() {
    let credentials = [
        ("/v1/chat/completions", "authorization", "Bearer sk-openai-python"),
        ("/v1/messages", "authorization", "Bearer sk-ant-oat-python"),
        ("/v1/messages", "authorization", "Bearer sk-ant-python"),
        ("/v1/messages", "x-api-key", "sk-ant-header-python"),
        ("/v1/models", "x-goog-api-key", "AIza-google-python"),
        ("/v1/responses", "authorization", "Bearer sk-openai-python"),
        ("/v1beta/models", "x-goog-api-key", "AIza-google-python"),
    ];
    compare(|| python("sdk_python.py"), &Checks { conversations: 69, refusals: 11 }, &credentials);
}

#[test]
fn the_node_sdks_notice_nothing() {
    let scripts = node_scripts();
    let credentials = [
        ("/v1/chat/completions", "authorization", "Bearer sk-openai-node"),
        ("/v1/chat/completions", "authorization", "Bearer sk-openai-vercel"),
        ("/v1/messages", "authorization", "Bearer sk-ant-node"),
        ("/v1/messages", "authorization", "Bearer sk-ant-oat-node"),
        ("/v1/messages", "x-api-key", "sk-ant-header-node"),
        ("/v1/messages", "x-api-key", "sk-ant-vercel"),
        ("/v1/models", "x-goog-api-key", "AIza-google-node"),
        ("/v1/responses", "authorization", "Bearer sk-openai-node"),
        ("/v1/responses", "authorization", "Bearer sk-openai-vercel"),
        ("/v1beta/models", "x-goog-api-key", "AIza-google-node"),
        ("/v1beta/models", "x-goog-api-key", "AIza-google-vercel"),
    ];
    compare(|| node(&scripts, "sdk_node.mjs"), &Checks { conversations: 92, refusals: 19 }, &credentials);
}

#[test]
fn google_s_python_sdk_does_not_notice_vertex_ai() {
    compare_on_vertex_ai(|| python("vertex_python.py"), 60);
}

#[test]
fn google_s_node_sdk_does_not_notice_vertex_ai() {
    let scripts = node_scripts();
    compare_on_vertex_ai(|| node(&scripts, "vertex_node.mjs"), 56);
}

#[test]
fn the_python_sdks_take_refusals() {
    guarded(python("guarded_python.py"), false);
}

#[test]
fn the_node_sdks_take_refusals() {
    let scripts = node_scripts();
    guarded(node(&scripts, "guarded_node.mjs"), true);
}

/// Runs a script through a proxy that refuses calls. It makes two checks of each case in each API, with the provider's SDK
/// and perhaps with Vercel's, which knows what all APIs have.
fn guarded(mut command: Command, with_vercel: bool) {
    let cases = Path::new(ROOT).join("tests/sdk/guarded.json");
    let read: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(&cases).unwrap()).unwrap();
    let sdks = read.iter().map(|case| match case["only"].as_array() {
        Some(apis) => apis.len(),
        None if with_vercel => 8,
        None => 4,
    });
    let policy = tempfile::NamedTempFile::new().unwrap();
    fs::write(&policy, GUARDED_POLICY).unwrap();
    let upstream = FakeUpstream::start(providers::as_told());
    let proxy = Proxy::builder(env!("CARGO_BIN_EXE_archestra"))
        .upstream(&upstream)
        .config(GUARDED_AGENTS)
        .env("ARCHESTRA_POLICY_FILE", policy.path())
        .start();
    let urls =
        ["openai", "anthropic", "gemini"].map(|provider| proxy.url(&format!("/v1/{provider}{{agent}}")));
    command.arg(cases).args(&urls);
    let passed = report(&mut command);
    assert_eq!(passed.len(), sdks.sum::<usize>() * 2, "{passed:#?}");
}

/// Runs a script against the simulated providers, then through the proxy, and compares what they received.
fn compare(command: impl Fn() -> Command, checks: &Checks, credentials: &[Credential]) {
    let upstream = FakeUpstream::start(providers::simulated());
    let url = upstream.url();
    let passed = report(command().args([&format!("{url}/v1"), &url, &url]).args(AGENTS));
    assert_eq!(passed.len(), checks.conversations * AGENTS.len(), "{passed:#?}");
    let direct = upstream.requests();

    let upstream = FakeUpstream::start(providers::simulated());
    let agent = format!("[[agents]]\nid = \"{AGENT_ID}\"\nslug = \"billing\"\nname = \"Billing\"\n");
    let proxy = Proxy::builder(env!("CARGO_BIN_EXE_archestra")).upstream(&upstream).config(&agent).start();
    let urls =
        ["openai", "anthropic", "gemini"].map(|provider| proxy.url(&format!("/v1/{provider}{{agent}}")));
    let passed = report(command().args(&urls).args(AGENTS));
    assert_eq!(passed.len(), checks.conversations * AGENTS.len() + checks.refusals, "{passed:#?}");
    let relayed = upstream.requests();

    for (direct, relayed) in direct.iter().zip(&relayed) {
        assert_same(direct, relayed);
    }
    assert_eq!(relayed.len(), direct.len(), "requests through the proxy and without it");
    assert_credentials(&relayed, credentials);
}

/// Runs a script against simulated AI Studio and Vertex AI, then through the proxy to a Vertex AI that lets in nobody but
/// the operator, and compares what they received.
fn compare_on_vertex_ai(command: impl Fn() -> Command, conversations: usize) {
    let upstream = FakeUpstream::start(providers::simulated());
    let url = upstream.url();
    let passed = report(command().args([&url, &url]).args(AGENTS));
    assert_eq!(passed.len(), conversations * AGENTS.len(), "{passed:#?}");
    let direct = upstream.requests();

    let google = Arc::new(FakeGoogle::start());
    let credentials = tempfile::NamedTempFile::new().unwrap();
    fs::write(&credentials, google.authorized_user().to_string()).unwrap();
    let upstream = FakeUpstream::start(providers::vertex_ai(Arc::clone(&google)));
    let agent = format!("[[agents]]\nid = \"{AGENT_ID}\"\nslug = \"billing\"\nname = \"Billing\"\n");
    let proxy = Proxy::builder(env!("CARGO_BIN_EXE_archestra"))
        .config(&agent)
        .env("ARCHESTRA_GEMINI_VERTEX_AI_ENABLED", "true")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_PROJECT", "acme")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_LOCATION", "europe-west4")
        .env("ARCHESTRA_GEMINI_VERTEX_AI_BASE_URL", upstream.url())
        .env("ARCHESTRA_GEMINI_VERTEX_AI_CREDENTIALS_FILE", credentials.path())
        .start();
    let url = proxy.url("/v1/gemini{agent}");
    let passed = report(command().args([&url, &url]).args(AGENTS));
    assert_eq!(passed.len(), conversations * AGENTS.len(), "{passed:#?}");
    let relayed = upstream.requests();

    for (direct, relayed) in direct.iter().zip(&relayed) {
        assert_on_vertex_ai(direct, relayed);
        google.check(relayed.header("authorization").unwrap()).unwrap();
    }
    assert_eq!(relayed.len(), direct.len(), "requests through the proxy and without it");
    assert_eq!((google.issued(), google.violations()), (1, Vec::new()));
}

/// Both are the same request, the one to AI Studio or Vertex AI with the client's credentials and the other to Vertex AI
/// with the operator's.
fn assert_on_vertex_ai(direct: &Received, relayed: &Received) {
    let request = format!("{} {}", direct.method, direct.target);
    let (version, rest) = direct.target.split_at(direct.target.rfind("/models").unwrap());
    let is_predict = relayed.path().ends_with(":predict") && !direct.path().ends_with(":predict");
    let place = if direct.method == "GET" { "" } else { "projects/acme/locations/europe-west4/" };
    let target = match version {
        _ if version.contains("/projects/") => direct.target.clone(),
        // The one text of a batch.
        _ if is_predict => {
            format!("/v1beta1/{place}publishers/google{rest}").replace("batchEmbedContents", "predict")
        }
        _ => format!("/v1beta1/{place}publishers/google{rest}"),
    };
    assert_eq!(format!("{} {}", relayed.method, relayed.target), format!("{} {target}", direct.method));
    if !direct.path().ends_with("EmbedContents") || version.starts_with("/v1beta1") {
        assert_eq!(relayed.text(), direct.text(), "body of {request}");
    }
    let credentials = ["authorization", "x-goog-api-key", "x-goog-user-project"];
    let fields = |received| {
        let fields = end_to_end(received).into_iter();
        fields
            .filter(|(name, _)| !credentials.contains(&name.as_str()) && name != "content-length")
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(relayed), fields(direct), "header fields of {request}");
    let theirs = credentials.map(|name| direct.header(name).is_some());
    assert!([[false, true, false], [true, false, true]].contains(&theirs), "a key, or a token and a project");
    assert_eq!(relayed.header("x-goog-api-key"), None, "{request}");
    assert_eq!(relayed.header("x-goog-user-project"), Some("quota-project"), "{request}");
    // What is read is asked for in clear: conversations, and what has to be translated.
    let is_read = direct.path().ends_with("enerateContent") || !version.starts_with("/v1beta1");
    let coding = if is_read { Some("identity") } else { direct.header("accept-encoding") };
    assert_eq!(relayed.header("accept-encoding"), coding, "{request}");
}

fn python(script: &str) -> Command {
    let mut command = Command::new(setting("ARCHESTRA_SDK_PYTHON", ".cache/sdk-venv/bin/python"));
    command.arg(Path::new(ROOT).join("tests/sdk/python").join(script));
    command
}

fn node(scripts: &TempDir, script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(scripts.path().join(script));
    command
}

/// Runs a script and returns the checks that passed.
fn report(command: &mut Command) -> Vec<String> {
    // An SDK takes keys, base URLs and proxies from the environment too.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    let finished = run(command, SCRIPT_BOUND);
    let failed: Vec<&str> = finished.stdout.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(
        failed.is_empty() && finished.status.success(),
        "{command:?}: {}\n{}\n{}",
        finished.status,
        failed.join("\n"),
        finished.stderr
    );
    finished.stdout.lines().map(str::to_owned).collect()
}

/// Both are the same request, apart from what belongs to the connection.
fn assert_same(direct: &Received, relayed: &Received) {
    let request = format!("{} {}", direct.method, direct.target);
    assert_eq!(format!("{} {}", relayed.method, relayed.target), request);
    assert_eq!(relayed.text(), direct.text(), "body of {request}");
    assert_eq!(end_to_end(relayed), end_to_end(direct), "header fields of {request}");
    // What is to be judged must not come compressed.
    let coding = if brings_output(direct) { Some("identity") } else { direct.header("accept-encoding") };
    assert_eq!(relayed.header("accept-encoding"), coding, "{request}");
}

/// Whether something that a model said comes back.
fn brings_output(request: &Received) -> bool {
    let path = request.path();
    let conversations = ["/chat/completions", "/messages", ":generateContent", ":streamGenerateContent"];
    conversations.iter().any(|conversation| path.ends_with(conversation))
        || path.starts_with("/v1/responses") && request.method != "DELETE"
}

/// The header fields an SDK meant for its provider, sorted.
fn end_to_end(request: &Received) -> Vec<(String, &str)> {
    let of_the_connection = ["accept-encoding", "connection", "host", "keep-alive", "transfer-encoding"];
    let fields = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()));
    let mut fields: Vec<_> = fields.filter(|(name, _)| !of_the_connection.contains(&name.as_str())).collect();
    fields.sort();
    fields
}

/// The providers got these keys in these headers at these paths, all of them and no others.
fn assert_credentials(requests: &[Received], wanted: &[Credential]) {
    let mut seen = BTreeSet::new();
    for request in requests {
        // Without the names of models and the ids of responses.
        let ends =
            ["models", "responses"].iter().filter_map(|name| Some(request.path().find(name)? + name.len()));
        let path = ends.min().and_then(|end| request.path().get(..end)).unwrap_or(request.path());
        for name in ["authorization", "x-api-key", "x-goog-api-key"] {
            seen.extend(request.header(name).map(|value| (path, name, value)));
        }
    }
    assert_eq!(seen, wanted.iter().copied().collect());
}

/// The path in the variable, or the one that `make test` has installed to.
fn setting(variable: &str, default: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| Path::new(ROOT).join(default), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make test`, which installs it", path.display());
    path
}

/// The scripts in the folder that has the modules, because an import is looked up from where the script is.
fn node_scripts() -> TempDir {
    let folder = tempfile::tempdir_in(setting("ARCHESTRA_SDK_NODE_DIR", ".cache/sdk-node")).unwrap();
    for script in fs::read_dir(Path::new(ROOT).join("tests/sdk/node")).unwrap() {
        let script = script.unwrap().path();
        if script.extension().is_some_and(|extension| extension == "mjs") {
            fs::copy(&script, folder.path().join(script.file_name().unwrap())).unwrap();
        }
    }
    folder
}
