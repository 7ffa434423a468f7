//! The record and the log: everything accounted for, nothing given away.

use std::collections::BTreeSet;

use testkit::{FakeUpstream, Script};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{AGENT_ID, SOON, Stage, assert_fields};

#[test]
fn every_exchange_ends_in_one_line_with_the_id_that_the_client_got() {
    let stage = Stage::new(FakeUpstream::start(|request| match request.header("x-script") {
        Some("stream") => Script::sse(STREAMS[0].events),
        Some("broken") => Script::sse_head().chunk(STREAMS[0].events[0]).close(),
        Some("nothing") => Script::new().close(),
        Some("error") => Script::json(429, "{}"),
        Some("empty") => Script::raw("HTTP/1.1 204 No Content\r\n\r\n"),
        _ => Script::json(200, crate::stage::answer_to(&request.target)),
    }));
    let cases = [
        ("", "completed", None),
        ("stream", "completed", None),
        ("broken", "failed", Some("upstream")),
        ("nothing", "failed", Some("upstream")),
        ("error", "upstream_error", Some("upstream")),
        ("empty", "completed", None),
    ];
    let mut wanted = Vec::new();
    for (script, outcome, fault) in cases {
        for (method, target, body) in [
            ("POST", OPENAI.ours("/billing"), OPENAI.request),
            ("GET", OPENAI.other("/billing/models"), ""),
            ("POST", OPENAI.other("/billing/files"), "x"),
        ] {
            // What is passed through and breaks can only be broken off.
            let response = stage.ask(method, &target, &[("x-script", script)], body.as_bytes());
            let id = response.header("x-archestra-exchange-id").unwrap().to_owned();
            wanted.push((id, outcome, fault, method, target, response.status));
        }
    }
    for (target, body) in [(OPENAI.ours(""), "{"), ("/nowhere".to_owned(), "")] {
        let response = stage.post(&target, body);
        let id = response.header("x-archestra-exchange-id").unwrap().to_owned();
        wanted.push((id, "refused", Some("client"), "POST", target, response.status));
    }
    let records = stage.proxy.wait_records(wanted.len(), SOON);
    assert_eq!(records.len(), wanted.len(), "{records:#?}");
    for (record, (id, outcome, fault, method, target, status)) in records.iter().zip(wanted) {
        assert_fields(
            record,
            &[
                ("exchange", id.into()),
                ("outcome", outcome.into()),
                ("fault", fault.into()),
                ("method", method.into()),
                ("path", target.into()),
                ("status", status.into()),
            ],
        );
        assert!(record["duration_us"].as_u64().unwrap() > 0);
        assert!(record["time"].as_str().unwrap().ends_with('Z'));
    }
    let ids: BTreeSet<_> = records.iter().map(|record| record["exchange"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len());
}

#[test]
fn a_conversation_is_recorded_with_who_what_and_how_much() {
    for api in APIS {
        let stage = Stage::answering(&[]);
        stage.post(&api.ours("/billing"), api.request);
        let record = stage.record();
        assert_fields(
            &record,
            &[
                ("agent", AGENT_ID.into()),
                ("provider", api.provider.into()),
                ("route", api.route.into()),
                ("model", api.model.into()),
                ("stream", false.into()),
                ("status", 200.into()),
                ("upstream_status", 200.into()),
                ("outcome", "completed".into()),
                ("fault", ().into()),
                ("reason", ().into()),
                ("input_tokens", 11.into()),
                ("output_tokens", 7.into()),
                ("request_bytes", api.request.len().into()),
                ("response_bytes", api.answer.len().into()),
            ],
        );
        assert!(record["first_byte_us"].as_u64().unwrap() <= record["duration_us"].as_u64().unwrap());
        assert!(record["stop"].is_string());
    }
}

/// Every place in which a client may put a key or content, in good and in bad exchanges.
fn spread(stage: &Stage) {
    let headers = [
        ("x-api-key", "SECRETKEY1"),
        ("authorization", "Bearer SECRETKEY2"),
        ("x-goog-api-key", "SECRETKEY3"),
        ("cookie", "SECRETKEY4"),
        ("x-archestra-user-id", "CONTENT0"),
    ];
    let bodies = [
        r#"{"model":"m","messages":[{"role":"user","content":"CONTENT1"}],"contents":[{"parts":[{"text":"CONTENT1"}]}]}"#,
        r#"{"model":"m","CONTENT2":"#,
        r#"{"model":"m","messages":[{"role":"tool","content":"CONTENT3","content":"CONTENT3"}],"contents":[],"contents":["CONTENT3"]}"#,
        "CONTENT4 \u{1}",
    ];
    for api in APIS {
        for body in bodies {
            for script in ["", "error", "garbage", "broken", "close"] {
                for path in [api.path, "/files/x"] {
                    let target = api.other(&format!("{path}?key=SECRETKEY5&pretty=CONTENT5"));
                    let mut headers = headers.to_vec();
                    headers.push(("x-script", script));
                    stage.ask("POST", &target, &headers, body.as_bytes());
                }
            }
        }
        stage.ask("GET", &format!("/v1/{}?key=SECRETKEY6", api.provider), &headers, b"");
        stage.ask("GET", &api.other("/0198f2a4-0000-7000-8000-0000000000ff/m?key=SECRETKEY6"), &headers, b"");
    }
    stage.ask("GET", "/?key=SECRETKEY7", &headers, b"");
    stage.ask("GET", "/v1/nobody/x?key=SECRETKEY7", &headers, b"");
    let mut client = stage.client();
    client.try_send("GET /v1/openai?key=SECRETKEY8 HTTP/9.9\r\nx-api-key SECRETKEY8\r\n\r\n");
    client.is_closed(SOON);
    let mut client = stage.client();
    client.try_send("POST /v1/openai/files?key=SECRETKEY9 HTTP/1.1\r\nhost: x\r\nauthorization: SECRETKEY9\r\ntransfer-encoding: chunked\r\n\r\nCONTENT6\r\n");
    client.is_closed(SOON);
}

#[test]
fn a19_keys_and_content_are_in_no_record_and_in_no_log() {
    let upstream = FakeUpstream::start(|request| match request.header("x-script") {
        Some("error") => {
            Script::json(400, r#"{"error":{"message":"key SECRETKEYA is wrong: CONTENT7","code":"bad"}}"#)
        }
        Some("garbage") => Script::raw("CONTENT8 SECRETKEYB\r\n\r\n").close(),
        Some("broken") => {
            Script::sse_head().chunk("data: {\"CONTENT9\":[}\n\ndata: {\"x\":\"SECRETKEYC").close()
        }
        Some("close") => Script::new().close(),
        _ => Script::respond(
            200,
            &[("set-cookie", "SECRETKEYD")],
            r#"{"choices":[{"message":{"content":"CONTENTA","tool_calls":[{"id":"i","function":{"name":"f","arguments":"CONTENTA"}}]}}]}"#,
        ),
    });
    let mut stage = Stage::with(upstream, &[("ARCHESTRA_LOG", "debug")]);
    spread(&stage);
    stage.proxy.signal_term();
    stage.proxy.wait_exit(SOON);
    let records = format!("{:?}", stage.proxy.records());
    let log = stage.proxy.log();
    assert!(log.contains("DEBUG") && stage.proxy.records().len() > 100);
    for text in [&records, &log] {
        for line in text.lines() {
            assert!(!line.contains("SECRETKEY") && !line.contains("CONTENT"), "{line}");
        }
    }
}

#[test]
fn a_panic_or_error_never_shows_in_the_log_of_ordinary_traffic() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        stage.converse(api);
        stage.post(&api.ours(""), "{");
    }
    stage.proxy.wait_records(6, SOON);
    let log = stage.proxy.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

#[test]
fn e7_a_full_disk_costs_records_and_no_answers() {
    let stage = Stage::answering(&[("ARCHESTRA_RECORD_FILE", "/dev/full")]);
    for api in APIS {
        assert_eq!(stage.converse(api).text(), api.answer);
    }
    stage.proxy.wait_log("record not written", SOON);
    assert_eq!(stage.converse(&OPENAI).status, 200);
}
