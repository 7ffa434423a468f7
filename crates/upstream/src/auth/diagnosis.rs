//! From the errors of `google-cloud-auth` to what is wrong.
//!
//! Their texts are searched for known words and never passed on: an endpoint's answer can quote what it was sent.

use std::error::Error;
use std::io;

use google_cloud_auth::build_errors;
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::Error as GaxError;

use super::error::Problem;

/// Why credentials could not be built from what was configured.
pub(super) fn of_building(error: &build_errors::Error) -> Problem {
    let texts = texts(error);
    if error.is_loading() {
        return match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::IsADirectory) => Problem::NotAFile,
            Some(io::ErrorKind::PermissionDenied) => Problem::Unreadable,
            Some(io::ErrorKind::InvalidData) => Problem::NotJson,
            _ => Problem::Missing,
        };
    }
    if error.is_unknown_type() || error.is_not_supported() {
        return Problem::UnknownType(error.source().and_then(|kind| word(&kind.to_string())));
    }
    if texts.contains("`type` field") {
        return Problem::UnknownType(None);
    }
    match find::<serde_json::Error>(error).map(serde_json::Error::classify) {
        Some(serde_json::error::Category::Data) | None => Problem::Incomplete(missing_field(&texts)),
        Some(_) => Problem::NotJson,
    }
}

/// Why credentials gave no token.
pub(super) fn of_fetching(error: &CredentialsError) -> Problem {
    let texts = texts(error);
    if texts.contains("Invalid JWT") || (texts.contains("iat") && texts.contains("exp field")) {
        return Problem::ClockSkew(None);
    }
    let status = find::<GaxError>(error).and_then(GaxError::http_status_code).or_else(|| {
        find::<reqwest::Error>(error).and_then(reqwest::Error::status).map(|status| status.as_u16())
    });
    let of_subject = texts.contains("subject token");
    match status {
        Some(_) if of_subject => return Problem::SubjectToken,
        Some(429) => return Problem::RateLimited,
        Some(status @ (408 | 500..)) => return Problem::ServerError(status),
        Some(_) if texts.contains("invalid_grant") => return Problem::Revoked,
        Some(403) => return Problem::Denied,
        Some(404) if texts.contains("failed to fetch access token") => return Problem::NoServiceAccount,
        Some(status) => return Problem::Refused(status, oauth_code(&texts)),
        None => {}
    }
    let is_decoding = find::<serde_json::Error>(error).is_some()
        || find::<reqwest::Error>(error).is_some_and(reqwest::Error::is_decode);
    let is_no_connection = find::<reqwest::Error>(error).is_some();
    if texts.contains("EXECUTABLE") || texts.contains("command execution") || texts.contains("executable") {
        Problem::Executable
    } else if of_subject {
        Problem::SubjectToken
    } else if is_decoding {
        Problem::Garbage
    } else if texts.contains("not running in a Google Cloud Environment") {
        Problem::NoneFound
    } else if is_no_connection {
        Problem::Unreachable
    } else if texts.contains("private key")
        || texts.contains("PKCS8")
        || find::<rustls::Error>(error).is_some()
    {
        Problem::Key
    } else if find::<io::Error>(error).is_some() {
        Problem::SubjectToken
    } else {
        Problem::Garbage
    }
}

/// The text itself if it looks like an identifier of Google's; anything else is not passed on.
pub(super) fn word(text: &str) -> Option<String> {
    let is_word = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_word.then(|| text.to_owned())
}

/// `"error": "invalid_client"` in an answer.
fn oauth_code(texts: &str) -> Option<String> {
    let (_, after) = texts.split_once("\"error\"")?;
    word(after.split('"').nth(1)?)
}

/// The field that serde says is missing.
fn missing_field(texts: &str) -> Option<String> {
    let (_, after) = texts.split_once("missing field `")?;
    word(after.split('`').next()?)
}

/// The last cause of this type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).filter_map(|cause| cause.downcast_ref()).last()
}

fn texts(error: &(dyn Error + 'static)) -> String {
    causes(error).map(|cause| format!("{cause}\n")).collect()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source()).take(32)
}
