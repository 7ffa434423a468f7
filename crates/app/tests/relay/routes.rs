//! Which paths lead where.

use std::net::TcpStream;
use std::time::Duration;

use testkit::{FakeUpstream, Script};

use crate::api::{ANTHROPIC, APIS, GEMINI, OPENAI};
use crate::stage::{AGENT_ID, SOON, Stage, proxy};

#[test]
fn a_conversation_reaches_its_provider_with_and_without_an_agent() {
    let stage = Stage::answering(&[]);
    let upper = format!("/{}", AGENT_ID.to_uppercase());
    let agents = ["", "/default", "/billing", &format!("/{AGENT_ID}"), &upper];
    for api in APIS {
        for agent in agents {
            let response = stage.post(&api.ours(agent), api.request);
            assert_eq!((response.status, response.text()), (200, api.answer.to_owned()), "{agent}");
            let received = stage.upstream.next_request(SOON);
            assert_eq!(received.target, format!("{}{}", api.base, api.path));
            assert_eq!(received.text(), api.request);
        }
    }
    let records = stage.proxy.wait_records(APIS.len() * agents.len(), SOON);
    let default = "00000000-0000-4000-8000-000000000001";
    let wanted = [default, default, AGENT_ID, AGENT_ID, AGENT_ID];
    let seen: Vec<_> = records.iter().map(|record| record["agent"].as_str().unwrap()).collect();
    assert_eq!(seen, [wanted, wanted, wanted].concat());
}

