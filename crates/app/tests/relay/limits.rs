//! Everything is bounded, and what is over a bound is told so or flows on unread.

use std::thread;

use testkit::{Deadline, FakeUpstream, Proxy, Script, Signal};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::codings::gzip;
use crate::stage::{SOON, Stage, assert_fields};

const MEGABYTE: usize = 1 << 20;
/// What the proxy may take in all while it refuses, in KiB.
const MEMORY: u64 = 120_000;

fn too_large(limit: usize) -> String {
    format!(
        "The request's body is larger than {limit} bytes, the most that is accepted here (ARCHESTRA_MAX_BODY_BYTES)."
    )
}

/// Sends 100 MB the way most clients do, all of it before it reads, and checks the answer and the memory taken.
fn refuse_100_mb(head: &str, chunked: bool) {
    let piece = vec![b' '; MEGABYTE];
    let frame = format!("{:x}\r\n", piece.len());
    for api in APIS {
        // One each: an allocator gives memory back when its thread next has something to do.
        let stage = Stage::answering(&[]);
        let mut client = stage.client();
        client.send(format!("POST {} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n", api.ours("")));
        let mut peak = 0;
        for _ in 0..100 {
            if chunked {
                client.send(&frame);
            }
            client.send(&piece);
            if chunked {
                client.send("\r\n");
            }
            peak = peak.max(stage.proxy.rss_kb());
        }
        if chunked {
            client.send("0\r\n\r\n");
        }
        api.assert_error(&client.read_response(SOON), 413, &too_large(70 * MEGABYTE));
        assert!(peak < MEMORY, "{} {peak} KiB", api.provider);
        assert_eq!(stage.upstream.connections(), 0);
        let wanted = [("outcome", "refused".into()), ("reason", "body_too_large".into())];
        assert_fields(&stage.record(), &wanted);
    }
}

#[test]
fn a_body_of_100_mb_is_refused_readably_when_its_length_is_known() {
    refuse_100_mb(&format!("content-length: {}", 100 * MEGABYTE), false);
}

#[test]
fn a_body_of_100_mb_is_refused_readably_when_its_length_is_not_known() {
    refuse_100_mb("transfer-encoding: chunked", true);
}

#[test]
fn a_body_of_exactly_the_limit_is_served_and_one_byte_more_is_not() {
    for api in APIS {
        let limit = api.request.len();
        let stage = Stage::answering(&[("ARCHESTRA_MAX_BODY_BYTES", &limit.to_string())]);
        let chunked = |body: &str| {
            let mut client = stage.client();
            let head =
                format!("POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", api.ours(""));
            let (one, two) = body.split_at(5);
            client.send(head + &format!("5\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", two.len()));
            client.read_response(SOON)
        };
        assert_eq!(stage.converse(api).status, 200);
        assert_eq!(chunked(api.request).status, 200);
        let longer = format!("{} ", api.request);
        api.assert_error(&stage.post(&api.ours(""), &longer), 413, &too_large(limit));
        api.assert_error(&chunked(&longer), 413, &too_large(limit));
        assert_eq!(
            stage.post(&api.other("/files"), longer.repeat(9)).status,
            200,
            "only what is read is bounded"
        );
    }
}

#[test]
fn an_answer_over_the_limit_flows_on_unread() {
    for chunked in [false, true] {
        let filler = "x".repeat(300_000);
        let body = format!("{{\"padding\":\"{filler}\",{}", &OPENAI.answer[1..]);
        let script = match chunked {
            false => Script::json(200, body.clone()),
            true => {
                body.as_bytes().chunks(1000).fold(Script::chunked_head(200, &[]), Script::chunk).last_chunk()
            }
        };
        let stage = Stage::scripted(script.clone());
        let read = stage.converse(&OPENAI);
        assert_fields(&stage.record(), &[("output_tokens", 7.into())]);
        let upstream = FakeUpstream::start(move |_| script.clone());
        let stage = Stage::with(upstream, &[("ARCHESTRA_MAX_RESPONSE_BYTES", "1000")]);
        let unread = stage.converse(&OPENAI);
        for response in [read, unread] {
            assert!(response.body == body.as_bytes() && response.complete);
            if !chunked {
                assert_eq!(response.header("content-length"), Some(body.len().to_string().as_str()));
            }
        }
        let wanted = [
            ("outcome", "completed".into()),
            ("output_tokens", ().into()),
            ("response_bytes", body.len().into()),
        ];
        assert_fields(&stage.record(), &wanted);
    }
}

