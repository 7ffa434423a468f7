//! The fake upstream and the raw client, against each other.

use std::time::Duration;

use testkit::{Client, FakeUpstream, Incoming, Script, Signal, Step};

/// Long enough for a loaded machine; no test waits for it to pass.
const SOON: Duration = Duration::from_secs(10);
/// Waited for in full where nothing is to happen.
const SHORT: Duration = Duration::from_millis(100);

#[test]
fn requests_on_one_connection_get_the_scripts_in_order() {
    let upstream =
        FakeUpstream::scripted(vec![Script::json(200, "{\"n\":1}"), Script::json(429, "{\"n\":2}")]);
    let mut client = Client::connect(upstream.address());

    client.request("POST", "/one?a=b%2Fc", &[("X-Mixed-Case", "v")], b"first");
    let first = client.read_response(SOON);
    client.request("GET", "/two", &[], b"");
    let second = client.read_response(SOON);
    client.request("GET", "/three", &[], b"");
    let third = client.read_response(SOON);

    assert_eq!((first.status, first.text().as_str(), first.complete), (200, "{\"n\":1}", true));
    assert_eq!(
        (second.status, second.reason.as_str(), &second.json()["n"]),
        (429, "Too Many Requests", &2.into())
    );
    assert_eq!(third.status, 500);
    assert_eq!(
        first.raw,
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"n\":1}"
    );

    let request = upstream.next_request(SOON);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/one?a=b%2Fc"));
    assert_eq!((request.path(), request.query()), ("/one", Some("a=b%2Fc")));
    assert_eq!(request.headers[1], ("X-Mixed-Case".to_owned(), "v".to_owned()));
    assert_eq!(
        (request.body.as_slice(), request.connection, request.complete),
        (b"first".as_slice(), 1, true)
    );
    assert!(
        request.head.starts_with(b"POST /one?a=b%2Fc HTTP/1.1\r\nhost: 127.0.0.1:"),
        "{:?}",
        request.head
    );
    assert!(request.head.ends_with(b"\r\n\r\n"));
    assert_eq!(upstream.next_request(SOON).path(), "/two");
    assert_eq!(upstream.requests().len(), 3);
    assert_eq!(upstream.connections(), 1);
    assert!(upstream.try_next_request(SOON).is_some_and(|request| request.path() == "/three"));
    assert!(upstream.try_next_request(SHORT).is_none());
}

#[test]
fn the_handler_sees_the_request_and_pipelined_requests_are_answered_in_turn() {
    let upstream =
        FakeUpstream::start(|request| Script::respond(200, &[("x-path", request.path())], request.text()));
    let mut client = Client::connect(upstream.address());
    client
        .send("POST /a HTTP/1.1\r\ncontent-length: 1\r\n\r\nAPOST /b HTTP/1.1\r\ncontent-length: 1\r\n\r\nB");
    for (path, body) in [("/a", "A"), ("/b", "B")] {
        let response = client.read_response(SOON);
        assert_eq!((response.header("X-Path"), response.text().as_str()), (Some(path), body));
    }
}

#[test]
fn a_chunked_request_is_decoded_with_its_trailers() {
    let upstream = FakeUpstream::scripted(vec![Script::json(200, "{}")]);
    let mut client = Client::connect(upstream.address());
    client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n");
    client.send("A\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n");
    assert_eq!(client.read_response(SOON).status, 200);
    let request = upstream.next_request(SOON);
    assert_eq!(request.text(), "abc0123456789");
    assert_eq!(request.trailers, vec![("X-Sum".to_owned(), "13".to_owned())]);
}

