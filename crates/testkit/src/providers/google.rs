//! What Google's two APIs have besides conversations: counting, embedding, and models.

use serde_json::{Value, json};

use super::Provider;
use super::question::{Complaint, complain_unless, google_lets_in, list, text};
use crate::fake_upstream::Received;
use crate::script::Script;

/// Where Gemini is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cloud {
    Studio,
    VertexAi,
}

const FIRST: &str = "gemini-2.5-flash";
const SECOND: &str = "gemini-embedding-001";

impl Cloud {
    pub(super) fn of(request: &Received) -> Option<Self> {
        let path = request.path();
        if path.starts_with("/v1beta/models") || path.starts_with("/v1/models") {
            return Some(Self::Studio);
        }
        let path = path.strip_prefix("/v1beta1/")?;
        let segments: Vec<&str> = path.split('/').collect();
        let rest = match segments.as_slice() {
            ["projects", _, "locations", _, rest @ ..] => rest,
            rest => rest,
        };
        matches!(rest, ["publishers", "google", "models", ..]).then_some(Self::VertexAi)
    }

    pub(super) fn provider(self) -> Provider {
        match self {
            Self::Studio => Provider::Gemini,
            Self::VertexAi => Provider::VertexAi,
        }
    }
}

/// The answer to a request that is no conversation.
pub(super) fn answer(request: &Received) -> Option<Script> {
    let cloud = Cloud::of(request)?;
    let (_, model) = request.path().split_once("/models").unwrap_or_default();
    let model = model.trim_start_matches('/');
    let (model, verb) = model.rsplit_once(':').unwrap_or((model, ""));
    let body = || request.json();
    let answer = match (request.method.as_str(), verb, cloud) {
        ("GET", "", _) if model.is_empty() => Ok(models(cloud, request.query().unwrap_or_default())),
        ("GET", "", _) if [FIRST, SECOND].contains(&model) => Ok(one(cloud, model)),
        ("GET", "", _) => return Some(cloud.provider().error(404, &format!("models/{model} is not found"))),
        ("POST", "countTokens", _) => count(cloud, &body()),
        ("POST", "batchEmbedContents", _) => batch(cloud, &body()),
        ("POST", "embedContent", _) => {
            embedding(cloud, &body()).map(|values| json!({"embedding": {"values": values}}))
        }
        ("POST", "predict", Cloud::VertexAi) => predict(&body()),
        _ => return None,
    };
    let answer = google_lets_in(request).and(answer);
    Some(match answer {
        Ok(answer) => cloud.provider().json(answer.to_string()),
        Err(Complaint(message)) => cloud.provider().error(400, &message),
    })
}

/// A page with one model.
fn models(cloud: Cloud, query: &str) -> Value {
    let is_second = query.split('&').any(|pair| pair == "pageToken=second");
    let model = one(cloud, if is_second { SECOND } else { FIRST });
    let list = match cloud {
        Cloud::Studio => "models",
        Cloud::VertexAi => "publisherModels",
    };
    if is_second { json!({list: [model]}) } else { json!({list: [model], "nextPageToken": "second"}) }
}

fn one(cloud: Cloud, id: &str) -> Value {
    let method = if id.contains("embedding") { "embedContent" } else { "generateContent" };
    match cloud {
        Cloud::Studio => json!({
            "name": format!("models/{id}"), "version": "001", "displayName": id,
            "supportedGenerationMethods": [method],
        }),
        Cloud::VertexAi => json!({
            "name": format!("publishers/google/models/{id}"), "versionId": "001",
            "openSourceCategory": "PROPRIETARY", "launchStage": "GA",
        }),
    }
}

/// As many tokens as there are characters.
fn count(cloud: Cloud, body: &Value) -> Result<Value, Complaint> {
    let contents = list(body, "/contents");
    let texts: Result<Vec<String>, Complaint> = contents.iter().map(|content| words(content)).collect();
    let count = texts?.concat().chars().count();
    Ok(match cloud {
        Cloud::Studio => json!({"totalTokens": count}),
        Cloud::VertexAi => json!({"totalTokens": count, "totalBillableCharacters": count}),
    })
}

fn batch(cloud: Cloud, body: &Value) -> Result<Value, Complaint> {
    let embed = |request| Ok(json!({"values": embedding(cloud, request)?}));
    let embeddings: Result<Vec<Value>, Complaint> = list(body, "/requests").into_iter().map(embed).collect();
    Ok(json!({"embeddings": embeddings?}))
}

fn embedding(cloud: Cloud, request: &Value) -> Result<Vec<Value>, Complaint> {
    let content = request.get("content").ok_or_else(|| Complaint("content is missing".to_owned()))?;
    let dimensions = match cloud {
        Cloud::Studio => "/outputDimensionality",
        Cloud::VertexAi => "/embedContentConfig/outputDimensionality",
    };
    Ok(vector(&words(content)?, request.pointer(dimensions)))
}

fn predict(body: &Value) -> Result<Value, Complaint> {
    let dimensions = body.pointer("/parameters/outputDimensionality");
    let predictions: Result<Vec<Value>, Complaint> = list(body, "/instances")
        .into_iter()
        .map(|instance| {
            let content = text(instance, "/content");
            complain_unless(!content.is_empty(), "content is missing")?;
            let statistics = json!({"truncated": false, "token_count": content.len()});
            Ok(json!({"embeddings": {"values": vector(content, dimensions), "statistics": statistics}}))
        })
        .collect();
    Ok(json!({"predictions": predictions?}))
}

/// All text of a content, of which there must be some.
fn words(content: &Value) -> Result<String, Complaint> {
    let words: String = list(content, "/parts").into_iter().map(|part| text(part, "/text")).collect();
    complain_unless(!words.is_empty(), "a content has no text")?;
    Ok(words)
}

/// A vector that tells which text it is of, in as many dimensions as were asked for: three, if none were.
fn vector(content: &str, dimensions: Option<&Value>) -> Vec<Value> {
    let dimensions = dimensions.and_then(Value::as_u64).unwrap_or(3);
    (0..dimensions).map(|at| if at == 0 { json!(content.chars().count()) } else { json!(-1e-3) }).collect()
}
