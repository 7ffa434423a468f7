//! Which header fields go on, and which end here.

use testkit::{FakeUpstream, Received, Script};

use crate::api::{ANTHROPIC, APIS, OPENAI};
use crate::stage::{SOON, Stage};

/// What an HTTP library adds by itself; the rest of a list is the test's own.
fn names(received: &Received) -> Vec<String> {
    received.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect()
}

fn all<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a10_end_to_end_fields_arrive_as_they_were_sent() {
    let stage = Stage::answering(&[]);
    let headers = [
        ("user-agent", "one/1"),
        ("user-agent", "two/2"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "a-2025-01-01,b-2025-02-02"),
        ("anthropic-beta", "c"),
        ("x-api-key", "sk-ant-1"),
        ("authorization", "Bearer sk-ant-oat-2"),
        ("x-stainless-lang", "python"),
        ("idempotency-key", "k 1"),
        ("x-empty", ""),
        ("x-latin", "caf\u{e9}"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("origin", "https://app.example"),
        ("content-type", "application/json; charset=utf-8"),
    ];
    for target in [ANTHROPIC.ours(""), ANTHROPIC.other("/v1/messages/count_tokens")] {
        stage.ask("POST", &target, &headers, ANTHROPIC.request.as_bytes());
        let received = stage.upstream.next_request(SOON);
        for (name, _) in headers {
            let sent: Vec<_> = headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value).collect();
            assert_eq!(all(&received.headers, name), sent, "{name}");
        }
        assert_eq!(received.header("content-length"), Some(ANTHROPIC.request.len().to_string().as_str()));
    }
}

#[test]
fn a17_fields_of_one_connection_and_ours_end_here() {
    let stage = Stage::answering(&[]);
    let headers = [
        ("connection", "keep-alive, X-Secret-Hop, Upgrade"),
        ("x-secret-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("upgrade", "websocket"),
        ("x-archestra-user-id", "admin"),
        ("x-archestra-exchange-id", "forged"),
        ("X-Archestra-Agent", "other"),
        ("x-kept", "yes"),
    ];
    for target in [OPENAI.ours(""), OPENAI.other("/embeddings")] {
        let response = stage.ask("POST", &target, &headers, OPENAI.request.as_bytes());
        assert_eq!(all(&response.headers, "x-archestra-exchange-id").len(), 1);
        assert_ne!(response.header("x-archestra-exchange-id"), Some("forged"));
        let received = stage.upstream.next_request(SOON);
        let mut seen = names(&received);
        seen.retain(|name| name != "accept-encoding");
        seen.sort();
        assert_eq!(seen, ["content-length", "host", "x-kept"], "and no x-forwarded-*, via or the like");
    }
}

#[test]
fn a18_forwarding_fields_of_a_client_are_only_passed_on() {
    let stage = Stage::answering(&[]);
    let headers =
        [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-host", "evil.example"), ("forwarded", "for=1")];
    assert_eq!(stage.ask("POST", &OPENAI.ours(""), &headers, OPENAI.request.as_bytes()).status, 200);
    let received = stage.upstream.next_request(SOON);
    for (name, value) in headers {
        assert_eq!(all(&received.headers, name), [value]);
    }
}

#[test]
fn a8_conversations_are_asked_for_in_clear_and_nothing_else_is() {
    let stage = Stage::answering(&[]);
    let accept = [("accept-encoding", "gzip, br"), ("accept-encoding", "zstd")];
    for api in APIS {
        stage.ask("POST", &api.ours(""), &accept, api.request.as_bytes());
        assert_eq!(all(&stage.upstream.next_request(SOON).headers, "accept-encoding"), ["identity"]);
        stage.ask("POST", &api.other("/other"), &accept, api.request.as_bytes());
        assert_eq!(all(&stage.upstream.next_request(SOON).headers, "accept-encoding"), ["gzip, br", "zstd"]);
        stage.ask("GET", &api.other("/other"), &[], b"");
        assert_eq!(stage.upstream.next_request(SOON).header("accept-encoding"), None);
    }
}

#[test]
fn fields_of_an_answer_come_back() {
    let headers = [
        ("x-request-id", "req_1"),
        ("request-id", "req_2"),
        ("anthropic-ratelimit-requests-remaining", "41"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("retry-after", "12"),
        ("set-cookie", "a=1; Path=/"),
        ("set-cookie", "b=2"),
        ("cf-ray", "x"),
        ("date", "Tue, 01 Jan 2030 00:00:00 GMT"),
        ("server", "cloudflare"),
        ("openai-processing-ms", "17"),
        ("x-archestra-exchange-id", "forged"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("content-type", "application/json; charset=utf-8"),
    ];
    let upstream = FakeUpstream::start(move |_| Script::respond(200, &headers, OPENAI.answer));
    let stage = Stage::new(upstream);
    for target in [OPENAI.ours(""), OPENAI.other("/embeddings")] {
        let response = stage.post(&target, OPENAI.request);
        assert_eq!(response.text(), OPENAI.answer);
        for (name, _) in &headers[..11] {
            let sent: Vec<_> = headers.iter().filter(|(n, _)| n == name).map(|(_, value)| *value).collect();
            assert_eq!(all(&response.headers, name), sent, "{name}");
        }
        assert_eq!(response.header("x-hop"), None);
        assert_eq!(response.header("keep-alive"), None);
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(all(&response.headers, "content-length"), [OPENAI.answer.len().to_string()]);
        let ids = all(&response.headers, "x-archestra-exchange-id");
        assert!(ids.len() == 1 && ids[0] != "forged", "{ids:?}");
    }
}

#[test]
fn a_status_that_nobody_knows_comes_back_with_its_reason() {
    for (line, status, reason) in [
        ("418 I'm a teapot!", 418, "I'm a teapot!"),
        ("299 Fine Indeed", 299, "Fine Indeed"),
        ("529 ", 529, ""),
    ] {
        let head =
            format!("HTTP/1.1 {line}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}");
        let stage = Stage::scripted(Script::raw(head));
        for target in [OPENAI.ours(""), OPENAI.other("/models")] {
            let response = stage.post(&target, OPENAI.request);
            assert_eq!((response.status, response.text().as_str()), (status, "{}"));
            if !reason.is_empty() {
                assert_eq!(response.reason, reason);
            }
        }
    }
}

#[test]
fn an_error_of_the_provider_is_relayed_byte_for_byte() {
    let body = "{ \"error\" : {\"message\":\"no\",\"type\":\"x\" } }\n";
    for status in [400, 401, 403, 404, 413, 429, 500, 503, 529] {
        let stage = Stage::scripted(Script::respond(
            status,
            &[("content-type", "application/json"), ("retry-after", "3"), ("request-id", "r")],
            body,
        ));
        for api in APIS {
            let response = stage.converse(api);
            assert_eq!((response.status, response.text().as_str()), (status, body));
            assert_eq!(response.header("retry-after"), Some("3"));
            assert_eq!(response.header("request-id"), Some("r"));
        }
        let records = stage.proxy.wait_records(3, SOON);
        assert!(
            records.iter().all(|r| r["outcome"] == "upstream_error" && r["fault"] == "upstream"),
            "{records:#?}"
        );
    }
}
