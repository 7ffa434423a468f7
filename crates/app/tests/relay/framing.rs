//! HTTP as attackers and odd clients write it.

use testkit::{Client, Incoming};

use crate::api::{APIS, OPENAI};
use crate::stage::{SOON, Stage};

/// Sends bytes, and returns what came back until the proxy closed or one answer was there.
fn raw(stage: &Stage, bytes: &str) -> Result<testkit::Response, Incoming> {
    let mut client = stage.client();
    client.try_send(bytes);
    client.try_read_response(SOON)
}

fn post(fields: &str, body: &str) -> String {
    format!("POST {} HTTP/1.1\r\nhost: x\r\n{fields}\r\n\r\n{body}", OPENAI.ours(""))
}

#[test]
fn a_chunked_request_with_trailers_reaches_the_provider_whole() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        let (one, two) = api.request.split_at(10);
        let chunk = |text: &str| format!("{:X};ext=\"a\"\r\n{text}\r\n", text.len());
        let mut client = stage.client();
        client.send(format!(
            "POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n{}{}0\r\nx-sum: 1\r\nauthorization: Bearer forged\r\n\r\n",
            api.ours(""), chunk(one), chunk(two)
        ));
        assert_eq!(client.read_response(SOON).text(), api.answer);
        let received = stage.upstream.next_request(SOON);
        assert_eq!(received.text(), api.request);
        assert_eq!(received.header("content-length"), Some(api.request.len().to_string().as_str()));
        assert_eq!(received.header("transfer-encoding"), None);
        assert_eq!(received.header("authorization"), None, "a trailer is no header field");
    }
}

#[test]
fn a15_two_lengths_end_the_connection_and_smuggle_nothing() {
    let smuggled = "GET /v1/openai/smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n{smuggled}", OPENAI.request.len(), OPENAI.request);
    for fields in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "transfer-encoding: chunked\r\ncontent-length: 400",
    ] {
        let stage = Stage::answering(&[]);
        let mut client = stage.client();
        client.send(post(fields, &chunked));
        // RFC 9112, section 6.3: the chunks count, and the connection must be closed.
        let response = client.read_response(SOON);
        assert!(matches!(response.status, 200 | 400), "{fields}");
        assert!(client.is_closed(SOON), "{fields}");
        let received = stage.upstream.requests();
        assert!(
            received.iter().all(|r| r.text() == OPENAI.request && !r.target.contains("smuggled")),
            "{received:?}"
        );
        assert!(received.iter().all(|r| r.header("transfer-encoding").is_none()), "{received:?}");
    }
}

#[test]
fn a15_framing_that_makes_no_sense_is_refused() {
    let stage = Stage::answering(&[]);
    let body = OPENAI.request;
    let two = format!("content-length: {}\r\ncontent-length: {}", body.len(), body.len() + 1);
    let list = format!("content-length: {0}, {0}1", body.len());
    let folded = format!("x-a: b\r\n folded\r\ncontent-length: {}", body.len());
    let blank = format!("content-length : {}", body.len());
    let plus = format!("content-length: +{}", body.len());
    for fields in [
        two.as_str(),
        &list,
        &folded,
        &blank,
        &plus,
        "content-length: -1",
        "content-length: abc",
        "content-length: 99999999999999999999999",
        "transfer-encoding: identity",
        "transfer-encoding: chunked, gzip",
        "transfer-encoding: xchunked",
        "x-a: \0",
        ": novalue",
        "no colon",
    ] {
        let mut client = stage.client();
        client.send(post(fields, body));
        let response = client.read_response(SOON);
        assert_eq!(response.status, 400, "{fields:?}");
        assert!(client.is_closed(SOON), "{fields:?}");
    }
    for start in ["GET /v1/openai/models", "GET  /v1/openai/models HTTP/1.1", "G@T / HTTP/1.1 x"] {
        let answer = raw(&stage, &format!("{start}\r\nhost: x\r\n\r\n"));
        assert!(answer.is_err() || answer.is_ok_and(|r| r.status == 400), "{start}");
    }
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a15_a_bad_chunk_is_refused_and_ends_the_connection() {
    let message = "The request's body ended before it was complete.";
    for api in APIS {
        let stage = Stage::answering(&[]);
        for chunks in [
            "zz\r\nabc\r\n",
            "-1\r\nabc\r\n",
            "fffffffffffffffff\r\nabc",
            "3\r\nabcdef\r\n0\r\n\r\n",
            "3 3\r\nabc\r\n",
        ] {
            let mut client = stage.client();
            let path = api.ours("");
            client.send(format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
            ));
            api.assert_error(&client.read_response(SOON), 400, message);
            assert!(client.is_closed(SOON), "{chunks:?}");
        }
        assert_eq!(stage.upstream.connections(), 0);
    }
}

