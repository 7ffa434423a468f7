use dialect::vertex::{Embedder, Kind, Route};

use super::{PLACE, assert_unchanged, routed, translated};

fn one(model: &str) -> Route {
    routed("POST", &format!("/v1beta/models/{model}:embedContent"))
}

fn batch(model: &str) -> Route {
    routed("POST", &format!("/v1beta/models/{model}:batchEmbedContents"))
}

#[test]
fn texts_become_instances() {
    let m = "text-embedding-005";
    for (route, body, wanted) in [
        (
            one(m),
            r#"{"model":"models/text-embedding-005","content":{"parts":[{"text":"a \"b\""}]}}"#,
            r#"{"instances":[{"content":"a \"b\""}]}"#,
        ),
        (
            one(m),
            r#"{"content":{"role":"user","parts":{"text":"a"}},"task_type":"RETRIEVAL_DOCUMENT","title":"t","output_dimensionality":64}"#,
            r#"{"instances":[{"content":"a","task_type":"RETRIEVAL_DOCUMENT","title":"t"}],"parameters":{"outputDimensionality":64}}"#,
        ),
        (
            one(m),
            r#"{"content":{"parts":[{"text":"a"},{"text":"\u0062"}]},"taskType":"TASK_TYPE_UNSPECIFIED","title":null}"#,
            r#"{"instances":[{"content":"a\u0062"}]}"#,
        ),
        (
            batch(m),
            r#"{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":8},{"content":"b","outputDimensionality":8}]}"#,
            r#"{"instances":[{"content":"a"},{"content":"b"}],"parameters":{"outputDimensionality":8}}"#,
        ),
        (
            batch("gemini-embedding-001"),
            r#"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}}]}"#,
            r#"{"instances":[{"content":"a"}]}"#,
        ),
    ] {
        assert_eq!(translated(route, body).unwrap(), wanted, "{body}");
    }
}

#[test]
fn contents_are_embedded_with_their_options_in_a_message_of_their_own() {
    let m = "gemini-embedding-2";
    assert_unchanged(one(m), r#"{"content":{"parts":[{"text":"a"}]}}"#);
    for (route, body, wanted) in [
        (
            one(m),
            r#"{"model":"models/gemini-embedding-2","content":{"parts":{"text":"a"}},"taskType":"CLUSTERING"}"#,
            r#"{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"CLUSTERING"}}"#,
        ),
        (
            batch(m),
            r#"{"requests":[{"model":"models/gemini-embedding-2","content":{"parts":[{"inlineData":{}}]}},{"content":"b","title":"t","outputDimensionality":8}]}"#,
            r#"{"requests":[{"content":{"parts":[{"inlineData":{}}]}},{"content":{"parts":[{"text":"b"}]},"embedContentConfig":{"title":"t","outputDimensionality":8}}]}"#,
        ),
    ] {
        assert_eq!(translated(route, body).unwrap(), wanted, "{body}");
    }
}

#[test]
fn a_batch_of_which_predict_takes_one_only_is_embedded_as_contents() {
    let mut route = batch("gemini-embedding-001");
    assert!(route.path.ends_with(":predict"));
    let body = r#"{"requests":[{"content":"a","outputDimensionality":8},{"content":"b"}]}"#;
    let body = route.request(PLACE, body.as_bytes()).unwrap();
    assert!(route.path.ends_with("/models/gemini-embedding-001:batchEmbedContents"), "{}", route.path);
    assert_eq!(route.kind, Kind::BatchEmbed(Embedder::Content));
    let wanted = r#"{"requests":[{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"outputDimensionality":8}},{"content":{"parts":[{"text":"b"}]}}]}"#;
    assert_eq!(String::from_utf8_lossy(&body), wanted);
}

#[test]
fn what_cannot_be_embedded_is_refused_by_name() {
    for (route, body, name) in [
        (one("text-embedding-005"), r#"{"content":{"parts":[{"inlineData":{}}]}}"#, "`content.parts`"),
        (one("text-embedding-005"), r#"{"content":{"parts":[]}}"#, "`content.parts`"),
        (one("text-embedding-005"), r#"{"model":"models/other","content":"a"}"#, "`models/other`"),
        (one("gemini-embedding-2"), r#"{"content":"a","fooBar":1}"#, "`fooBar`"),
        (
            one("gemini-embedding-2"),
            r#"{"content":{"parts":[{"fileData":{"fileUri":"files/a"}}]}}"#,
            "`fileData.fileUri`",
        ),
        (
            batch("text-embedding-005"),
            r#"{"requests":[{"content":"a","outputDimensionality":8},{"content":"b"}]}"#,
            "`outputDimensionality`",
        ),
    ] {
        let refusal = translated(route, body).unwrap_err();
        assert!(refusal.to_string().contains(name), "{body}: {refusal}");
    }
    assert!(translated(one("text-embedding-005"), r#"{"content":"a","content":"b"}"#).is_err());
}

#[test]
fn predictions_become_embeddings_without_statistics() {
    let answer = r#"{
      "predictions": [
        {"embeddings": {"statistics": {"truncated": false, "token_count": 4}, "values": [0.10, -2e-3]}},
        {"embeddings": {"values": [1]}}
      ], "metadata": {"billableCharacterCount": 29}}"#;
    let answered =
        |route: Route| String::from_utf8(route.answer(200, answer.as_bytes()).unwrap().into_owned()).unwrap();
    assert_eq!(answered(one("text-embedding-005")), r#"{"embedding":{"values":[0.10, -2e-3]}}"#);
    let wanted = r#"{"embeddings":[{"values":[0.10, -2e-3]},{"values":[1]}]}"#;
    assert_eq!(answered(batch("text-embedding-005")), wanted);
    let none = one("text-embedding-005").answer(200, br#"{"predictions":[{}]}"#).unwrap().into_owned();
    assert_eq!(none, br#"{"embedding":{"values":[]}}"#);
}

#[test]
fn embedded_contents_lose_what_ai_studio_does_not_tell() {
    let answered = |route: Route, body: &str| {
        String::from_utf8(route.answer(200, body.as_bytes()).unwrap().into_owned()).unwrap()
    };
    let body = r#"{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":1},"truncated":false}"#;
    let wanted = r#"{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":1}}"#;
    assert_eq!(answered(one("gemini-embedding-2"), body), wanted);
    let body = r#"{"embeddings":[{"values":[1],"statistics":{"tokenCount":1}}]}"#;
    assert_eq!(answered(batch("gemini-embedding-2"), body), r#"{"embeddings":[{"values":[1]}]}"#);
}
