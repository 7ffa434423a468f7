//! Compressed bodies: undone where they are read, bounded, and consistent with their header fields.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use testkit::{Script, Signal};

use crate::api::{APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, assert_fields};

const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encode(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => gzip(bytes),
        "br" => {
            let mut out = Vec::new();
            let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
            encoder.write_all(bytes).unwrap();
            drop(encoder);
            out
        }
        "zstd" => zstd::encode_all(bytes, 3).unwrap(),
        _ => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

/// A stream as a server that flushes after each event compresses it.
fn encode_flushing(coding: &str, events: &[&str]) -> Vec<Vec<u8>> {
    fn pieces<W: Write>(
        mut encoder: W,
        events: &[&str],
        mut take: impl FnMut(&mut W) -> Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let mut flushed = |event: &&str| {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            take(&mut encoder)
        };
        events.iter().map(&mut flushed).collect()
    }
    match coding {
        "gzip" => {
            pieces(GzEncoder::new(Vec::new(), Compression::fast()), events, |e| std::mem::take(e.get_mut()))
        }
        "br" => pieces(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22), events, |e| {
            std::mem::take(e.get_mut())
        }),
        "zstd" => pieces(zstd::Encoder::new(Vec::new(), 1).unwrap(), events, |e| std::mem::take(e.get_mut())),
        _ => {
            pieces(ZlibEncoder::new(Vec::new(), Compression::fast()), events, |e| std::mem::take(e.get_mut()))
        }
    }
}

#[test]
fn a8_a_compressed_request_reaches_the_provider_in_clear() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        for coding in ["gzip", "br", "zstd", "deflate", "x-gzip", "GZIP", "identity", "identity, gzip"] {
            let plain = api.request.as_bytes();
            let body = match coding {
                "identity" => plain.to_vec(),
                "x-gzip" | "GZIP" | "identity, gzip" => gzip(plain),
                coding => encode(coding, plain),
            };
            let response = stage.ask("POST", &api.ours(""), &[("content-encoding", coding)], &body);
            assert_eq!(response.status, 200, "{coding} {}", response.text());
            let received = stage.upstream.next_request(SOON);
            assert_eq!(received.text(), api.request, "{coding}");
            assert_eq!(received.header("content-length"), Some(plain.len().to_string().as_str()), "{coding}");
            if coding != "identity" {
                assert_eq!(received.header("content-encoding"), None, "{coding}");
            }
        }
    }
}

#[test]
fn a8_several_codings_and_several_members_are_undone() {
    let stage = Stage::answering(&[]);
    let plain = OPENAI.request.as_bytes();
    let (one, two) = plain.split_at(20);
    let cases = [
        ("gzip, br", encode("br", &gzip(plain))),
        ("gzip", [gzip(one), gzip(two)].concat()),
        ("zstd", [encode("zstd", one), encode("zstd", two)].concat()),
    ];
    for (coding, body) in cases {
        let response = stage.ask("POST", &OPENAI.ours(""), &[("content-encoding", coding)], &body);
        assert_eq!(response.status, 200, "{coding} {}", response.text());
        assert_eq!(stage.upstream.next_request(SOON).text(), OPENAI.request);
    }
}

