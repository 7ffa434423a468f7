//! Providers that end badly.

use testkit::{FakeUpstream, Response, Script, Signal};

use crate::api::{APIS, OPENAI, STREAMS, Stream};
use crate::stage::{SOON, Stage, assert_fields};

const BROKEN: &str =
    "The provider broke off its answer before it was complete. The request may be tried again.";
const NO_ANSWER: &str = "The connection to the provider broke before it answered.";

/// Checks that exactly `events` came out, and behind them one error in the form of the API.
fn assert_broken_off(stream: &Stream, response: &Response, events: usize) {
    let text = response.text();
    let out = stream.events[..events].concat();
    let rest = text.strip_prefix(&out).unwrap_or_else(|| panic!("{} {text:?}", stream.path));
    let id = response.header("x-archestra-exchange-id").unwrap();
    assert_eq!(stream.ending(rest, events > 0), stream.api.error(502, BROKEN, id));
    assert!(response.complete, "the error is the whole end: {:?}", response.cut_by);
    if !stream.tail.is_empty() {
        assert_eq!(response.json().as_array().unwrap().len(), events + 1);
    }
}

#[test]
fn a6_a_provider_that_closes_before_it_answers_is_an_error_of_its_own() {
    for script in
        [Script::new().close(), Script::new().reset(), Script::raw("HTTP/1.1 200 OK\r\ncontent-").close()]
    {
        let stage = Stage::scripted(script);
        for api in APIS {
            api.assert_error(&stage.converse(api), 502, NO_ANSWER);
            api.assert_error(&stage.post(&api.other("/other"), "x"), 502, NO_ANSWER);
        }
        for record in stage.proxy.wait_records(6, SOON) {
            assert_fields(
                &record,
                &[
                    ("outcome", "failed".into()),
                    ("fault", "upstream".into()),
                    ("reason", "upstream_broken".into()),
                    ("status", 502.into()),
                    ("upstream_status", ().into()),
                ],
            );
        }
        // A request may have had its effect: it is not sent again.
        assert_eq!(stage.upstream.requests().len(), 6);
    }
}

