use dialect::vertex::Untranslatable;

use super::{PARENT, assert_unchanged, generate, routed, translated};

/// Turns with this part.
fn with_part(part: &str) -> String {
    format!(r#"{{"contents":[{{"role":"user","parts":[{part}]}}]}}"#)
}

#[test]
fn what_means_the_same_stays_as_it_came() {
    for body in [
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        " {\n\"contents\" : [ {\"parts\":[{\"text\":\"hi\"}] , \"rol\\u0065\":\"user\"} ] } ",
        r#"{"system_instruction":{"parts":[{"text":"s"}]},"generation_config":{"top_k":1},"contents":[]}"#,
        r#"{"systemInstruction":{"role":"system","parts":[{"text":"s"}]}}"#,
        r#"{"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"role":{"type":"string"},"fileSearch":{"anyOf":[{"type":"object","properties":{"store":{"type":"boolean"}}}]}}},"parametersJsonSchema":{"$defs":{"behavior":{"type":["string","null"]}},"fileSearch":1}}]},{"googleSearch":{}},{"code_execution":{}},{"url_context":{}}]}"#,
        r#"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{"id":1,"toolCall":{},"role":"x"}},"thoughtSignature":"YQ=="}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"willContinue":true,"parts":"x"}}}]}]}"#,
        r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"toolConfig":{"functionCallingConfig":{"mode":"any"}}}"#,
        r#"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"gs://b/o","mimeType":"image/png"}},{"inlineData":{"mimeType":"image/png","data":"AA"}}]}]}"#,
        r#"{"unknown":1,"temperature":1,"temperature":2,"contents":null,"tools":null,"cachedContent":null}"#,
        "{}",
        "null",
        "[1]",
    ] {
        assert_unchanged(generate(), body);
    }
}