#[test]
fn a8_a_bomb_is_too_large_and_costs_no_memory() {
    let stage = Stage::answering(&[("ARCHESTRA_MAX_BODY_BYTES", "1000000")]);
    let message = "The request's body is larger than 1000000 bytes, the most that is accepted here (ARCHESTRA_MAX_BODY_BYTES).";
    let large = [b"{\"a\":\"".to_vec(), vec![b'x'; 300 << 20]].concat();
    let before = stage.proxy.rss_kb();
    for coding in CODINGS {
        let bomb = encode(coding, &large);
        assert!(bomb.len() < 1_000_000, "{coding} {}", bomb.len());
        for api in APIS {
            let response = stage.ask("POST", &api.ours(""), &[("content-encoding", coding)], &bomb);
            api.assert_error(&response, 413, message);
        }
    }
    let grown = stage.proxy.rss_kb().saturating_sub(before);
    assert!(grown < 60_000, "{grown} KiB");
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a8_a_coding_that_is_unknown_or_a_lie_is_refused() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        let plain = api.request.as_bytes();
        let corrupt = "The request's body is not what its content-encoding says.";
        for coding in CODINGS {
            let mut cut = encode(coding, plain);
            cut.truncate(cut.len() - 5);
            for body in [plain, &cut, b""] {
                let response = stage.ask("POST", &api.ours(""), &[("content-encoding", coding)], body);
                api.assert_error(&response, 400, corrupt);
            }
        }
        for coding in ["compress", "gzip, made-up", "aws-chunked"] {
            let name = coding.rsplit(' ').next().unwrap();
            let message = format!(
                "The content-encoding \"{name}\" is not supported here. Use gzip, br, zstd, deflate, or none."
            );
            let response = stage.ask("POST", &api.ours(""), &[("content-encoding", coding)], plain);
            api.assert_error(&response, 400, &message);
        }
    }
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a8_an_answer_compressed_unasked_is_undone() {
    for coding in CODINGS {
        for api in APIS {
            let headers = [("content-type", "application/json"), ("content-encoding", coding), ("etag", "x")];
            let stage =
                Stage::scripted(Script::respond(200, &headers, encode(coding, api.answer.as_bytes())));
            let response = stage.converse(api);
            assert_eq!(response.text(), api.answer, "{coding}");
            assert_eq!(response.header("content-encoding"), None);
            assert_eq!(response.header("content-length"), Some(api.answer.len().to_string().as_str()));
            assert_fields(&stage.record(), &[("output_tokens", 7.into()), ("outcome", "completed".into())]);
        }
    }
}

#[test]
fn a8_a_stream_compressed_unasked_is_undone_and_still_flows_at_once() {
    for coding in CODINGS {
        for stream in &STREAMS {
            let coded = encode_flushing(coding, stream.events);
            let seen = Signal::new();
            let headers = [("content-type", stream.content_type), ("content-encoding", coding)];
            let head = Script::chunked_head(200, &headers).chunk(&coded[0]).wait_for(&seen);
            // The coding is not ended: the provider breaks off behind the answer's end.
            let script = coded[1..].iter().fold(head, Script::chunk).close();
            let stage = Stage::scripted(script);
            let mut client = stage.client();
            client.request("POST", &stream.ours(), &[], stream.api.stream_request.as_bytes());
            client.read_body_until(stream.events[0].as_bytes(), SOON);
            seen.raise();
            let response = client.read_response(SOON);
            assert_eq!(response.header("content-encoding"), None);
            assert!(response.text().starts_with(&stream.events.concat()), "{coding} {}", response.text());
            assert_fields(&stage.record(), &[("output_tokens", 7.into())]);
        }
    }
}

#[test]
fn a_whole_compressed_stream_comes_out_whole() {
    for coding in CODINGS {
        for stream in &STREAMS {
            let headers = [("content-type", stream.content_type), ("content-encoding", coding)];
            let script = Script::respond(200, &headers, encode(coding, stream.whole().as_bytes()));
            let stage = Stage::scripted(script);
            let response = stage.post(&stream.ours(), stream.api.stream_request);
            assert_eq!(response.text(), stream.whole());
            assert!(response.complete);
            assert_fields(&stage.record(), &[("output_tokens", 7.into()), ("outcome", "completed".into())]);
        }
    }
}

#[test]
fn an_answer_whose_coding_cannot_be_undone_is_an_error() {
    let message = "The provider's answer has a content-encoding that cannot be undone.";
    for (coding, body) in
        [("made-up", b"{}".to_vec()), ("gzip", b"{}".to_vec()), ("gzip", gzip(b"{}")[..15].to_vec())]
    {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let stage = Stage::scripted(Script::respond(200, &headers, body));
        for api in APIS {
            api.assert_error(&stage.converse(api), 502, message);
        }
        for record in stage.proxy.wait_records(3, SOON) {
            assert_fields(&record, &[("outcome", "failed".into()), ("reason", "answer_coding".into())]);
        }
    }
}