#[test]
fn an_expectation_is_granted_before_the_body_is_read() {
    let upstream = FakeUpstream::scripted(vec![Script::json(200, "{}")]);
    let mut client = Client::connect(upstream.address());
    client.send("POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(client.read_some(SOON), Incoming::Bytes(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()));
    client.send("body");
    assert_eq!(client.read_response(SOON).status, 200);
    assert_eq!(upstream.next_request(SOON).text(), "body");

    client.request("POST", "/", &[("Expect", "100-continue")], b"at once");
    assert_eq!(client.read_response(SOON).interim, vec![100]);
}

#[test]
fn a_request_that_breaks_off_is_noted_as_incomplete_and_not_answered() {
    let upstream = FakeUpstream::scripted(vec![Script::json(200, "{}")]);
    let mut client = Client::connect(upstream.address());
    client.send("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf");
    client.half_close();
    assert_eq!(client.try_read_response(SOON).map(|response| response.status), Err(Incoming::Closed));
    let request = upstream.next_request(SOON);
    assert_eq!((request.text().as_str(), request.complete), ("half", false));
}

#[test]
fn an_answer_can_come_before_the_body() {
    let upstream = FakeUpstream::before_body(|_| Script::json(413, "{}"));
    let mut client = Client::connect(upstream.address());
    client.send("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf");
    assert_eq!(client.read_response(SOON).status, 413);
    client.send(" whole");
    client.request("GET", "/next", &[], b"");
    assert_eq!(client.read_response(SOON).status, 413);
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_signal_holds_the_stream_back_until_it_is_raised() {
    let go = Signal::new();
    let stream = Script::sse_head()
        .chunk("data: 1\n\n")
        .wait_for(&go)
        .step(Step::Flush)
        .chunk("data: 2\n\n")
        .last_chunk();
    let upstream = FakeUpstream::scripted(vec![stream]);
    let mut client = Client::connect(upstream.address());
    client.request("GET", "/", &[], b"");

    let head = client.read_head(SOON);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(client.read_body_until(b"\n\n", SOON), b"data: 1\n\n");
    assert_eq!(client.read_some(SHORT), Incoming::TimedOut);
    assert!(!go.is_raised());
    go.raise();
    let response = client.read_response(SOON);
    assert_eq!((response.text().as_str(), response.complete), ("data: 1\n\ndata: 2\n\n", true));
    assert!(response.raw.ends_with(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
}

#[test]
fn each_part_of_a_stream_is_one_chunk() {
    let upstream = FakeUpstream::scripted(vec![Script::sse(["a", "", "bc"])]);
    let mut client = Client::connect(upstream.address());
    client.request("GET", "/", &[], b"");
    let response = client.read_response(SOON);
    assert!(response.raw.ends_with(b"\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"));
    assert!(response.complete);
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let upstream = FakeUpstream::start(|_| Script::sse_head().chunk("data: 1\n\n").await_client_close());
    let mut orderly = Client::connect(upstream.address());
    orderly.request("GET", "/", &[], b"");
    orderly.read_body_until(b"data: 1", SOON);
    assert!(!upstream.client_gone(SHORT));
    drop(orderly);
    assert!(upstream.client_gone(SOON));

    let mut abrupt = Client::connect(upstream.address());
    abrupt.request("GET", "/", &[], b"");
    abrupt.read_body_until(b"data: 1", SOON);
    abrupt.reset();
    assert!(upstream.client_gone(SOON));
}

#[test]
fn a_client_that_leaves_is_noticed_while_sending() {
    let left = Signal::new();
    let script = (0..64).fold(Script::sse_head().wait_for(&left), |script, _| script.chunk([b'x'; 65536]));
    let upstream = FakeUpstream::scripted(vec![script]);
    let mut client = Client::connect(upstream.address());
    client.request("GET", "/", &[], b"");
    client.read_head(SOON);
    client.reset();
    left.raise();
    assert!(upstream.client_gone(SOON));
}

#[test]
fn the_client_tells_how_a_response_ended() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart";
    let to_close = "HTTP/1.1 200 OK\r\n\r\nall";
    let sent = Signal::new();
    let cases = [
        (Script::raw(part).close(), Some(Incoming::Closed), "part"),
        (Script::raw(part).wait_for(&sent).reset(), Some(Incoming::Reset), "part"),
        (Script::raw(part).hang(), Some(Incoming::TimedOut), "part"),
        (Script::raw(to_close).close(), None, "all"),
        (Script::raw(to_close).wait_for(&sent).reset(), Some(Incoming::Reset), "all"),
        (Script::sse_head().chunk("cut").close(), Some(Incoming::Closed), "cut"),
        (Script::sse_head().send("zz\r\n"), Some(Incoming::Bytes(Vec::new())), ""),
        (Script::raw("HTTP/1.1 204 No Content\r\n\r\n"), None, ""),
    ];
    for (script, cut_by, body) in cases {
        let upstream = FakeUpstream::scripted(vec![script]);
        let mut client = Client::connect(upstream.address());
        client.request("GET", "/", &[], b"");
        if cut_by == Some(Incoming::Reset) {
            // RST may overtake bytes that were not read yet.
            client.read_body_until(body.as_bytes(), SOON);
            sent.raise();
        }
        let timeout = if cut_by == Some(Incoming::TimedOut) { SHORT } else { SOON };
        let response = client.read_response(timeout);
        assert_eq!((response.text().as_str(), response.complete), (body, cut_by.is_none()));
        assert_eq!(response.cut_by, cut_by);
    }
}

#[test]
fn a_head_request_has_no_body_whatever_its_length_says() {
    let upstream = FakeUpstream::start(|_| Script::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"));
    let mut client = Client::connect(upstream.address());
    for _ in 0..2 {
        client.request("HEAD", "/", &[], b"");
        assert!(client.read_response(SOON).complete);
    }
}

#[test]
fn a_closed_connection_is_told_from_an_open_one() {
    let upstream = FakeUpstream::start(|request| match request.path() {
        "/close" => Script::json(200, "{}").close(),
        _ => Script::json(200, "{}"),
    });
    let mut client = Client::connect(upstream.address());
    client.request("GET", "/keep", &[], b"");
    assert!(!client.is_closed(SHORT));
    assert_eq!(client.read_response(SOON).status, 200);
    client.request("GET", "/close", &[], b"");
    assert!(client.is_closed(SOON));
    assert_eq!(client.read_response(SOON).status, 200);
    assert_eq!(client.read_some(SOON), Incoming::Closed);
}

#[test]
fn dropping_the_upstream_ends_its_connections() {
    let upstream = FakeUpstream::start(|_| Script::new().hang());
    let mut client = Client::connect(upstream.address());
    client.request("GET", "/", &[], b"");
    upstream.next_request(SOON);
    drop(upstream);
    assert!(client.is_closed(SOON));
}