#[test]
fn roles_are_filled_in() {
    for (body, wanted) in [
        (r#"{"contents":[{"parts":[]}]}"#, r#"{"contents":[{"role":"user","parts":[]}]}"#),
        (r#"{"contents":[ { } ]}"#, r#"{"contents":[ {"role":"user" } ]}"#),
        (r#"{"contents":[{"role":""},{"role":null}]}"#, r#"{"contents":[{"role":"user"},{"role":"user"}]}"#),
        (r#"{"contents":[{"rol\u0065":"function"}]}"#, r#"{"contents":[{"rol\u0065":"user"}]}"#),
        (
            r#"{"contents":{"parts":{"text":"a"}}}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"a"}]}]}"#,
        ),
        (r#"{"contents":"a\"b"}"#, r#"{"contents":[{"role":"user","parts":[{"text":"a\"b"}]}]}"#),
        (
            r#"{"contents":["a",{"role":"model","parts":["b"]}]}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]}"#,
        ),
        (r#"{"systemInstruction":"be kind"}"#, r#"{"systemInstruction":{"parts":[{"text":"be kind"}]}}"#),
        (
            r#"{"system_instruction":{"parts":{"text":"s"}}}"#,
            r#"{"system_instruction":{"parts":[{"text":"s"}]}}"#,
        ),
        (r#"{"tools":{"googleSearch":{}}}"#, r#"{"tools":[{"googleSearch":{}}]}"#),
    ] {
        assert_eq!(translated(generate(), body).unwrap(), wanted, "{body}");
    }
}

#[test]
fn what_vertex_ai_does_not_have_and_says_nothing_is_left_out() {
    for (body, wanted) in [
        (r#"{"model":"models/m"}"#, "{}"),
        (r#"{"model":"models/m","contents":[]}"#, r#"{"contents":[]}"#),
        (r#"{"contents":[],"model":"models/m"}"#, r#"{"contents":[]}"#),
        (r#"{ "store" : false , "model":"m" , "a":1 , "b":2 }"#, r#"{ "a":1 , "b":2 }"#),
        (r#"{"a":1 , "store":null,"model":"m", "b":2}"#, r#"{"a":1, "b":2}"#),
        (
            r#"{"toolConfig":{"includeServerSideToolInvocations":false,"functionCallingConfig":{}}}"#,
            r#"{"toolConfig":{"functionCallingConfig":{}}}"#,
        ),
        (r#"{"tools":[{"file_search":null,"mcpServers":[ ]}]}"#, r#"{"tools":[{}]}"#),
        (
            r#"{"tools":[{"functionDeclarations":[{"name":"f","behavior":"NON_BLOCKING"}]}]}"#,
            r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
        ),
        (
            r#"{"generation_config":{"_responseJsonSchema":{"type":"object"},"enable_enhanced_civic_answers":false}}"#,
            r#"{"generation_config":{"responseJsonSchema":{"type":"object"}}}"#,
        ),
        (
            r#"{"contents":[{"role":"model","parts":[{"executableCode":{"id":"1","code":"c"}},{"code_execution_result":{"output":"o","id":"1"}}]}]}"#,
            r#"{"contents":[{"role":"model","parts":[{"executableCode":{"code":"c"}},{"code_execution_result":{"output":"o"}}]}]}"#,
        ),
        (
            r#"{"safetySettings":[{"category":7,"threshold":4},{"category":11}]}"#,
            r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":4},{"category":"HARM_CATEGORY_CIVIC_INTEGRITY"}]}"#,
        ),
    ] {
        assert_eq!(translated(generate(), body).unwrap(), wanted, "{body}");
    }
}

#[test]
fn what_vertex_ai_does_not_have_is_refused_by_name() {
    for (body, name) in [
        (r#"{"store":true}"#.to_owned(), "`store`"),
        (r#"{"tools":[{"fileSearch":{}}]}"#.to_owned(), "`fileSearch`"),
        (r#"{"tools":{"mcp_servers":[{}]}}"#.to_owned(), "`mcpServers`"),
        (
            r#"{"tools":[{"google_search":{"time_range_filter":{}}}]}"#.to_owned(),
            "`googleSearch.timeRangeFilter`",
        ),
        (
            r#"{"tool_config":{"include_server_side_tool_invocations":true}}"#.to_owned(),
            "`toolConfig.includeServerSideToolInvocations`",
        ),
        (
            r#"{"generationConfig":{"enableEnhancedCivicAnswers":true}}"#.to_owned(),
            "enableEnhancedCivicAnswers",
        ),
        (
            r#"{"safetySettings":[{"category":"HARM_CATEGORY_TOXICITY"}]}"#.to_owned(),
            "HARM_CATEGORY_TOXICITY",
        ),
        (r#"{"safetySettings":[{"category":6}]}"#.to_owned(), "HARM_CATEGORY_DANGEROUS"),
        (r#"{"contents":[{"role":"system"}]}"#.to_owned(), "`system`"),
        (with_part(r#"{"toolCall":{}}"#), "`toolCall`"),
        (with_part(r#"{"tool_response":{}}"#), "`toolResponse`"),
        (with_part(r#"{"text":"a","partMetadata":{}}"#), "`partMetadata`"),
        (with_part(r#"{"functionResponse":{"willContinue":true}}"#), "`functionResponse.willContinue`"),
    ] {
        let refusal = translated(generate(), &body).unwrap_err();
        assert!(refusal.to_string().contains(name), "{body}: {refusal}");
        assert_eq!(refusal.status(), 400);
    }
}

#[test]
fn files_of_ai_studio_are_refused_and_others_get_their_type() {
    for uri in [
        "https://generativelanguage.googleapis.com/v1beta/files/abc",
        "HTTPS://user@GenerativeLanguage.googleapis.com:443/v1beta/files/abc",
        "https:\\/\\/generativelanguage.googleapis.com\\/v1beta\\/files\\/abc",
        "files/abc",
    ] {
        for part in [
            format!(r#"{{"fileData":{{"mimeType":"a/b","fileUri":"{uri}"}}}}"#),
            format!(r#"{{"file_data":{{"file_uri":"{uri}"}}}}"#),
            format!(
                r#"{{"functionResponse":{{"parts":[{{"fileData":{{"fileUri":"{uri}","mimeType":"a/b"}}}}]}}}}"#
            ),
        ] {
            let refusal = translated(generate(), &with_part(&part)).unwrap_err();
            assert!(refusal.to_string().starts_with("`fileData.fileUri` of the Files API"), "{refusal}");
        }
    }
    for (part, wanted) in [
        (
            r#"{"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}}"#,
            r#"{"fileData":{"mimeType":"video/mp4","fileUri":"https://www.youtube.com/watch?v=1"}}"#,
        ),
        (
            r#"{"file_data":{"file_uri":"https://a.example/b.PDF?x=.png","mime_type":null}}"#,
            r#"{"file_data":{"file_uri":"https://a.example/b.PDF?x=.png","mime_type":"application/pdf"}}"#,
        ),
    ] {
        assert_eq!(translated(generate(), &with_part(part)).unwrap(), with_part(wanted));
    }
    let refusal = translated(generate(), &with_part(r#"{"fileData":{"fileUri":"gs://b/o"}}"#)).unwrap_err();
    assert!(refusal.to_string().contains("`fileData.mimeType`"), "{refusal}");
}

#[test]
fn cached_contents_are_named_with_project_and_location() {
    let full = format!("{PARENT}/cachedContents/abc");
    let body = translated(generate(), r#"{"cachedContent":"cachedContents\/abc"}"#).unwrap();
    assert_eq!(body, format!(r#"{{"cachedContent":"{full}"}}"#));
    assert_unchanged(generate(), &format!(r#"{{"cached_content":"{full}"}}"#));
    for (name, status) in [
        ("projects/other/locations/europe-west4/cachedContents/abc", 403),
        ("projects/acme-prod/locations/us-central1/cachedContents/abc", 403),
        ("cachedContents/../x", 400),
        ("cachedContents/a/b", 400),
        ("projects/acme-prod/locations/europe-west4/endpoints/1", 400),
        ("abc", 400),
    ] {
        let refusal = translated(generate(), &format!(r#"{{"cachedContent":"{name}"}}"#)).unwrap_err();
        assert_eq!(refusal.status(), status, "{name}: {refusal}");
    }
    let create = || routed("POST", "/v1beta/cachedContents");
    let model = format!("{PARENT}/publishers/google/models/m-1");
    for name in ["models/m-1", "m-1", "publishers/google/models/m-1"] {
        let body = format!(r#"{{"ttl":"60s","model":"{name}","contents":[{{"parts":[]}}]}}"#);
        let wanted =
            format!(r#"{{"ttl":"60s","model":"{model}","contents":[{{"role":"user","parts":[]}}]}}"#);
        assert_eq!(translated(create(), &body).unwrap(), wanted);
    }
    assert_unchanged(create(), &format!(r#"{{"model":"{model}","ttl":"1s"}}"#));
    assert_eq!(translated(create(), r#"{"model":"tunedModels/x"}"#).unwrap_err().status(), 400);
    let change = routed("PATCH", "/v1beta/cachedContents/abc");
    assert_eq!(
        translated(change, r#"{"name":"cachedContents/abc"}"#).unwrap(),
        format!(r#"{{"name":"{full}"}}"#)
    );
}

#[test]
fn tokens_of_a_whole_request_are_counted() {
    let count = || routed("POST", "/v1beta/models/m:countTokens");
    for (body, wanted) in [
        (r#"{"contents":[{"parts":[]}]}"#, r#"{"contents":[{"role":"user","parts":[]}]}"#),
        (
            r#" {"generateContentRequest": {"model":"models/m","contents":[{"parts":[]}],"toolConfig":{"a":1},"tools":[]}, "contents":null} "#,
            r#"{"contents":[{"role":"user","parts":[]}],"tools":[]}"#,
        ),
        (r#"{"generate_content_request":{"safetySettings":[]}}"#, "{}"),
    ] {
        assert_eq!(translated(count(), body).unwrap(), wanted, "{body}");
    }
    for body in [
        r#"{"generateContentRequest":{"cachedContent":"cachedContents/a"}}"#,
        r#"{"generateContentRequest":{"contents":[]},"contents":[]}"#,
    ] {
        assert!(matches!(translated(count(), body), Err(Untranslatable::Field(_))), "{body}");
    }
}

#[test]
fn what_is_no_strict_json_is_told_as_such() {
    let deep = format!(r#"{{"contents":{}{}}}"#, "[".repeat(300), "]".repeat(300));
    let many = format!(r#"{{"contents":[{}1]}}"#, "1,".repeat(200_001));
    for body in [
        "",
        "{",
        r#"{"contents":[]}x"#,
        r#"{"contents":[],"contents":[]}"#,
        r#"{"systemInstruction":{},"system_instruction":{}}"#,
        r#"{"contents":[{"role":"user","role":"model"}]}"#,
        r#"{"contents":[{"role":"user","rol\u0065":"model"}]}"#,
        r#"{"store":true"#,
        deep.as_str(),
        many.as_str(),
    ] {
        let found = translated(generate(), body);
        let is_empty = body.is_empty() && found.as_deref() == Ok("");
        assert!(is_empty || matches!(found, Err(Untranslatable::Json(_))), "{:.40}", body);
    }
}

#[test]
fn native_bodies_are_not_even_read() {
    assert_unchanged(routed("POST", "/v1beta1/publishers/anthropic/models/claude:rawPredict"), "{no json");
    assert_unchanged(routed("POST", "/v1beta/models/imagen-4:predict"), r#"{"instances":[{"prompt":"a"}]}"#);
}
