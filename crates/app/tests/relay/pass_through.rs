//! What is no conversation flows as it is, both ways.

use testkit::{FakeUpstream, Script};

use crate::api::{APIS, GEMINI, OPENAI};
use crate::stage::{SOON, Stage, assert_fields};

#[test]
fn every_method_and_type_is_passed_through() {
    let stage = Stage::new(FakeUpstream::start(|request| match request.method.as_str() {
        "DELETE" => Script::raw("HTTP/1.1 204 No Content\r\n\r\n"),
        _ => Script::respond(200, &[("content-type", "application/octet-stream")], request.body.clone()),
    }));
    let binary: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let requests: [(&str, &str, &[u8]); 9] = [
        ("GET", "application/json", b""),
        ("DELETE", "application/json", b""),
        ("PATCH", "application/json", b"{not json"),
        ("PUT", "application/octet-stream", &binary),
        ("POST", "multipart/form-data; boundary=x", b"--x\r\n\r\n\xff\xfe\r\n--x--\r\n"),
        ("POST", "application/json; charset=utf-16", b"\xff\xfe{\0}\0"),
        ("POST", "audio/mpeg", &binary),
        ("OPTIONS", "text/plain", b""),
        ("PROPFIND", "text/plain", b"x"),
    ];
    for api in APIS {
        for (method, content_type, body) in requests {
            let response =
                stage.ask(method, &api.other("/files/x?a=b"), &[("content-type", content_type)], body);
            let received = stage.upstream.next_request(SOON);
            assert_eq!(received.method, method);
            assert_eq!(received.target, format!("{}/files/x?a=b", api.base));
            assert_eq!(received.header("content-type"), Some(content_type));
            assert!(received.body == body, "{method} {content_type}");
            assert!(response.body == body, "{method} {content_type}");
            assert_eq!(response.status, if method == "DELETE" { 204 } else { 200 });
        }
    }
    let records = stage.proxy.wait_records(APIS.len() * requests.len(), SOON);
    for record in &records {
        assert_fields(record, &[("route", "pass-through".into()), ("outcome", "completed".into())]);
    }
    assert_fields(&records[3], &[("request_bytes", 70_000.into()), ("response_bytes", 70_000.into())]);
}

#[test]
fn the_answer_to_head_keeps_its_length_and_has_no_body() {
    let stage = Stage::scripted(Script::raw("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\nx-a: b\r\n\r\n"));
    let mut client = stage.client();
    for _ in 0..2 {
        client.request("HEAD", "/v1/openai/files/f/content", &[], b"");
        let response = client.read_response(SOON);
        assert_eq!((response.status, response.body.len()), (200, 0));
        assert_eq!(response.header("content-length"), Some("1234"));
        assert_eq!(response.header("x-a"), Some("b"));
    }
}

#[test]
fn an_upload_and_its_answer_flow_at_once_in_both_directions() {
    for coding in ["content-length: 16", "transfer-encoding: chunked"] {
        let stage = Stage::new(FakeUpstream::before_body(|_| {
            Script::new()
                .await_bytes("part one")
                .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .chunk("got one")
                .await_bytes("part two")
                .chunk("got two")
                .last_chunk()
        }));
        let part = |text: &str| match coding.starts_with("content") {
            true => text.to_owned(),
            false => format!("{:x}\r\n{text}\r\n", text.len()),
        };
        let mut client = stage.client();
        client.send(format!("PUT /v1/gemini/upload/v1beta/files HTTP/1.1\r\nhost: x\r\n{coding}\r\n\r\n"));
        client.send(part("part one"));
        client.read_body_until(b"got one", SOON);
        client.send(part("part two"));
        if !coding.starts_with("content") {
            client.send("0\r\n\r\n");
        }
        let response = client.read_response(SOON);
        assert_eq!(response.text(), "got onegot two");
        assert!(response.complete);
    }
}

#[test]
fn a_provider_that_answers_an_upload_early_is_heard() {
    let stage = Stage::new(FakeUpstream::before_body(|_| {
        Script::json(413, r#"{"error":{"message":"too big"}}"#).close()
    }));
    let mut client = stage.client();
    client.send("POST /v1/openai/files HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nsome");
    let response = client.read_response(SOON);
    assert_eq!((response.status, response.text().as_str()), (413, r#"{"error":{"message":"too big"}}"#));
}

#[test]
fn an_answer_of_any_kind_flows_while_it_is_made() {
    let client_has_it = testkit::Signal::new();
    let stage = Stage::scripted(
        Script::chunked_head(200, &[("content-type", "audio/mpeg")])
            .chunk(b"\xff\xfb one")
            .wait_for(&client_has_it)
            .chunk("two")
            .last_chunk(),
    );
    let mut client = stage.client();
    client.request("POST", "/v1/openai/audio/speech", &[], b"{}");
    client.read_body_until(b"one", SOON);
    client_has_it.raise();
    let response = client.read_response(SOON);
    assert_eq!(response.body, b"\xff\xfb onetwo");
    assert!(response.complete);
}

#[test]
fn codings_of_what_is_passed_through_are_nobodys_business() {
    let stage = Stage::new(FakeUpstream::start(|request| {
        Script::respond(200, &[("content-encoding", "gzip"), ("content-type", "x/y")], request.body.clone())
    }));
    let headers = [("content-encoding", "made-up")];
    let response = stage.ask("POST", "/v1/openai/files", &headers, b"not gzip");
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(response.text(), "not gzip");
    assert_eq!(stage.upstream.next_request(SOON).header("content-encoding"), Some("made-up"));
}

#[test]
fn an_overridden_method_is_no_way_around_reading() {
    let stage = Stage::answering(&[]);
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let response = stage.ask("PUT", &GEMINI.ours(""), &[(name, "POST")], b"{not json");
        assert_eq!(response.status, 400, "{name} {}", response.text());
    }
    assert_eq!(stage.upstream.connections(), 0);
    // And on other paths it means nothing to us.
    let headers = [("x-http-method-override", "GET")];
    assert_eq!(stage.ask("POST", &GEMINI.other("/v1beta/models"), &headers, b"{not json").status, 200);
    assert_eq!(stage.upstream.next_request(SOON).header("x-http-method-override"), Some("GET"));
}

#[test]
fn what_is_passed_through_and_breaks_off_looks_broken_to_the_client() {
    for script in [
        Script::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").close(),
        Script::chunked_head(200, &[]).chunk("only this").close(),
    ] {
        let stage = Stage::scripted(script);
        let response = stage.ask("GET", &OPENAI.other("/files/x/content"), &[], b"");
        assert_eq!(response.text(), "only this");
        assert!(!response.complete, "it must not look whole");
        assert_fields(
            &stage.record(),
            &[("outcome", "failed".into()), ("fault", "upstream".into()), ("reason", "answer_broken".into())],
        );
    }
}
