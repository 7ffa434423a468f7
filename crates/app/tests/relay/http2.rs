//! Clients that speak HTTP/2 with prior knowledge.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use testkit::{FakeUpstream, Script, Signal};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields};

type Sender = SendRequest<Full<Bytes>>;

/// Runs a client within the time that anything takes that works.
pub fn run<T>(client: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(2 * SOON, client).await.unwrap() })
}

async fn connect(address: SocketAddr) -> Sender {
    connection(address).await.0
}

/// A connection, and what ends with it.
async fn connection(address: SocketAddr) -> (Sender, JoinHandle<()>) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    (sender, tokio::spawn(async move { connection.await.unwrap() }))
}

async fn post(sender: &mut Sender, path: &str, body: &[u8]) -> Response<Incoming> {
    let body = Full::new(Bytes::copy_from_slice(body));
    let request =
        Request::post(format!("http://proxy.example{path}")).header("x-kept", "yes").body(body).unwrap();
    sender.ready().await.unwrap();
    sender.send_request(request).await.unwrap()
}

async fn whole(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn conversations_and_errors_are_served_over_http_2() {
    let stage = Stage::answering(&[("ARCHESTRA_MAX_BODY_BYTES", "200000")]);
    run(async {
        let mut sender = connect(stage.proxy.address()).await;
        for api in APIS {
            let response = post(&mut sender, &api.ours("/default"), api.request.as_bytes()).await;
            assert_eq!(response.version(), Version::HTTP_2);
            assert_eq!(whole(response).await, (200, api.answer.to_owned()));
            let received = stage.upstream.next_request(SOON);
            assert_eq!((received.text().as_str(), received.header("x-kept")), (api.request, Some("yes")));
            assert_eq!(received.header("host"), Some(stage.upstream.address().to_string().as_str()));
            let too_long = vec![b' '; 300_000];
            let long = "The request's body is larger than 200000 bytes, the most that is accepted here (ARCHESTRA_MAX_BODY_BYTES).";
            let bad = "The request's body cannot be read as JSON: unexpected end of JSON at byte 1.";
            for (body, status, message) in [(b"{".as_slice(), 400, bad), (&too_long, 413, long)] {
                let response = post(&mut sender, &api.ours(""), body).await;
                let id = response.headers()["x-archestra-exchange-id"].to_str().unwrap().to_owned();
                let (seen, text) = whole(response).await;
                assert_eq!(seen, status);
                assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), api.error(status, message, &id));
            }
        }
        let response = post(&mut sender, "/v1/openai/files", &vec![b'x'; 300_000]).await;
        assert_eq!(whole(response).await, (200, "{}".to_owned()));
    });
    assert_eq!(stage.proxy.wait_records(10, SOON).len(), 10);
}

#[test]
fn streams_flow_at_once_over_http_2_and_break_in_the_shape_of_the_api() {
    for stream in &STREAMS {
        let seen = Signal::new();
        let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
        let script = head.chunk(stream.events[0]).wait_for(&seen).chunk(stream.events[1]).close();
        let stage = Stage::scripted(script);
        let message =
            "The provider broke off its answer before it was complete. The request may be tried again.";
        run(async {
            let mut sender = connect(stage.proxy.address()).await;
            let response = post(&mut sender, &stream.ours(), stream.api.stream_request.as_bytes()).await;
            let id = response.headers()["x-archestra-exchange-id"].to_str().unwrap().to_owned();
            let mut body = response.into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first, stream.events[0]);
            seen.raise();
            let rest = body.collect().await.unwrap().to_bytes();
            let rest = String::from_utf8_lossy(&rest).into_owned();
            let rest = rest.strip_prefix(stream.events[1]).unwrap();
            assert_eq!(stream.ending(rest, true), stream.api.error(502, message, &id));
        });
        assert_fields(&stage.record(), &[("outcome", "failed".into()), ("reason", "answer_broken".into())]);
    }
}

#[test]
fn a14_a_stream_given_up_on_a_shared_connection_cancels_its_request_only() {
    let upstream = FakeUpstream::start(|request| match request.text().contains("stream") {
        true => Script::sse_head().chunk(STREAMS[0].events[0]).await_client_close(),
        false => Script::json(200, OPENAI.answer),
    });
    let stage = Stage::new(upstream);
    run(async {
        let mut sender = connect(stage.proxy.address()).await;
        let response = post(&mut sender, &OPENAI.ours(""), OPENAI.stream_request.as_bytes()).await;
        let mut body = response.into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
        let response = post(&mut sender, &OPENAI.ours(""), OPENAI.request.as_bytes()).await;
        assert_eq!(whole(response).await.1, OPENAI.answer);
        // The connection is driven while the provider is looked at.
        let gone =
            tokio::task::spawn_blocking(move || (stage.upstream.client_gone(Duration::from_secs(1)), stage));
        let (gone, stage) = gone.await.unwrap();
        assert!(gone);
        let records = stage.proxy.wait_records(2, SOON);
        let abandoned = records.iter().find(|record| record["outcome"] == "abandoned").unwrap();
        assert_fields(abandoned, &[("stream", true.into()), ("fault", "client".into())]);
    });
}

