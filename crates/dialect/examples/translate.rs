//! Reads lines of `{"method", "path", "query", "body"}` and writes what goes to Vertex AI for each:
//! `{"path", "query", "kind", "body"}` or `{"refused", "status"}`. For the check of recordings in
//! `.ci/vertex_strict.py`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::io::BufRead;

use dialect::vertex::{Place, route};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        println!("{}", translated(&request));
    }
    Ok(())
}

fn translated(request: &Value) -> Value {
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let place = Place { location: "us-central1", project: "test-project" };
    let found =
        route(text("method").unwrap_or("POST"), text("path").unwrap_or_default(), text("query"), place);
    let result = found.and_then(|mut route| {
        let body = route.request(place, text("body").unwrap_or_default().as_bytes())?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(json!({"path": route.path, "query": route.query, "kind": format!("{:?}", route.kind), "body": body}))
    });
    result.unwrap_or_else(|refusal| json!({"refused": refusal.to_string(), "status": refusal.status()}))
}
