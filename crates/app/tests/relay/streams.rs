//! Streamed answers: at once, and byte for byte.

use testkit::{FakeUpstream, Script, Signal};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields};

#[test]
fn each_event_is_with_the_client_before_the_next_is_made() {
    for stream in &STREAMS {
        let seen: Vec<Signal> = stream.events.iter().map(|_| Signal::new()).collect();
        let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
        let script = stream.events.iter().zip(&seen).fold(head, |script, (event, seen)| {
            // Cut in the middle, so that an event is put together from two pieces.
            let (one, two) = event.as_bytes().split_at(event.len() / 2);
            script.chunk(one).chunk(two).wait_for(seen)
        });
        let stage = Stage::scripted(script.chunk(stream.tail).last_chunk());
        let mut client = stage.client();
        client.request("POST", &stream.ours(), &[], stream.api.stream_request.as_bytes());
        let mut so_far = String::new();
        for (event, seen) in stream.events.iter().zip(&seen) {
            so_far += event;
            assert_eq!(client.read_body_until(so_far.as_bytes(), SOON), so_far.as_bytes());
            seen.raise();
        }
        let response = client.read_response(SOON);
        assert_eq!(response.text(), stream.whole());
        assert!(response.complete);
        assert_eq!(response.header("content-type"), Some(stream.content_type));
        assert_fields(
            &stage.record(),
            &[
                ("route", stream.api.route.into()),
                ("model", stream.api.model.into()),
                ("stream", true.into()),
                ("status", 200.into()),
                ("outcome", "completed".into()),
                ("input_tokens", 11.into()),
                ("output_tokens", 7.into()),
                ("tool_calls", 1.into()),
                ("request_bytes", stream.api.stream_request.len().into()),
                ("response_bytes", stream.whole().len().into()),
            ],
        );
    }
}

#[test]
fn a2_a_stream_cut_into_single_bytes_is_the_same_stream() {
    for stream in &STREAMS {
        let bytes = stream.whole().into_bytes();
        let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
        let script = bytes.chunks(1).fold(head, Script::chunk).last_chunk();
        let stage = Stage::scripted(script);
        let response = stage.post(&stream.ours(), stream.api.stream_request);
        assert_eq!(response.text(), stream.whole());
        assert_fields(&stage.record(), &[("output_tokens", 7.into()), ("tool_calls", 1.into())]);
    }
}

#[test]
fn a4_comments_and_keep_alives_are_forwarded_at_once() {
    for comment in
        [": PROCESSING\n\n", ": ping\n\n", ":\r\n\r\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n"]
    {
        for stream in STREAMS.iter().filter(|stream| stream.tail.is_empty()) {
            let seen = Signal::new();
            let mid_call = stream.events[..stream.mid_call].concat();
            let rest = stream.events[stream.mid_call..].concat();
            let script = Script::chunked_head(200, &[("content-type", stream.content_type)])
                .chunk(comment)
                .wait_for(&seen)
                .chunk(&mid_call)
                .chunk(comment);
            let stage = Stage::scripted(script.chunk(&rest).last_chunk());
            let mut client = stage.client();
            client.request("POST", &stream.ours(), &[], stream.api.stream_request.as_bytes());
            client.read_body_until(comment.as_bytes(), SOON);
            seen.raise();
            let response = client.read_response(SOON);
            assert_eq!(response.text(), [comment, &mid_call, comment, &rest].concat());
            assert_fields(&stage.record(), &[("outcome", "completed".into()), ("tool_calls", 1.into())]);
        }
    }
}

