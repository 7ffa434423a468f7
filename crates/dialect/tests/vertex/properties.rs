//! What holds for every body: translated once is translated for good, and how the JSON is written does not matter.

use dialect::Framing;
use dialect::vertex::{Route, route};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{PLACE, routed, writer};

/// Names that the tables know, and others.
const NAMES: [&str; 34] = [
    "cachedContent",
    "cached_content",
    "candidates",
    "category",
    "citationMetadata",
    "citations",
    "code",
    "content",
    "contents",
    "embedding",
    "error",
    "executableCode",
    "fileData",
    "fileUri",
    "file_search",
    "functionDeclarations",
    "functionResponse",
    "generateContentRequest",
    "id",
    "message",
    "mime_type",
    "model",
    "other",
    "parts",
    "predictions",
    "requests",
    "role",
    "safetySettings",
    "store",
    "systemInstruction",
    "text",
    "tool_config",
    "tools",
    "values",
];

const TEXTS: [&str; 12] = [
    "",
    "user",
    "model",
    "function",
    "cachedContents/a",
    "models/m",
    "gs://b/o.pdf",
    "a\"b\\",
    "https://youtu.be/x",
    "HARM_CATEGORY_HARASSMENT",
    "publishers/google/models/é",
    "projects/a/locations/b/models/c",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0u8..12).prop_map(|number| json!(number)),
        prop::sample::select(TEXTS.as_slice()).prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 60, 5, |inner| {
        let member = (prop::sample::select(NAMES.as_slice()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            prop::collection::vec(member, 0..6).prop_map(object),
            prop::collection::vec(any::<prop::sample::Index>(), 0..3).prop_map(|_| json!([])),
        ]
    })
}

/// One object, a name in one spelling only.
fn object(members: Vec<(&'static str, Value)>) -> Value {
    let mut map = Map::new();
    for (name, value) in members {
        let other = if name == "cachedContent" { "cached_content" } else { "cachedContent" };
        if !name.starts_with("cached") || !map.contains_key(other) {
            map.insert(name.to_owned(), value);
        }
    }
    Value::Object(map)
}

fn routes() -> [Route; 6] {
    let post = |rest: &str| routed("POST", &format!("/v1beta/{rest}"));
    [
        post("models/m:generateContent"),
        post("models/m:countTokens"),
        post("cachedContents"),
        post("models/m:embedContent"),
        post("models/gemini-embedding-2:batchEmbedContents"),
        post("models/gemini-embedding-2:embedContent"),
    ]
}

/// What a body becomes, as a value, or why it does not.
fn translate(route: &Route, body: &[u8]) -> Result<(Value, Vec<u8>), String> {
    let body = route.clone().request(PLACE, body).map_err(|refusal| refusal.to_string())?;
    wire::json::check(&body).unwrap();
    Ok((serde_json::from_slice(&body).unwrap(), body.into_owned()))
}

proptest! {
    #[test]
    fn a_body_becomes_the_same_however_it_is_written(body in value(), choices: Vec<u8>) {
        for route in routes() {
            let plain = translate(&route, body.to_string().as_bytes());
            let written = translate(&route, &writer::write(&body, &choices));
            // Which of two reasons is told depends on which comes first.
            prop_assert_eq!(plain.is_ok(), written.is_ok());
            if let (Ok((plain, _)), Ok((written, _))) = (plain, written) {
                prop_assert_eq!(plain, written);
            }
        }
    }

    #[test]
    fn what_was_translated_stays_as_it_is(body in value(), choices: Vec<u8>) {
        // Other requests become messages of another kind.
        for route in routes().iter().take(3) {
            if let Ok((_, once)) = translate(route, &writer::write(&body, &choices)) {
                prop_assert_eq!(&translate(route, &once).unwrap().1, &once);
            }
        }
    }

    #[test]
    fn answers_are_json_or_errors(body in value(), choices: Vec<u8>, status in prop::sample::select(vec![200u16, 404])) {
        let bytes = writer::write(&body, &choices);
        let gets = ["models", "models/m", "cachedContents", "cachedContents/a"];
        let gets = gets.map(|rest| routed("GET", &format!("/v1beta/{rest}")));
        for route in routes().iter().chain(&gets) {
            if let Ok(answer) = route.answer(status, &bytes) {
                wire::json::check(&answer).unwrap();
            }
            wire::json::check(&route.event(Framing::Whole, &bytes)).unwrap();
        }
    }

    #[test]
    fn no_path_leads_out_of_the_project(path in "/(v1|v1beta|v1beta1)/[a-z%./:?#@\\\\2eEfF-]{0,40}", method in "GET|POST") {
        if let Ok(route) = route(&method, &path, Some("key=a&b=c"), PLACE) {
            let inside = ["/v1beta1/projects/acme-prod/locations/", "/v1/projects/acme-prod/locations/", "/v1beta1/publishers/", "/v1/publishers/"];
            prop_assert!(inside.iter().any(|start| route.path.starts_with(start)), "{}", route.path);
            let lower = route.path.to_ascii_lowercase();
            let escapes = ["/../", "%2e%2e", "%2f", "%5c", "\\", "?", "#", "//"];
            prop_assert!(!escapes.iter().any(|escape| lower.contains(escape)), "{}", route.path);
            prop_assert!(!lower.ends_with("/.."), "{}", route.path);
            prop_assert_eq!(route.query.as_deref(), Some("b=c"));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, path: String) {
        let _ = route("POST", &path, Some(&path), PLACE);
        for mut route in routes() {
            let _ = route.answer(200, &bytes);
            let _ = route.event(Framing::Sse, &bytes);
            let _ = route.request(PLACE, &bytes);
        }
    }
}
