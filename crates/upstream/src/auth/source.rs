//! From a credentials file, or from the standard places, to credentials of `google-cloud-auth`.

use std::io::{ErrorKind, Read};
use std::path::Path;

use google_cloud_auth::build_errors;
use google_cloud_auth::credentials::service_account::AccessSpecifier;
use google_cloud_auth::credentials::{
    Builder, Credentials, external_account, impersonated, service_account, user_account,
};
use serde_json::Value;

use super::diagnosis;
use super::error::Problem;

/// What a token may be used for: Google Cloud, as far as the identity's roles go.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A key file has some 2,400 bytes.
const MAX_FILE: u64 = 1 << 20;

/// Builds the credentials anew, so that a changed file counts. `file` is one that was given; without it the
/// standard places are searched (<https://google.aip.dev/auth/4110>).
///
/// Must be called within a runtime: the credentials start tasks on it.
pub(super) fn build(file: Option<&Path>) -> Result<Credentials, Problem> {
    match file {
        Some(path) => from_json(read(path)?),
        None => Builder::default().with_scopes([SCOPE]).build().map_err(|e| diagnosis::of_building(&e)),
    }
}

fn read(path: &Path) -> Result<Value, Problem> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Problem::Missing,
        _ => Problem::Unreadable,
    };
    // Asked before it is opened, because opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Problem::TooLarge);
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::NotJson)
}

fn from_json(json: Value) -> Result<Credentials, Problem> {
    let kind = json.get("type").and_then(Value::as_str).map(str::to_owned);
    let project = json.get("quota_project_id").and_then(Value::as_str).map(str::to_owned).into_iter();
    let built: Result<Credentials, build_errors::Error> = match kind.as_deref() {
        // A user's token has the scopes that were agreed to at login.
        Some("authorized_user") => user_account::Builder::new(json).build(),
        Some("external_account") => project
            .fold(external_account::Builder::new(json), |builder, id| builder.with_quota_project_id(id))
            .with_scopes([SCOPE])
            .build(),
        Some("impersonated_service_account") => impersonated::Builder::new(json).with_scopes([SCOPE]).build(),
        Some("service_account") => project
            .fold(service_account::Builder::new(json), |builder, id| builder.with_quota_project_id(id))
            .with_access_specifier(AccessSpecifier::from_scopes([SCOPE]))
            .build(),
        other => return Err(Problem::UnknownType(other.and_then(diagnosis::word))),
    };
    built.map_err(|error| diagnosis::of_building(&error))
}
