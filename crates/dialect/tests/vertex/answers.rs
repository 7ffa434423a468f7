use std::borrow::Cow;

use dialect::Framing;
use dialect::vertex::{Route, route};

use super::{PLACE, generate, routed};

fn answered(route: &Route, status: u16, body: &str) -> String {
    String::from_utf8(route.answer(status, body.as_bytes()).unwrap().into_owned()).unwrap()
}

#[test]
fn generated_content_stays_as_it_came() {
    let body = br#"{"candidates":[{"content":{"role":"model","parts":[{"text":"citations, \"error\""}]},"finishReason":"STOP","avgLogprobs":-0.5}],"usageMetadata":{"totalTokenCount":3,"trafficType":"ON_DEMAND"},"createTime":"2026-08-19T14:34:31Z"}"#;
    assert!(matches!(generate().answer(200, body).unwrap(), Cow::Borrowed(_)));
    let native = routed("POST", "/v1beta1/publishers/google/models/m:generateContent");
    assert!(matches!(native.answer(200, b"{no json").unwrap(), Cow::Borrowed(_)));
}

#[test]
fn citations_have_their_name_of_ai_studio() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"\"citations\""}]},"citationMetadata": {"citations": [{"uri":"u","citations":1}]}}]}"#;
    let wanted = body.replace(r#"{"citations": ["#, r#"{"citationSources": ["#);
    assert_eq!(answered(&generate(), 200, body), wanted);
    for (framing, before, behind) in [
        (Framing::Sse, "data: ", "\r\n\r\n"),
        (Framing::Sse, ": ping\nid: 1\ndata:", "\n\n"),
        (Framing::Array, "[", ""),
        (Framing::Array, "\n,\r\n", ""),
        (Framing::Whole, "", ""),
    ] {
        let raw = format!("{before}{body}{behind}");
        let event = generate().event(framing, raw.as_bytes()).into_owned();
        assert_eq!(String::from_utf8(event).unwrap(), format!("{before}{wanted}{behind}"), "{framing:?}");
        let other = format!("{before}{{\"candidates\":[]}}{behind}");
        assert!(matches!(generate().event(framing, other.as_bytes()), Cow::Borrowed(_)));
        let broken = format!("{before}{{\"citationMetadata{behind}");
        assert!(matches!(generate().event(framing, broken.as_bytes()), Cow::Borrowed(_)));
    }
}