#[test]
fn an_unknown_agent_is_named_in_the_shape_of_the_api() {
    let stage = Stage::answering(&[]);
    let id = "0198f2a4-0000-7000-8000-0000000000ff";
    let message = format!(
        "No agent has the id {id}. Check the agent's id in the base URL, or leave it out to use the default agent."
    );
    for api in APIS {
        api.assert_error(&stage.post(&api.ours(&format!("/{id}")), api.request), 404, &message);
        let models = api.other(&format!("/{id}/models"));
        api.assert_error(&stage.ask("GET", &models, &[], b""), 404, &message);
    }
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn an_unknown_provider_is_answered_with_what_is_served() {
    let stage = Stage::answering(&[]);
    let message = "Nothing is served at this path. Base URLs have the form /v1/{provider}/{agent}, for example /v1/openai/default; {agent} may be left out. A provider without a base URL of its own is served once one is set.";
    for path in ["/", "/v1", "/v1/", "/v1/unknown/chat/completions", "/v2/openai/models", "/V1/openai/models"]
    {
        OPENAI.assert_error(&stage.ask("GET", path, &[], b""), 404, message);
    }
    OPENAI.assert_error(&stage.ask("OPTIONS", "*", &[], b""), 404, message);
    OPENAI.assert_error(&stage.ask("CONNECT", "evil.example:443", &[], b""), 404, message);
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a_word_that_is_no_agent_belongs_to_the_path_of_the_provider() {
    let stage = Stage::answering(&[]);
    stage.ask("GET", "/v1/openai/nobody/models", &[], b"");
    assert_eq!(stage.upstream.next_request(SOON).target, "/v1/nobody/models");
}

#[test]
fn gemini_is_served_in_all_versions_and_with_all_names_of_models() {
    let stage = Stage::answering(&[]);
    let paths = [
        "/v1/models/gemini-x:generateContent",
        "/v1beta/models/gemini-x:generateContent",
        "/v1beta1/models/gemini-x:generateContent",
        "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-x:generateContent",
        "/v1beta/tunedModels/my_model-1:generateContent",
        "/v1beta/models/with_underscore:generateContent",
        "/v1beta/models/name:with:colons:generateContent",
        "/v1beta/models/name@001:generateContent",
        "/v1beta/models/name%3Ax%3AgenerateContent",
        "/v1beta/models/with%20blank:generateContent",
        "/v1beta/models/gemini-x:generateContent?key=k&alt=json",
    ];
    for path in paths {
        for agent in ["", "/billing"] {
            let response = stage.post(&format!("/v1/gemini{agent}{path}"), GEMINI.request);
            assert_eq!(response.status, 200, "{path}");
            assert_eq!(stage.upstream.next_request(SOON).target, path);
        }
    }
    let records = stage.proxy.wait_records(2 * paths.len(), SOON);
    assert!(records.iter().all(|record| record["route"] == "gemini-generate"), "{records:#?}");
    let models: Vec<_> = records.iter().step_by(2).map(|record| record["model"].as_str().unwrap()).collect();
    assert_eq!(
        models[4..10],
        ["my_model-1", "with_underscore", "name:with:colons", "name@001", "name:x", "with blank"]
    );
}

#[test]
fn a16_queries_arrive_byte_for_byte() {
    let stage = Stage::answering(&[]);
    for query in [
        "?",
        "?a=b&a=c&&=",
        "?x=%20+%2B%zz&y=[]{}|^`",
        "?beta=true",
        "?u=http://evil.example/?a=b",
        "?q='(x)!*",
    ] {
        let target = format!("{}{query}", ANTHROPIC.path);
        let response = stage.post(&ANTHROPIC.other(&target), ANTHROPIC.request);
        assert_eq!(response.status, 200, "{query}");
        assert_eq!(stage.upstream.next_request(SOON).target, target);
        stage.ask("GET", &ANTHROPIC.other(&format!("/v1/models{query}")), &[], b"");
        assert_eq!(stage.upstream.next_request(SOON).target, format!("/v1/models{query}"));
    }
}

#[test]
fn a16_a_path_that_could_lead_elsewhere_reaches_no_provider() {
    let stage = Stage::answering(&[]);
    let message = "The path contains segments or characters that could lead to another resource ('.', '..', '\\' or control characters, plain or encoded).";
    let paths = [
        "/v1beta/models/../../secret",
        "/../anthropic/v1/models",
        "/default/../../admin",
        "/v1beta/models/%2e%2e/files",
        "/v1beta/models/..%2f..%2ffiles:generateContent",
        "/v1beta/models/%252e%252e%252ffiles",
        "/v1beta/models/x\\..\\y",
        "/v1beta/models/x%5c..",
        "/v1beta/models/a%00b",
        "/v1beta/models/a%0d%0aX-Injected:%201",
        "/./models",
        "/models/..;x/files",
    ];
    for api in APIS {
        for path in paths {
            api.assert_error(&stage.post(&api.other(path), api.request), 400, message);
        }
    }
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a16_a_strange_path_reaches_its_own_provider_and_exactly_that_path() {
    let other = FakeUpstream::start(|_| Script::json(200, "{}"));
    let stage = Stage::answering(&[]);
    let evil = other.address();
    let paths = [
        "//chat//completions".to_owned(),
        format!("//{evil}/models"),
        format!("/@{evil}/models"),
        format!("/http://{evil}/models"),
        format!("/models/gpt@{evil}"),
        "/models/a%2Fb".to_owned(),
        "/models/a%3Fb%23c".to_owned(),
        "/models/100%".to_owned(),
        "/%63hat/completions".to_owned(),
        "/CHAT/Completions/".to_owned(),
        "/chat/completions;x=1".to_owned(),
    ];
    for path in &paths {
        let response = stage.post(&OPENAI.other(path), OPENAI.request);
        assert_eq!(response.status, 200, "{path} {}", response.text());
        assert_eq!(stage.upstream.next_request(SOON).target, format!("/v1{path}"));
    }
    // The authority of an absolute request target and the host field are nobody's business.
    let absolute = format!("http://{evil}/v1/openai/models");
    assert_eq!(stage.ask("GET", &absolute, &[("host", "evil.example")], b"").status, 200);
    let received = stage.upstream.next_request(SOON);
    assert_eq!(received.target, "/v1/models");
    assert_eq!(received.header("host"), Some(stage.upstream.address().to_string().as_str()));
    assert_eq!(other.connections(), 0);
    let records = stage.proxy.wait_records(paths.len() + 1, SOON);
    let judged = |index: usize| records[index]["route"] == "openai-chat";
    assert!(
        judged(0) && judged(8) && judged(9) && !judged(1),
        "spellings are not a way around: {records:#?}"
    );
}

#[test]
fn a16_the_path_of_a_base_url_is_joined_once() {
    for (base, path) in
        [("", ""), ("/", ""), ("/openai/v1", "/openai/v1"), ("/openai/v1/", "/openai/v1"), ("/v1//", "/v1")]
    {
        let upstream = FakeUpstream::start(|_| Script::json(200, "{}"));
        let proxy = proxy().openai(&format!("{}{base}", upstream.url())).start();
        let stage = Stage { upstream, proxy };
        stage.post("/v1/openai/v1/chat/completions?x=1", "[]");
        stage.ask("GET", "/v1/openai", &[], b"");
        assert_eq!(stage.upstream.next_request(SOON).target, format!("{path}/v1/chat/completions?x=1"));
        let bare = if path.is_empty() { "/" } else { path };
        assert_eq!(stage.upstream.next_request(SOON).target, bare);
    }
}

#[test]
fn a20_both_sockets_send_at_once() {
    let stage = Stage::answering(&[]);
    let mut client = stage.client();
    // With Nagle's algorithm on either side, answers in two writes would take 40 ms each and the loop 8 s.
    for _ in 0..200 {
        client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
        assert_eq!(client.read_response(Duration::from_secs(2)).status, 200);
    }
    assert_eq!(stage.upstream.connections(), 1, "one connection is used again and again");
    drop(TcpStream::connect(stage.proxy.address()).unwrap());
}