#[test]
fn many_exchanges_share_a_connection() {
    let stage = Stage::new(FakeUpstream::start(|request| Script::json(200, request.body.clone())));
    run(async {
        let sender = connect(stage.proxy.address()).await;
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let mut sender = sender.clone();
                tokio::spawn(async move {
                    let body = format!("{{\"messages\":[],\"user\":\"marker-{number}\"}}");
                    let response = post(&mut sender, &OPENAI.ours(""), body.as_bytes()).await;
                    assert_eq!(whole(response).await, (200, body));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(stage.proxy.wait_records(100, SOON).len(), 100);
}

#[test]
fn e7_a_stream_over_http_2_finishes_while_stopping() {
    let go_on = Signal::new();
    let waiting = go_on.clone();
    let rest = STREAMS[0].events[1..].concat();
    let script = Script::sse_head().chunk(STREAMS[0].events[0]).wait_for(&waiting).chunk(rest).last_chunk();
    let mut stage = Stage::scripted(script);
    run(async {
        let mut sender = connect(stage.proxy.address()).await;
        let response = post(&mut sender, &OPENAI.ours(""), OPENAI.stream_request.as_bytes()).await;
        let mut body = response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), STREAMS[0].events[0]);
        stage.proxy.signal_term();
        stage.proxy.wait_log("draining", SOON);
        go_on.raise();
        assert_eq!(body.collect().await.unwrap().to_bytes(), STREAMS[0].events[1..].concat());
    });
    assert_eq!(stage.proxy.wait_exit(SOON).code(), Some(0));
    assert_fields(&stage.record(), &[("outcome", "completed".into())]);
}

#[test]
fn a2_a_preface_that_arrives_in_pieces_is_http_2_all_the_same() {
    let stage = Stage::answering(&[]);
    let mut client = stage.client();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        client.send([*byte]);
    }
    // An empty SETTINGS frame.
    client.send([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let testkit::Incoming::Bytes(frame) = client.read_some(SOON) else { panic!("no answer") };
    assert_eq!(frame[3], 4, "the answer is a SETTINGS frame: {frame:?}");
    // And requests of HTTP/1 may begin with the same letters.
    for method in ["PRI", "PRIX", "P"] {
        assert_eq!(stage.ask(method, "/v1/openai/models", &[], b"").status, 200, "{method}");
    }
}

#[test]
fn an_answer_that_is_not_taken_is_given_up_and_its_neighbours_are_not() {
    // More than any window lets through at once.
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(20 << 20));
    let event = format!("data: {long}\n\n");
    for target in [OPENAI.ours(""), OPENAI.other("/files")] {
        for streamed in [true, false] {
            let (event, long) = (event.clone(), long.clone());
            let upstream = FakeUpstream::start(move |request| match request.text().contains("long") {
                true if streamed => Script::sse_head().chunk(&event).chunk(&event).await_client_close(),
                true => Script::json(200, long.clone()),
                false => Script::json(200, OPENAI.answer),
            });
            let stage = Arc::new(Stage::with(upstream, &[("ARCHESTRA_WRITE_TIMEOUT_MS", "400")]));
            run(async {
                let mut sender = connect(stage.proxy.address()).await;
                let stuck = post(&mut sender, &target, br#"{"user":"long"}"#).await;
                // The connection is driven while the record is waited for.
                let waiting = Arc::clone(&stage);
                let records = tokio::task::spawn_blocking(move || waiting.proxy.wait_records(1, SOON));
                let records = records.await.unwrap();
                let outcome = [("outcome", "abandoned".into()), ("fault", "client".into())];
                assert_fields(&records[0], &outcome);
                let response = post(&mut sender, &OPENAI.ours(""), OPENAI.request.as_bytes()).await;
                assert_eq!(whole(response).await.1, OPENAI.answer);
                assert!(stuck.into_body().collect().await.is_err(), "the rest of it is lost");
            });
        }
    }
}

#[test]
fn an_answer_that_is_taken_slowly_is_not_given_up() {
    // Many windows long, and taken for longer than a client may take nothing.
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(60 << 20));
    let wanted = long.len();
    let upstream = FakeUpstream::start(move |_| Script::json(200, long.clone()));
    let stage = Stage::with(upstream, &[("ARCHESTRA_WRITE_TIMEOUT_MS", "300")]);
    run(async {
        let mut sender = connect(stage.proxy.address()).await;
        let mut body = post(&mut sender, &OPENAI.ours(""), OPENAI.request.as_bytes()).await.into_body();
        let (mut taken, mut pauses) = (0, 0);
        while let Some(frame) = body.frame().await {
            taken += frame.unwrap().into_data().unwrap().len();
            // The windows of this client are 2 and 5 MiB, so that the proxy waits for it at every pause.
            if taken / (6 << 20) > pauses {
                pauses += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert_eq!(taken, wanted);
    });
    let record = stage.record();
    assert_fields(&record, &[("outcome", "completed".into())]);
    assert!(record["duration_us"].as_u64() > Some(700_000), "longer than it may take nothing: {record}");
}

#[test]
fn a_connection_without_requests_is_ended_although_it_answers_pings() {
    let stage = Stage::answering(&[("ARCHESTRA_HEADER_TIMEOUT_MS", "400")]);
    run(async {
        let (mut sender, ended) = connection(stage.proxy.address()).await;
        let response = post(&mut sender, &OPENAI.ours(""), OPENAI.request.as_bytes()).await;
        assert_eq!(whole(response).await.1, OPENAI.answer);
        ended.await.unwrap();
        assert!(sender.is_closed());
    });
}
