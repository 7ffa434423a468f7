//! AI Studio's API spoken to Vertex AI: every difference, both ways.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "vertex/answers.rs"]
mod answers;
#[path = "vertex/embeddings.rs"]
mod embeddings;
#[path = "vertex/properties.rs"]
mod properties;
#[path = "vertex/requests.rs"]
mod requests;
#[path = "vertex/routes.rs"]
mod routes;
#[path = "properties/writer.rs"]
mod writer;

use std::borrow::Cow;

use dialect::vertex::{Place, Route, Untranslatable, route};

const PLACE: Place<'static> = Place { location: "europe-west4", project: "acme-prod" };
const PARENT: &str = "projects/acme-prod/locations/europe-west4";

fn routed(method: &str, path: &str) -> Route {
    route(method, path, None, PLACE).unwrap()
}

fn generate() -> Route {
    routed("POST", "/v1beta/models/gemini-2.5-flash:generateContent")
}

/// What a body becomes.
fn translated(mut route: Route, body: &str) -> Result<String, Untranslatable> {
    let body = route.request(PLACE, body.as_bytes())?;
    Ok(String::from_utf8(body.into_owned()).unwrap())
}

/// A body stays as it came and is not copied.
fn assert_unchanged(mut route: Route, body: &str) {
    let result = route.request(PLACE, body.as_bytes()).unwrap();
    assert!(matches!(result, Cow::Borrowed(_)), "{body} became {}", String::from_utf8_lossy(&result));
}