#[test]
fn garbage_in_place_of_http_is_an_error() {
    for garbage in [
        "\0\x01\x02 garbage\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    ] {
        let stage = Stage::scripted(Script::raw(garbage).close());
        for api in APIS {
            api.assert_error(&stage.converse(api), 502, NO_ANSWER);
        }
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_an_error() {
    let upstream = FakeUpstream::start(|_| Script::new());
    let nobody = upstream.url();
    drop(upstream);
    let stage = Stage::with(
        FakeUpstream::start(|_| Script::new()),
        &[
            ("ARCHESTRA_OPENAI_BASE_URL", &nobody),
            ("ARCHESTRA_ANTHROPIC_BASE_URL", &nobody),
            ("ARCHESTRA_GEMINI_BASE_URL", "http://no-such-host.invalid"),
        ],
    );
    for api in APIS {
        let response = stage.converse(api);
        api.assert_error(&response, 502, "The provider cannot be reached.");
        assert!(!response.text().contains("127.0.0.1") && !response.text().contains("invalid\""));
    }
    for record in stage.proxy.wait_records(3, SOON) {
        assert_fields(&record, &[("outcome", "failed".into()), ("reason", "upstream_unreachable".into())]);
    }
}

#[test]
fn a6_a_stream_that_breaks_ends_in_one_error_of_its_api() {
    for stream in &STREAMS {
        for events in [0, 1, stream.mid_call] {
            for half in [false, true] {
                let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
                let next = stream.events[events];
                let cut = if half { &next[..next.len() - 3] } else { "" };
                let script = head.chunk(stream.events[..events].concat()).chunk(cut).close();
                let stage = Stage::scripted(script);
                let response = stage.post(&stream.ours(), stream.api.stream_request);
                assert_broken_off(stream, &response, events);
                assert_fields(
                    &stage.record(),
                    &[
                        ("outcome", "failed".into()),
                        ("fault", "upstream".into()),
                        ("reason", "answer_broken".into()),
                        ("status", 200.into()),
                    ],
                );
            }
        }
    }
}

#[test]
fn a6_a_reset_a_short_body_and_a_bad_chunk_are_breaks_too() {
    for stream in &STREAMS {
        let first = stream.events[0];
        let head = |framing: &str| {
            format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\n{framing}\r\n\r\n", stream.content_type)
        };
        let seen = Signal::new();
        let scripts = [
            Script::raw(head("transfer-encoding: chunked")).chunk(first).wait_for(&seen).reset(),
            Script::raw(head("content-length: 100000") + first).wait_for(&seen).close(),
            Script::raw(head("transfer-encoding: chunked")).chunk(first).wait_for(&seen).send("zz\r\nxx\r\n"),
            Script::raw(head("connection: close") + first).wait_for(&seen).close(),
        ];
        for script in scripts {
            let stage = Stage::scripted(script);
            let mut client = stage.client();
            client.request("POST", &stream.ours(), &[], stream.api.stream_request.as_bytes());
            client.read_body_until(first.as_bytes(), SOON);
            seen.raise();
            assert_broken_off(stream, &client.read_response(SOON), 1);
        }
    }
}

#[test]
fn a6_a_stream_that_breaks_behind_its_end_is_complete() {
    for stream in &STREAMS {
        let whole = stream.whole();
        let head = |framing: &str| {
            format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\n{framing}\r\n\r\n", stream.content_type)
        };
        let scripts = [
            Script::raw(head("transfer-encoding: chunked")).chunk(&whole).close(),
            Script::raw(head("connection: close") + &whole).close(),
            Script::raw(head(&format!("content-length: {}", whole.len())) + &whole).close(),
            Script::raw(head(&format!("content-length: {}", whole.len() + 9)) + &whole).close(),
        ];
        for script in scripts {
            let stage = Stage::scripted(script);
            let response = stage.post(&stream.ours(), stream.api.stream_request);
            // Blanks behind the end of an array are no part of it.
            assert_eq!(response.text().trim(), whole.trim(), "nothing is added");
            assert!(response.complete);
            assert_fields(&stage.record(), &[("outcome", "completed".into()), ("output_tokens", 7.into())]);
        }
    }
}

#[test]
fn a_whole_answer_that_breaks_off_is_an_error_with_its_own_status() {
    for api in APIS {
        let half = &api.answer[..40];
        let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        for script in [
            Script::raw(format!("{json}content-length: {}\r\n\r\n{half}", api.answer.len())).close(),
            Script::raw(format!("{json}transfer-encoding: chunked\r\n\r\n")).chunk(half).close(),
            Script::raw(format!("{json}transfer-encoding: chunked\r\n\r\n")).chunk(half).send("xyz\r\n"),
        ] {
            let stage = Stage::scripted(script);
            api.assert_error(&stage.converse(api), 502, BROKEN);
            let wanted =
                [("outcome", "failed".into()), ("status", 502.into()), ("upstream_status", 200.into())];
            assert_fields(&stage.record(), &wanted);
        }
    }
}

#[test]
fn a_body_longer_than_its_length_is_cut_there_and_its_rest_answers_nobody() {
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    let upstream = FakeUpstream::start(move |_| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            OPENAI.answer.len()
        );
        Script::raw(format!("{head}{}{forged}", OPENAI.answer))
    });
    let stage = Stage::new(upstream);
    let mut client = stage.client();
    for _ in 0..5 {
        client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
        assert_eq!(client.read_response(SOON).text(), OPENAI.answer);
    }
}

#[test]
fn an_answer_that_ends_with_its_connection_is_relayed() {
    for api in APIS {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        let stage = Stage::scripted(Script::raw(format!("{head}{}", api.answer)).close());
        let response = stage.converse(api);
        assert_eq!((response.status, response.text().as_str()), (200, api.answer));
        assert!(response.complete);
    }
}

#[test]
fn interim_answers_are_no_answers() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", OPENAI.answer.len(), OPENAI.answer);
    let stage = Stage::scripted(Script::raw(format!("{interim}{answer}")));
    assert_eq!(stage.converse(&OPENAI).text(), OPENAI.answer);
}

#[test]
fn a6_an_array_that_breaks_before_its_bracket_is_closed_all_the_same() {
    let stream = &STREAMS[3];
    let script = Script::chunked_head(200, &[("content-type", stream.content_type)]);
    let stage = Stage::scripted(script.chunk(stream.events.concat()).close());
    let response = stage.post(&stream.ours(), stream.api.stream_request);
    assert!(response.complete);
    assert!(response.text().starts_with(&stream.events.concat()));
    assert!(response.json().as_array().unwrap().len() >= stream.events.len());
}
