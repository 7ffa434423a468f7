//! Stopping.

use std::net::TcpStream;

use testkit::{Deadline, FakeUpstream, Script, Signal};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields};

impl Stage {
    /// Asks the proxy to stop and waits until it takes nothing new.
    fn close(&self) {
        self.proxy.signal_term();
        let refused = || TcpStream::connect(self.proxy.address()).is_err().then_some(());
        assert!(Deadline::after(SOON).poll(refused).is_some(), "it still listens");
    }
}

#[test]
fn e7_probes_tell_the_truth() {
    let stage = Stage::answering(&[]);
    for (path, text) in [("/health", "ok\n"), ("/ready", "ready\n")] {
        let response = stage.ask("GET", path, &[], b"");
        assert_eq!((response.status, response.text().as_str()), (200, text));
        assert_eq!(stage.ask("HEAD", path, &[], b"").status, 200);
    }
    stage.converse(&OPENAI);
    assert_fields(&stage.record(), &[("path", OPENAI.ours("").into())]);
}

#[test]
fn e7_while_draining_it_says_so_and_serves_all_the_same() {
    let mut stage = Stage::answering(&[("ARCHESTRA_DRAIN_DELAY_SECONDS", "2")]);
    stage.proxy.signal_term();
    stage.proxy.wait_log("draining", SOON);
    let ready = stage.ask("GET", "/ready", &[], b"");
    assert_eq!((ready.status, ready.text().as_str()), (503, "draining\n"));
    assert_eq!(stage.ask("GET", "/health", &[], b"").status, 200);
    for api in APIS {
        assert_eq!(stage.converse(api).text(), api.answer);
    }
    assert_eq!(stage.proxy.wait_exit(SOON).code(), Some(0));
    assert_eq!(stage.proxy.records().len(), 3);
}

#[test]
fn e7_running_exchanges_finish() {
    let go_on = Signal::new();
    let waiting = go_on.clone();
    let upstream = FakeUpstream::start(move |request| match request.text().contains("stream") {
        true => Script::sse_head()
            .chunk(STREAMS[0].events[0])
            .wait_for(&waiting)
            .chunk(STREAMS[0].events[1..].concat())
            .last_chunk(),
        false => Script::new().wait_for(&waiting).step(testkit::Step::Send(whole())),
    });
    let mut stage = Stage::new(upstream);
    let (mut streaming, mut whole, mut idle) = (stage.client(), stage.client(), stage.client());
    streaming.request("POST", &OPENAI.ours(""), &[], OPENAI.stream_request.as_bytes());
    streaming.read_body_until(STREAMS[0].events[0].as_bytes(), SOON);
    whole.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
    idle.request("GET", "/health", &[], b"");
    idle.read_response(SOON);
    (0..2).for_each(|_| drop(stage.upstream.next_request(SOON)));
    stage.close();
    assert!(idle.is_closed(SOON), "an idle connection is closed at once");
    go_on.raise();
    let response = streaming.read_response(SOON);
    assert_eq!(response.text(), STREAMS[0].whole());
    assert!(response.complete);
    assert_eq!(whole.read_response(SOON).text(), OPENAI.answer);
    assert!(streaming.is_closed(SOON) && whole.is_closed(SOON));
    assert_eq!(stage.proxy.wait_exit(SOON).code(), Some(0));
    let records = stage.proxy.records();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record["outcome"] == "completed"), "{records:#?}");
}

fn whole() -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", OPENAI.answer.len(), OPENAI.answer)
        .into_bytes()
}

#[test]
fn e7_a_request_that_arrives_too_late_is_refused_in_the_shape_of_its_api() {
    let mut stage = Stage::answering(&[]);
    let mut clients = APIS.map(|api| {
        let mut client = stage.client();
        client.send(format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-", api.ours("")));
        client
    });
    // Served after them, so theirs have been taken up.
    stage.converse(&OPENAI);
    stage.close();
    for (api, client) in APIS.iter().zip(&mut clients) {
        client.send(format!("length: {}\r\n\r\n{}", api.request.len(), api.request));
        let response = client.read_response(SOON);
        api.assert_error(&response, 503, "This instance of the proxy is shutting down. Try again.");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed(SOON));
    }
    assert_eq!(stage.proxy.wait_exit(SOON).code(), Some(0));
    let records = stage.proxy.records();
    for record in &records[1..] {
        assert_fields(
            record,
            &[("outcome", "refused".into()), ("fault", "us".into()), ("reason", "draining".into())],
        );
    }
    assert_eq!(records.len(), 4);
}

#[test]
fn e7_what_outlasts_the_grace_time_is_cut_off_and_recorded_as_our_fault() {
    let upstream = FakeUpstream::start(|request| match request.text().contains("stream") {
        true => Script::sse_head().chunk(STREAMS[0].events[0]).await_client_close(),
        false => Script::new().await_client_close(),
    });
    let mut stage = Stage::with(upstream, &[("ARCHESTRA_SHUTDOWN_GRACE_SECONDS", "1")]);
    let (mut streaming, mut whole) = (stage.client(), stage.client());
    streaming.request("POST", &OPENAI.ours(""), &[], OPENAI.stream_request.as_bytes());
    streaming.read_body_until(b"data", SOON);
    whole.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
    (0..2).for_each(|_| drop(stage.upstream.next_request(SOON)));
    stage.proxy.signal_term();
    assert_eq!(stage.proxy.wait_exit(SOON).code(), Some(0));
    assert!(!streaming.read_response(SOON).complete);
    assert!(whole.is_closed(SOON));
    assert!(stage.proxy.log().contains("cut_off=2"), "{}", stage.proxy.log());
    let records = stage.proxy.records();
    assert_eq!(records.len(), 2);
    for record in records {
        assert_fields(
            &record,
            &[("outcome", "failed".into()), ("fault", "us".into()), ("reason", "shutdown".into())],
        );
    }
}

#[test]
fn e7_connections_that_never_said_a_word_do_not_hold_up_the_end() {
    let mut stage = Stage::answering(&[]);
    let mut silent = [stage.client(), stage.client(), stage.client()];
    silent[1].send("PRI * HT");
    silent[2].request("GET", "/health", &[], b"");
    assert_eq!(silent[2].read_response(SOON).status, 200);
    stage.proxy.signal_term();
    assert_eq!(stage.proxy.wait_exit(SOON / 2).code(), Some(0));
    assert!(stage.proxy.log().contains("cut_off=0"), "{}", stage.proxy.log());
}
