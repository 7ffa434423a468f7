//! Longest waits.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use testkit::{Client, Deadline, FakeUpstream, Script};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields, proxy};

/// Lets time pass, where the test is about time itself.
fn pass(time: Duration) {
    Deadline::after(time).poll(|| None::<()>);
}

const STEP: Duration = Duration::from_millis(100);

fn failed(reason: &str, status: u16) -> [(&'static str, Value); 4] {
    [
        ("outcome", "failed".into()),
        ("fault", "upstream".into()),
        ("reason", reason.into()),
        ("status", status.into()),
    ]
}

#[test]
fn a_provider_that_does_not_begin_to_answer_is_given_up() {
    for api in APIS {
        for target in [api.ours(""), api.other("/other")] {
            let upstream = FakeUpstream::start(|_| Script::new().await_client_close());
            let stage = Stage::with(upstream, &[("ARCHESTRA_FIRST_BYTE_TIMEOUT_MS", "200")]);
            let response = stage.post(&target, api.request);
            api.assert_error(&response, 504, "The provider did not begin to answer in time.");
            assert!(stage.upstream.client_gone(Duration::from_secs(1)));
            assert_fields(&stage.record(), &failed("first_byte_timeout", 504));
        }
    }
}

#[test]
fn a_stream_that_falls_silent_ends_in_one_error_of_its_api() {
    for stream in &STREAMS {
        let out = stream.events[..stream.mid_call].concat();
        let half = &stream.events[0][..20];
        let content_type = stream.content_type;
        let script = Script::chunked_head(200, &[("content-type", content_type)]).chunk(&out).chunk(half);
        let upstream = FakeUpstream::start(move |_| script.clone().await_client_close());
        let stage = Stage::with(upstream, &[("ARCHESTRA_IDLE_TIMEOUT_MS", "300")]);
        let response = stage.post(&stream.ours(), stream.api.stream_request);
        let text = response.text();
        let rest = text.strip_prefix(&out).unwrap();
        let message = "The provider began an answer and then fell silent.";
        let id = response.header("x-archestra-exchange-id").unwrap();
        assert_eq!(stream.ending(rest, true), stream.api.error(504, message, id));
        assert!(response.complete);
        assert!(stage.upstream.client_gone(Duration::from_secs(1)));
        assert_fields(&stage.record(), &failed("answer_timeout", 200));
    }
}

#[test]
fn a_whole_answer_that_falls_silent_is_an_error_with_its_own_status() {
    for api in APIS {
        let upstream = FakeUpstream::start(|_| {
            Script::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":").await_client_close()
        });
        let stage = Stage::with(upstream, &[("ARCHESTRA_IDLE_TIMEOUT_MS", "300")]);
        let message = "The provider began an answer and then fell silent.";
        api.assert_error(&stage.converse(api), 504, message);
        assert_fields(&stage.record(), &failed("answer_timeout", 504));
        assert!(!stage.post(&api.other("/other"), "x").complete, "what is passed through looks broken");
    }
}

#[test]
fn a_slow_stream_that_moves_is_not_cut() {
    let script =
        STREAMS[1].events.iter().fold(Script::sse_head(), |script, event| script.chunk(event).pause(STEP));
    let script = script.last_chunk();
    let upstream = FakeUpstream::start(move |_| script.clone());
    let limits = [("ARCHESTRA_IDLE_TIMEOUT_MS", "450"), ("ARCHESTRA_FIRST_BYTE_TIMEOUT_MS", "450")];
    let stage = Stage::with(upstream, &limits);
    assert_eq!(stage.post(&STREAMS[1].ours(), STREAMS[1].api.stream_request).text(), STREAMS[1].whole());
}