#[test]
fn an_event_over_the_limit_flows_on_unread() {
    for stream in &STREAMS {
        let filler = "x".repeat(10_000);
        let long = match stream.tail {
            "" => format!("data: {{\"padding\":\"{filler}\"}}\n\n"),
            _ => format!(",{{\"padding\":\"{filler}\"}}"),
        };
        let (first, rest) = (stream.events[0], stream.events[1..].concat() + stream.tail);
        let body = [first, &long, &rest].concat();
        let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
        let script = body.as_bytes().chunks(700).fold(head, Script::chunk).last_chunk();
        let upstream = FakeUpstream::start(move |_| script.clone());
        let stage = Stage::with(upstream, &[("ARCHESTRA_MAX_EVENT_BYTES", "2000")]);
        let response = stage.post(&stream.ours(), stream.api.stream_request);
        assert_eq!(response.text(), body);
        assert_fields(&stage.record(), &[("outcome", "completed".into()), ("output_tokens", 7.into())]);
    }
}

#[test]
fn a_stream_that_breaks_within_an_event_too_long_to_be_held_looks_broken() {
    let stream = &STREAMS[0];
    let torn = format!("data: {{\"padding\":\"{}", "x".repeat(10_000));
    let script = Script::sse_head().chunk(stream.events[0]).chunk(&torn).close();
    let upstream = FakeUpstream::start(move |_| script.clone());
    let stage = Stage::with(upstream, &[("ARCHESTRA_MAX_EVENT_BYTES", "2000")]);
    let response = stage.post(&stream.ours(), stream.api.stream_request);
    assert!(!response.complete, "nothing can be said within an event");
    assert_fields(&stage.record(), &[("outcome", "failed".into()), ("reason", "answer_broken".into())]);
}

#[test]
fn connections_over_the_limit_wait_for_a_place() {
    let stage = Stage::answering(&[("ARCHESTRA_MAX_CONNECTIONS", "2")]);
    let (mut one, mut two, mut three) = (stage.client(), stage.client(), stage.client());
    for client in [&mut one, &mut two] {
        client.request("GET", "/health", &[], b"");
        assert_eq!(client.read_response(SOON).text(), "ok\n");
    }
    three.request("GET", "/health", &[], b"");
    assert!(!three.is_closed(std::time::Duration::from_millis(300)));
    drop(one);
    assert_eq!(three.read_response(SOON).text(), "ok\n");
}

#[test]
fn a15_many_idle_connections_cost_little_and_are_given_back() {
    let stage = Stage::answering(&[]);
    stage.converse(&OPENAI);
    let (fds, memory) = (stage.proxy.open_fds(), stage.proxy.rss_kb());
    let clients: Vec<_> = (0..300).map(|_| stage.client()).collect();
    let until = Deadline::after(SOON);
    until.poll(|| (stage.proxy.open_fds() >= fds + 295).then_some(())).unwrap();
    let each = (stage.proxy.rss_kb() - memory) / 300;
    assert!(each < 60, "{each} KiB");
    assert_eq!(stage.converse(&OPENAI).status, 200);
    thread::spawn(move || drop(clients)).join().unwrap();
    let back = Deadline::after(SOON).poll(|| (stage.proxy.open_fds() <= fds + 1).then_some(()));
    assert!(back.is_some(), "{} of {fds}", stage.proxy.open_fds());
}

