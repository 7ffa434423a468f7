//! Clients that leave: the provider is told within a second, and nothing stays behind.

use std::time::Duration;

use testkit::{Client, Deadline, FakeUpstream, Script};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields};

/// How soon the provider must be told.
const AT_ONCE: Duration = Duration::from_secs(1);

type Leave = fn(Client);
const WAYS: [Leave; 2] = [drop, Client::reset];

fn assert_abandoned(stage: &Stage, status: Option<u16>) {
    assert!(stage.upstream.client_gone(AT_ONCE), "the provider still works");
    assert_fields(
        &stage.record(),
        &[
            ("outcome", "abandoned".into()),
            ("fault", "client".into()),
            ("reason", "client_left".into()),
            ("status", status.into()),
        ],
    );
}

#[test]
fn a14_client_that_leaves_before_the_first_byte_cancels_upstream() {
    for leave in WAYS {
        for api in APIS {
            for target in [api.ours(""), api.other("/other")] {
                let stage = Stage::scripted(Script::new().await_client_close());
                let mut client = stage.client();
                client.request("POST", &target, &[], api.request.as_bytes());
                stage.upstream.next_request(SOON);
                leave(client);
                assert_abandoned(&stage, None);
            }
        }
    }
}

#[test]
fn a14_client_that_leaves_mid_stream_cancels_upstream() {
    for leave in WAYS {
        for stream in &STREAMS {
            for events in [0, 1, stream.mid_call] {
                let out = stream.events[..events].concat();
                let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
                let stage = Stage::scripted(head.chunk(&out).await_client_close());
                let mut client = stage.client();
                client.request("POST", &stream.ours(), &[], stream.api.stream_request.as_bytes());
                client.read_head(SOON);
                if events > 0 {
                    client.read_body_until(out.as_bytes(), SOON);
                }
                leave(client);
                assert_abandoned(&stage, Some(200));
            }
        }
    }
}

#[test]
fn a14_client_that_leaves_within_a_whole_answer_cancels_upstream() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"id\":";
    for target in [OPENAI.ours(""), OPENAI.other("/other")] {
        let stage = Stage::scripted(Script::raw(head).await_client_close());
        let mut client = stage.client();
        client.request("POST", &target, &[], OPENAI.request.as_bytes());
        stage.upstream.next_request(SOON);
        drop(client);
        assert!(stage.upstream.client_gone(AT_ONCE));
        assert_fields(&stage.record(), &[("outcome", "abandoned".into()), ("reason", "client_left".into())]);
    }
}

#[test]
fn a14_client_that_leaves_mid_upload_cancels_upstream() {
    for leave in WAYS {
        let stage = Stage::new(FakeUpstream::before_body(|_| {
            Script::new().await_bytes("part one").await_client_close()
        }));
        let mut client = stage.client();
        client.send("PUT /v1/openai/files HTTP/1.1\r\nhost: x\r\ncontent-length: 16\r\n\r\npart one");
        stage.upstream.next_request(SOON);
        leave(client);
        assert!(stage.upstream.client_gone(AT_ONCE), "the provider still waits");
        assert_fields(&stage.record(), &[("outcome", "abandoned".into()), ("fault", "client".into())]);
    }
}

#[test]
fn a14_client_that_leaves_within_its_question_reaches_nobody() {
    for leave in WAYS {
        for (api, framing) in
            APIS.iter().zip(["content-length: 100", "transfer-encoding: chunked", "content-length: 9"])
        {
            let stage = Stage::answering(&[]);
            let mut client = stage.client();
            let path = api.ours("");
            let part = if framing.starts_with('t') { "5\r\n{\"mod" } else { "{\"mod" };
            client.send(format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n{framing}\r\n\r\n"
            ));
            client.read_some(SOON);
            client.send(part);
            leave(client);
            assert_fields(&stage.record(), &[("outcome", "abandoned".into()), ("fault", "client".into())]);
            assert_eq!(stage.upstream.connections(), 0);
        }
    }
}

#[test]
fn a14_nothing_stays_open_behind_clients_that_left() {
    let upstream = FakeUpstream::start(|request| match request.header("x-script") {
        Some("silent") => Script::new().await_client_close(),
        Some("stream") => Script::sse_head().chunk(STREAMS[0].events[0]).await_client_close(),
        _ => Script::json(200, OPENAI.answer),
    });
    let stage = Stage::with(upstream, &[("ARCHESTRA_WORKERS", "2")]);
    stage.converse(&OPENAI);
    stage.upstream.next_request(SOON);
    let baseline = stage.proxy.open_fds();
    for round in 0..30 {
        let script = if round % 2 == 0 { "silent" } else { "stream" };
        let mut client = stage.client();
        client.request("POST", &OPENAI.ours(""), &[("x-script", script)], OPENAI.stream_request.as_bytes());
        if script == "stream" {
            client.read_body_until(b"data", SOON);
        }
        stage.upstream.next_request(SOON);
        WAYS[round / 2 % 2](client);
        assert!(stage.converse(&OPENAI).complete);
        stage.upstream.next_request(SOON);
    }
    // One connection to the provider per worker may wait for its next use.
    let back = || (stage.proxy.open_fds() <= baseline + 2).then_some(());
    assert!(Deadline::after(SOON).poll(back).is_some(), "{} of {baseline}", stage.proxy.open_fds());
    let records = stage.proxy.wait_records(61, SOON);
    assert_eq!(records.iter().filter(|record| record["outcome"] == "abandoned").count(), 30);
}
