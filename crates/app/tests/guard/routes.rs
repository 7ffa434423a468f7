//! What nobody can judge is refused while policies are enforced.

use serde_json::json;
use testkit::Script;

use crate::stage::{POLICY, SOON, Stage, user};

const AGENTS: &str = "[[agents]]\nid = \"0198f2a4-0000-7000-8000-0000000000ab\"\nslug = \"open\"\nunjudged_routes = [\"batches\"]\n[[agents]]\nid = \"0198f2a4-0000-7000-8000-0000000000ac\"\nslug = \"watched\"\nmode = \"observe\"\n";

#[test]
fn b21_routes_that_carry_unjudged_calls_are_refused_in_the_callers_shape() {
    let stage = Stage::with(POLICY, AGENTS, &[], |_| Script::json(200, "{}"));
    for (path, pointer) in [
        ("/v1/openai/default/realtime/sessions", "/error/type"),
        ("/v1/openai/batches", "/error/type"),
        ("/v1/openai/threads/t/runs", "/error/type"),
        ("/v1/openai/completions", "/error/type"),
        ("/v1/anthropic/v1/messages/batches", "/error/type"),
        ("/v1/gemini/v1beta/models/m:batchGenerateContent", "/error/status"),
        ("/v1/gemini/v1beta/interactions", "/error/status"),
    ] {
        let answer = stage.post(path, &json!({}));
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(
            answer.json().pointer(pointer).is_some_and(|kind| kind.is_string()),
            "{path}: {}",
            answer.text()
        );
    }
    assert!(stage.upstream.try_next_request(std::time::Duration::from_millis(200)).is_none());
    for path in [
        "/v1/openai/models",
        "/v1/openai/embeddings",
        "/v1/anthropic/v1/messages/count_tokens",
        "/v1/gemini/v1beta/models/m:countTokens",
        "/v1/openai/open/batches",
        "/v1/openai/watched/threads",
    ] {
        assert_eq!(stage.post(path, &json!({})).status, 200, "{path}");
    }
}

#[test]
fn b17_tools_that_the_provider_runs_are_refused_unless_allowed() {
    let stage = Stage::new(POLICY, |_| Script::json(200, "{}"));
    let ask = |tool: serde_json::Value| {
        stage.post(
            "/v1/openai/default/responses",
            &json!({"model": "m", "input": [user("hi")], "tools": [tool]}),
        )
    };
    assert_eq!(ask(json!({"type": "web_search"})).status, 200);
    for tool in [
        json!({"type": "code_interpreter", "container": {"type": "auto"}}),
        json!({"type": "mcp", "server_label": "x", "server_url": "https://x.example", "require_approval": "never"}),
    ] {
        let answer = ask(tool);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.text().contains("whose calls cannot be judged"), "{}", answer.text());
    }
    let records = stage.proxy.wait_records(3, SOON);
    assert_eq!(records[2]["reason"], "hosted_tools");
}