#[test]
fn e7_without_file_descriptors_it_waits_and_goes_on() {
    let upstream = FakeUpstream::start(|_| Script::json(200, OPENAI.answer));
    let builder = Proxy::builder(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/relay/few_descriptors.sh"));
    let builder = builder.env("BINARY", env!("CARGO_BIN_EXE_archestra")).env("ARCHESTRA_WORKERS", "2");
    let proxy = builder.upstream(&upstream).start();
    let stage = Stage { upstream, proxy };
    let clients: Vec<_> = (0..60).map(|_| stage.client()).collect();
    stage.proxy.wait_log("connection not accepted", SOON);
    drop(clients);
    assert_eq!(stage.converse(&OPENAI).status, 200);
}

#[test]
fn a8_what_all_bodies_take_together_is_bounded() {
    let go_on = Signal::new();
    let waiting = go_on.clone();
    let answer = Script::json(200, OPENAI.answer);
    let upstream = FakeUpstream::before_body(move |_| Script::new().wait_for(&waiting).then(answer.clone()));
    let limits = [
        ("ARCHESTRA_MAX_BODY_BYTES", "17000000"),
        ("ARCHESTRA_MAX_RESPONSE_BYTES", "17000000"),
        ("ARCHESTRA_MAX_BODIES_BYTES", "60000000"),
    ];
    let stage = Stage::with(upstream, &limits);
    let text = format!("{{\"user\":\"{}\"}}", "x".repeat(16_000_000));
    let bombs = [("identity", text.clone().into_bytes()), ("gzip", gzip(text.as_bytes()))];
    let mut held = Vec::new();
    for round in 0..10 {
        let (coding, body) = &bombs[round % 2];
        let mut client = stage.client();
        client.request("POST", &OPENAI.ours(""), &[("content-encoding", coding)], body);
        held.push(client);
        // One after the other, so that it is known which of them finds no room.
        let known = |stage: &Stage| stage.upstream.connections() + stage.proxy.records().len();
        Deadline::after(SOON).poll(|| (known(&stage) > round).then_some(())).unwrap();
    }
    let served = stage.upstream.connections();
    assert!((2..=4).contains(&served), "{served} of 10 found room");
    for refused in stage.proxy.records() {
        let wanted = [
            ("outcome", "refused".into()),
            ("fault", "us".into()),
            ("reason", "overloaded".into()),
            ("status", 503.into()),
        ];
        assert_fields(&refused, &wanted);
    }
    // Little ones are served all the while.
    let mut little = stage.client();
    little.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
    go_on.raise();
    assert_eq!(little.read_response(SOON).status, 200);
    for (number, client) in held.iter_mut().enumerate() {
        let response = client.read_response(SOON);
        if number < served {
            assert_eq!(response.status, 200, "{}", response.text());
        } else {
            assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{number}");
            assert_eq!(response.json()["error"]["code"], "overloaded");
        }
    }
    // What they took is given back once the provider has read it.
    for (coding, body) in bombs {
        let served =
            || stage.ask("POST", &OPENAI.ours(""), &[("content-encoding", coding)], &body).status == 200;
        assert!(Deadline::after(SOON).poll(|| served().then_some(())).is_some(), "{coding}");
    }
}

#[test]
fn an_answer_for_which_there_is_no_room_is_an_error_and_not_a_leak() {
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(900_000));
    let stage = Stage::with(
        FakeUpstream::start(move |_| Script::json(200, long.clone())),
        &[
            ("ARCHESTRA_MAX_BODY_BYTES", "1000000"),
            ("ARCHESTRA_MAX_RESPONSE_BYTES", "1000000"),
            ("ARCHESTRA_MAX_BODIES_BYTES", "1600000"),
        ],
    );
    // A body of 700,000 bytes is given back when it has been sent, and its answer fits.
    let body = format!("{{\"user\":\"{}\"}}", "x".repeat(700_000));
    for _ in 0..3 {
        assert_eq!(stage.post(&OPENAI.ours(""), &body).status, 200);
    }
    // Nobody reads these answers, which therefore stay.
    let mut stuck = Vec::new();
    let refused = Deadline::after(SOON).poll(|| {
        let mut client = stage.client();
        client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
        stuck.push(client);
        stage.proxy.records().into_iter().find(|record| record["reason"] == "overloaded")
    });
    assert_fields(
        &refused.unwrap(),
        &[("outcome", "failed".into()), ("fault", "us".into()), ("status", 503.into())],
    );
    drop(stuck);
    let served =
        Deadline::after(SOON).poll(|| (stage.post(&OPENAI.ours(""), &body).status == 200).then_some(()));
    assert!(served.is_some());
}