#[test]
fn a_long_upload_that_moves_is_not_cut_by_the_wait_for_the_first_byte() {
    let stage = Stage::answering(&[("ARCHESTRA_FIRST_BYTE_TIMEOUT_MS", "450")]);
    for target in ["/v1/openai/files".to_owned(), OPENAI.ours("")] {
        let body = OPENAI.request;
        let mut client = stage.client();
        client.send(format!("POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len()));
        let (first, last) = body.split_at(body.len() - 10);
        client.send(first);
        for byte in last.bytes() {
            pass(STEP);
            client.send([byte]);
        }
        assert_eq!(client.read_response(SOON).status, 200, "{target}");
    }
}

#[test]
fn a15_a_question_that_does_not_go_on_is_given_up() {
    let stage = Stage::answering(&[("ARCHESTRA_CLIENT_IDLE_TIMEOUT_MS", "300")]);
    for api in APIS {
        let mut client = stage.client();
        client.send(format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{{\"mo", api.ours("")));
        api.assert_error(&client.read_response(SOON), 408, "The request's body did not arrive in time.");
        assert!(client.is_closed(SOON));
    }
    assert_eq!(stage.upstream.connections(), 0);
    for record in stage.proxy.wait_records(3, SOON) {
        assert_fields(
            &record,
            &[("outcome", "refused".into()), ("fault", "client".into()), ("status", 408.into())],
        );
    }
}

#[test]
fn a15_a_head_that_does_not_arrive_closes_the_connection() {
    let stage = Stage::answering(&[("ARCHESTRA_HEADER_TIMEOUT_MS", "300")]);
    // The last two could still become HTTP/2.
    for part in ["GET /v1/openai/models HTTP/1.1\r\nhost:", "POST", "G", "", "PRI * HT"] {
        let mut client = stage.client();
        client.send(part);
        assert!(client.is_closed(SOON), "{part:?}");
    }
    let mut trickling = stage.client();
    trickling.send("GET /v1/openai/models HTTP/1.1\r\nx: ");
    let until = Deadline::after(SOON);
    assert!(
        until.poll(|| (!trickling.try_send("y")).then_some(())).is_some(),
        "a byte at a time keeps it open"
    );
}

#[test]
fn a_connection_that_is_not_used_again_is_closed() {
    let stage = Stage::answering(&[("ARCHESTRA_HEADER_TIMEOUT_MS", "400")]);
    let mut client = stage.client();
    for _ in 0..3 {
        client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
        assert_eq!(client.read_response(SOON).status, 200);
    }
    assert!(client.is_closed(SOON));
}

#[test]
fn a15_a_client_that_takes_nothing_is_given_up_and_costs_no_memory() {
    for stream in [true, false] {
        let piece = format!("data: {{\"padding\":\"{}\"}}\n\n", "x".repeat(1 << 20));
        let upstream =
            FakeUpstream::start(move |_| (0..200).fold(Script::sse_head(), |script, _| script.chunk(&piece)));
        let stage = Stage::with(upstream, &[("ARCHESTRA_WRITE_TIMEOUT_MS", "700")]);
        let before = stage.proxy.rss_kb();
        let mut client = stage.client();
        let target = if stream { OPENAI.ours("") } else { OPENAI.other("/other") };
        client.request("POST", &target, &[], OPENAI.stream_request.as_bytes());
        client.read_head(SOON);
        assert!(stage.upstream.client_gone(SOON), "the provider still sends");
        let grown = stage.proxy.rss_kb().saturating_sub(before);
        assert!(grown < 40_000, "{grown} KiB");
        assert_fields(&stage.record(), &[("outcome", "abandoned".into()), ("fault", "client".into())]);
    }
}

#[test]
fn a_provider_that_does_not_complete_the_connection_is_given_up() {
    // Connections are established by the kernel, and nobody ever answers the TLS handshake.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = proxy()
        .openai(&format!("https://{}", listener.local_addr().unwrap()))
        .env("ARCHESTRA_CONNECT_TIMEOUT_MS", "300")
        .start();
    let mut client = Client::connect(proxy.address());
    client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
    OPENAI.assert_error(&client.read_response(SOON), 502, "The provider cannot be reached.");
    assert_fields(&proxy.wait_records(1, SOON)[0], &failed("upstream_unreachable", 502));
}
