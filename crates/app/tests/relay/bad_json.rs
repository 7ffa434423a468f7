//! Bodies of conversations that are no JSON, or JSON that nobody expects.

use testkit::Response;

use crate::api::{APIS, Api};
use crate::stage::{SOON, Stage, assert_fields};

fn ask(stage: &Stage, api: &Api, content_type: &str, body: &[u8]) -> Response {
    stage.ask("POST", &api.ours(""), &[("content-type", content_type)], body)
}

#[test]
fn a_body_that_is_no_json_is_told_so_in_the_shape_of_the_api() {
    let stage = Stage::answering(&[]);
    let deep = [b"{\"x\":".as_slice(), &[b'['; 100_000]].concat();
    let cases: [(&[u8], &str); 13] = [
        (b"", "unexpected end of JSON at byte 0"),
        (b"   ", "unexpected end of JSON at byte 3"),
        (b"{\"model\":", "unexpected end of JSON at byte 9"),
        (b"{\"model\":\"m\"", "unexpected end of JSON at byte 12"),
        (b"{'model':1}", "invalid JSON at byte 1"),
        (b"{\"a\":1,}", "invalid JSON at byte 7"),
        (b"{\"a\":NaN}", "invalid JSON at byte 5"),
        (b"{\"a\":01}", "invalid JSON at byte 6"),
        (b"{\"a\":\"\x01\"}", "invalid JSON at byte 6"),
        (b"{\"a\":\"\xff\"}", "invalid UTF-8 at byte 6"),
        (b"\xef\xbb\xbf{}", "invalid JSON at byte 0"),
        (b"{} {}", "unexpected bytes after the JSON value at byte 3"),
        (&deep, "JSON nested too deeply at byte 260"),
    ];
    for api in APIS {
        for (body, problem) in cases {
            let message = format!("The request's body cannot be read as JSON: {problem}.");
            api.assert_error(&ask(&stage, api, "application/json", body), 400, &message);
        }
    }
    assert_eq!(stage.upstream.connections(), 0);
    let records = stage.proxy.wait_records(APIS.len() * cases.len(), SOON);
    for record in records {
        assert_fields(
            &record,
            &[
                ("outcome", "refused".into()),
                ("fault", "client".into()),
                ("reason", "not_json".into()),
                ("status", 400.into()),
                ("upstream_status", ().into()),
            ],
        );
    }
}

#[test]
fn a_key_twice_in_what_is_read_is_refused_in_any_spelling() {
    let stage = Stage::answering(&[]);
    let cases: [(usize, &str); 8] = [
        (0, r#"{"model":"a","model":"b"}"#),
        (0, r#"{"model":"a","\u006dodel":"b"}"#),
        (0, r#"{"messages":[{"role":"user","role":"system","content":"x"}]}"#),
        (0, r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"a","name":"b"}}]}]}"#),
        (1, r#"{"stream":false,"stream":true}"#),
        (1, r#"{"messages":[{"role":"user","content":[{"type":"tool_result","type":"text","text":""}]}]}"#),
        (2, r#"{"contents":[],"contents":[]}"#),
        (2, r#"{"contents":[{"parts":[{"functionResponse":{"name":"a","\u006eame":"b"}}]}]}"#),
    ];
    for (api, body) in cases {
        let response = ask(&stage, APIS[api], "application/json", body.as_bytes());
        let text = response.text();
        assert_eq!(response.status, 400, "{body} {text}");
        assert!(text.contains("cannot be read as JSON: duplicate key at byte"), "{body} {text}");
    }
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn a_charset_other_than_utf_8_is_refused() {
    let stage = Stage::answering(&[]);
    let message = "The content-type names a charset other than UTF-8. JSON must be sent as UTF-8.";
    for api in APIS {
        for charset in ["utf-16", "UTF-16LE", "\"iso-8859-1\"", "utf-7", "utf-32"] {
            let content_type = format!("application/json;q=1; Charset={charset}");
            api.assert_error(&ask(&stage, api, &content_type, api.request.as_bytes()), 400, message);
        }
        for content_type in
            ["application/json; charset=\"UTF-8\"", "text/plain", "", "application/json;charset=utf8"]
        {
            assert_eq!(ask(&stage, api, content_type, api.request.as_bytes()).status, 200, "{content_type}");
            assert_eq!(stage.upstream.next_request(SOON).text(), api.request);
        }
    }
    assert_eq!(stage.upstream.requests().len(), 4 * APIS.len());
}

#[test]
fn a11_what_json_allows_arrives_byte_for_byte() {
    let stage = Stage::answering(&[]);
    let bodies = [
        // Wrong types are for the provider to judge.
        "null",
        "[]",
        "\"text\"",
        "17",
        "{}",
        r#"{"model":5,"messages":{"a":[]},"contents":"x","stream":"yes","tools":7,"system":[1,null]}"#,
        r#"{"model":null,"messages":[null,1,"x",[],{"role":5,"content":{}}],"contents":[null,{"parts":5}]}"#,
        r#"{"messages":[{"role":"assistant","tool_calls":{"id":1},"content":[[{"type":[]}]]}]}"#,
        // Numbers, escapes, blanks, order, and keys twice where nothing is read.
        r#"{"a":123456789012345678901234567890,"b":-0,"c":1E+5,"d":0.10,"e":1e-999,"f":-1.50e400}"#,
        r#"{"a":"\ud800","b":"\udc00\ud800x","c":"\u0000\/\u00e9é","messages":[{"role":"user","content":"\ud83d"}]}"#,
        "\r\n\t {\"z\" :\t1 , \"a\":[ ] ,\n\"z\":2,\"z\":{\"k\":1,\"k\":2} }\r\n ",
        r#"{"":"","model":"a b@c:d%2f","unknown_field":{"nested":[[[[{}]]]]}}"#,
    ];
    for api in APIS {
        for body in bodies {
            let response = ask(&stage, api, "application/json", body.as_bytes());
            assert_eq!(response.status, 200, "{body} {}", response.text());
            let received = stage.upstream.next_request(SOON);
            assert_eq!(received.text(), body);
            assert_eq!(received.header("content-length"), Some(body.len().to_string().as_str()));
        }
    }
}

#[test]
fn a_body_over_a_megabyte_arrives_byte_for_byte() {
    let stage = Stage::answering(&[]);
    for api in APIS {
        let filler = "é\\n".repeat(1 << 20);
        let body = format!("{{\"padding\":\"{filler}\",{}", &api.request[1..]);
        assert_eq!(ask(&stage, api, "application/json", body.as_bytes()).status, 200);
        assert!(stage.upstream.next_request(SOON).body == body.as_bytes());
        let broken = &body[..body.len() - 1];
        assert_eq!(ask(&stage, api, "application/json", broken.as_bytes()).status, 400);
    }
}