#[test]
fn errors_name_resources_as_ai_studio_does() {
    let message = |text: &str| {
        format!(r#"{{"error":{{"code":404,"message":"{text}","status":"NOT_FOUND","details":[]}}}}"#)
    };
    for (text, wanted) in [
        (
            "Publisher Model `projects/acme-prod/locations/europe-west4/publishers/google/models/m` was not found.",
            "Publisher Model `models/m` was not found.",
        ),
        (
            "projects/123/locations/global/cachedContents/9 is gone, \\\"projects/\\\"",
            "cachedContents/9 is gone, \\\"projects/\\\"",
        ),
        ("publishers/google/models/m and publishers/google/x", "models/m and publishers/google/x"),
        ("projects/a/locations/b/endpoints/1", "projects/a/locations/b/endpoints/1"),
        ("projects/projects/a/locations/b/models/é", "projects/models/é"),
        ("é", "é"),
    ] {
        assert_eq!(answered(&generate(), 404, &message(text)), message(wanted));
        let list = format!("[{}\n]\n", message(text));
        assert_eq!(answered(&generate(), 404, &list), message(wanted), "a list of one error is an error");
        let stream = |query| route("POST", "/v1beta/models/m:streamGenerateContent", query, PLACE).unwrap();
        assert_eq!(answered(&stream(Some("alt=sse")), 404, &list), message(wanted));
        assert_eq!(answered(&stream(None), 404, &list), format!("[{}\n]\n", message(wanted)));
        let event = format!("data: {}\n\n", message(text));
        let event = String::from_utf8(generate().event(Framing::Sse, event.as_bytes()).into_owned()).unwrap();
        assert_eq!(event, format!("data: {}\n\n", message(wanted)));
    }
    for body in ["<html>not found</html>", "{\"error\":", "[1,2]", "null"] {
        assert_eq!(answered(&generate(), 404, body), body);
    }
}

#[test]
fn counted_tokens_come_without_billable_characters() {
    let route = routed("POST", "/v1beta/models/m:countTokens");
    let body =
        "{\n  \"totalTokens\": 7,\n  \"totalBillableCharacters\": 25,\n  \"promptTokensDetails\": []\n}";
    assert_eq!(answered(&route, 200, body), "{\n  \"totalTokens\": 7,\n  \"promptTokensDetails\": []\n}");
    assert!(route.answer(200, b"<html>").is_err());
}

#[test]
fn cached_contents_have_their_short_names() {
    let cached = |project: &str| {
        format!(
            r#"{{"name":"projects/{project}/locations/europe-west4/cachedContents/85","model":"projects/{project}/locations/europe-west4/publishers/google/models/m","displayName":"projects/x/locations/y/models/z"}}"#
        )
    };
    let wanted =
        r#"{"name":"cachedContents/85","model":"models/m","displayName":"projects/x/locations/y/models/z"}"#;
    let one = routed("GET", "/v1beta/cachedContents/85");
    let list = routed("GET", "/v1beta/cachedContents");
    for project in ["acme-prod", "123456", "example.com:old"] {
        assert_eq!(answered(&one, 200, &cached(project)), wanted);
        let body = format!(r#"{{"cachedContents":[{0},{0}],"nextPageToken":"t"}}"#, cached(project));
        assert_eq!(
            answered(&list, 200, &body),
            format!(r#"{{"cachedContents":[{wanted},{wanted}],"nextPageToken":"t"}}"#)
        );
    }
    assert_eq!(answered(&one, 200, "{}\n"), "{}\n");
    assert_eq!(answered(&one, 200, ""), "");
}

#[test]
fn models_are_listed_as_ai_studio_lists_them() {
    let body = r#"{"publisherModels":[
        {"name":"publishers/google/models/gemini-2.5-flash","versionId":"001","launchStage":"GA","supportedActions":{}},
        {"name":"publishers/google/models/text-embedding-005","versionId":"default"},
        {"name":"publishers/google/models/imagen-4.0-generate-001"},
        {"name":"publishers/google/models/bert-base"}
    ],"nextPageToken":"ab\"c"}"#;
    let list: serde_json::Value =
        serde_json::from_str(&answered(&routed("GET", "/v1beta/models"), 200, body)).unwrap();
    let methods = |list: &serde_json::Value| list["supportedGenerationMethods"].clone();
    let models = list["models"].as_array().unwrap();
    assert_eq!(models.len(), 4);
    assert_eq!(models[0]["name"], "models/gemini-2.5-flash");
    assert_eq!(models[0]["version"], "001");
    assert_eq!(
        methods(&models[0]),
        serde_json::json!(["generateContent", "countTokens", "createCachedContent"])
    );
    assert_eq!(methods(&models[1]), serde_json::json!(["embedContent"]));
    assert_eq!(methods(&models[2]), serde_json::json!(["predict"]));
    assert_eq!(methods(&models[3]), serde_json::json!([]));
    assert_eq!(list["nextPageToken"], "ab\"c");
    let one = answered(
        &routed("GET", "/v1beta/models/gemini-2.5-pro"),
        200,
        r#"{"name":"publishers/google/models/gemini-2.5-pro","versionId":"2"}"#,
    );
    let wanted = r#"{"name":"models/gemini-2.5-pro","displayName":"gemini-2.5-pro","version":"2","supportedGenerationMethods":["generateContent","countTokens","createCachedContent"]}"#;
    assert_eq!(one, wanted);
    assert_eq!(answered(&routed("GET", "/v1beta/models"), 200, "{}"), r#"{"models":[]}"#);
}