#[test]
fn a1_a3_all_spellings_of_an_event_stream_come_out_as_they_came() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}"#;
    let bodies = [
        format!("data:{usage}\n\ndata:[DONE]\n\n"),
        format!("\u{feff}data: {usage}\r\rdata: [DONE]\r\r"),
        format!("id: 1\r\nretry: 5\r\nevent: x\r\ndata: {usage}\r\n\r\ndata\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!("data: {}\ndata: {}\n\ndata: [DONE]", &usage[..13], &usage[13..]),
        format!("data: {usage}   \n\nfoo: bar\n\n\n\n\ndata: [DONE]\n"),
    ];
    for body in bodies {
        let stage = Stage::scripted(Script::sse([&body]));
        let response = stage.post(&OPENAI.ours(""), OPENAI.stream_request);
        assert_eq!(response.text(), body);
        assert_fields(&stage.record(), &[("output_tokens", 7.into()), ("outcome", "completed".into())]);
    }
}

#[test]
fn a5_an_error_within_a_stream_is_relayed_and_recorded_as_one() {
    let bodies = [
        (
            &STREAMS[0],
            "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":\"overloaded\"}}\n\n",
        ),
        (
            &STREAMS[1],
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n",
        ),
        (
            &STREAMS[2],
            "data: {\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
        ),
        (&STREAMS[3], "[{\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}\n]"),
    ];
    for (stream, error) in bodies {
        let array = !stream.tail.is_empty();
        let more = if array { "\n" } else { "data: {\"more\":1}\n\n" };
        let body = if array { error.to_owned() } else { stream.events[0].to_owned() + error } + more;
        let head = Script::chunked_head(200, &[("content-type", stream.content_type)]);
        let stage = Stage::scripted(head.chunk(&body).last_chunk());
        let response = stage.post(&stream.ours(), stream.api.stream_request);
        assert_eq!((response.status, response.text()), (200, body));
        let record = stage.record();
        assert_fields(&record, &[("outcome", "upstream_error".into()), ("fault", "upstream".into())]);
        assert!(record["error"].is_string(), "{record:#}");
    }
}

#[test]
fn a5_an_error_object_with_status_200_is_recorded_as_an_error() {
    let body =
        r#"{"error":{"message":"m","type":"server_error","code":"overloaded","status":"UNAVAILABLE"}}"#;
    let stage = Stage::scripted(Script::json(200, body));
    for api in APIS {
        let response = stage.converse(api);
        assert_eq!((response.status, response.text().as_str()), (200, body));
    }
    for record in stage.proxy.wait_records(3, SOON) {
        assert_fields(&record, &[("outcome", "upstream_error".into()), ("fault", "upstream".into())]);
    }
}

#[test]
fn a7_an_error_in_place_of_a_stream_is_relayed_as_it_is() {
    let body = "{\n  \"error\": {\"code\": 400, \"message\": \"bad\", \"status\": \"INVALID_ARGUMENT\"}\n}\n";
    for (status, content_type) in [(400, "text/event-stream"), (429, "application/json"), (500, "text/html")]
    {
        let script = Script::respond(status, &[("content-type", content_type)], body);
        let stage = Stage::scripted(script);
        for stream in &STREAMS {
            let response = stage.post(&stream.ours(), stream.api.stream_request);
            assert_eq!((response.status, response.text().as_str()), (status, body));
            assert_eq!(response.header("content-type"), Some(content_type));
            assert_eq!(response.header("content-length"), Some(body.len().to_string().as_str()));
        }
        for record in stage.proxy.wait_records(STREAMS.len(), SOON) {
            assert_fields(&record, &[("outcome", "upstream_error".into()), ("status", status.into())]);
        }
    }
}

#[test]
fn a_streamed_answer_to_a_plain_question_and_the_other_way_round_are_relayed() {
    let stage = Stage::new(FakeUpstream::scripted([
        Script::sse(STREAMS[0].events),
        Script::json(200, OPENAI.answer),
        Script::respond(200, &[("content-type", "text/plain")], "not JSON at all"),
    ]));
    assert_eq!(stage.post(&OPENAI.ours(""), OPENAI.request).text(), STREAMS[0].whole());
    assert_eq!(stage.post(&OPENAI.ours(""), OPENAI.stream_request).text(), OPENAI.answer);
    assert_eq!(stage.post(&OPENAI.ours(""), OPENAI.request).text(), "not JSON at all");
}