#[test]
fn a15_a_flood_of_header_fields_is_refused() {
    let stage = Stage::answering(&[]);
    let many = "x-a: b\r\n".repeat(5000);
    let long = "y".repeat(1 << 20);
    let mut client = stage.client();
    client.try_send(post(many.trim_end(), ""));
    assert_eq!(client.read_response(SOON).status, 431);
    let mut client = stage.client();
    client.try_send(post(&format!("x-long: {long}"), ""));
    assert_eq!(client.read_response(SOON).status, 431);
    let mut client = stage.client();
    client.try_send(format!("GET /v1/openai/{long} HTTP/1.1\r\n\r\n"));
    let status = client.read_response(SOON).status;
    assert!(matches!(status, 414 | 431), "{status}");
    assert_eq!(stage.upstream.connections(), 0);
    assert_eq!(stage.converse(&OPENAI).status, 200);
}

#[test]
fn a15_an_endless_header_line_is_cut_off() {
    let stage = Stage::answering(&[]);
    let mut client = stage.client();
    client.send(format!("POST {} HTTP/1.1\r\nx-endless: ", OPENAI.ours("")));
    let piece = "e".repeat(64 << 10);
    let sent = (0..1000).take_while(|_| client.try_send(&piece)).count();
    assert!(sent < 1000, "the proxy takes all of it");
    assert!(stage.proxy.rss_kb() < 100_000);
    assert_eq!(stage.converse(&OPENAI).status, 200);
}

#[test]
fn a15_ordinary_long_heads_are_served() {
    let stage = Stage::answering(&[]);
    let long = "k".repeat(60_000);
    let names: Vec<String> = (0..60).map(|n| format!("x-field-{n}")).collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    headers.push(("authorization", &long));
    assert_eq!(stage.ask("POST", &OPENAI.ours(""), &headers, OPENAI.request.as_bytes()).status, 200);
    assert_eq!(stage.upstream.next_request(SOON).header("authorization"), Some(long.as_str()));
}

#[test]
fn a15_pipelined_requests_are_answered_in_order() {
    let stage = Stage::answering(&[]);
    let mut client = stage.client();
    let mut all = String::new();
    for api in APIS {
        all += &format!(
            "POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{}",
            api.ours(""),
            api.request.len(),
            api.request
        );
        all += "GET /v1/openai/unknown HTTP/1.1\r\nhost: x\r\n\r\nPOST /v1/openai/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{";
    }
    client.send(all);
    for api in APIS {
        assert_eq!(client.read_response(SOON).text(), api.answer);
        assert_eq!(client.read_response(SOON).text(), "{}");
        assert_eq!(client.read_response(SOON).status, 400);
    }
    stage.proxy.wait_records(9, SOON);
}

fn expecting(client: &mut Client, target: &str, length: usize) {
    client.send(format!(
        "POST {target} HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: {length}\r\n\r\n"
    ));
}

#[test]
fn a15_a_client_that_waits_for_100_continue_gets_it_when_its_body_is_wanted() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        for target in [api.ours(""), api.other("/other")] {
            let mut client = stage.client();
            expecting(&mut client, &target, api.request.len());
            let Incoming::Bytes(interim) = client.read_some(SOON) else { panic!("no interim answer") };
            assert_eq!(String::from_utf8_lossy(&interim), "HTTP/1.1 100 Continue\r\n\r\n");
            client.send(api.request);
            assert_eq!(client.read_response(SOON).status, 200);
            let received = stage.upstream.next_request(SOON);
            assert_eq!(received.text(), api.request);
            assert_eq!(received.header("expect"), None, "we have granted it");
        }
    }
}

#[test]
fn a15_a_client_that_waits_for_100_continue_hears_a_refusal_at_once() {
    let stage = Stage::answering(&[("ARCHESTRA_MAX_BODY_BYTES", "1000")]);
    let message = "The request's body is larger than 1000 bytes, the most that is accepted here (ARCHESTRA_MAX_BODY_BYTES).";
    for api in APIS {
        let mut client = stage.client();
        expecting(&mut client, &api.ours(""), 1001);
        let response = client.read_response(SOON);
        assert!(response.interim.is_empty(), "the body is not wanted");
        api.assert_error(&response, 413, message);
        let mut client = stage.client();
        expecting(&mut client, &api.ours("/0198f2a4-0000-7000-8000-0000000000ff"), 10);
        let response = client.read_response(SOON);
        assert_eq!((response.status, response.interim.len()), (404, 0));
    }
}

#[test]
fn an_old_client_of_http_1_0_is_served_and_its_connection_closed() {
    let stage = Stage::answering(&[]);
    let mut client = stage.client();
    let (path, body) = (OPENAI.ours(""), OPENAI.request);
    client.send(format!("POST {path} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let response = client.read_response(SOON);
    assert_eq!((response.status, response.text().as_str()), (200, OPENAI.answer));
    assert!(client.is_closed(SOON));
}
