//! Errors that we answer ourselves, before each dialect gives them its shape.

use serde_json::json;

/// What kind of error it is, as far as the APIs tell kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be understood: 400.
    BadRequest,
    /// We are shutting down: 503.
    Draining,
    /// The caller may not do this: 403.
    Forbidden,
    /// Something of ours failed: 500.
    Internal,
    /// No such agent or provider: 404.
    NotFound,
    /// We hold as much as we may: 503.
    Overloaded,
    /// The body or its head is larger than allowed: 413 or 431.
    TooLarge,
    /// Something that we need for the request is missing: 503.
    Unavailable,
    /// The provider did not answer in time: 504.
    UpstreamTimeout,
    /// The provider cannot be reached or did not speak HTTP: 502.
    UpstreamUnavailable,
}

/// An error of ours, as told to the caller. It names no upstream host, no internal path and no secret.
#[derive(Clone, Copy, Debug)]
pub struct ErrorReply<'a> {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What happened, which value, what to do.
    pub message: &'a str,
    /// Id of the exchange, so that the record can be found.
    pub request_id: &'a str,
    /// HTTP status.
    pub status: u16,
}

/// `{"error":{"message","type","param","code"}}`, see OpenAI's "Error codes" guide.
pub(crate) fn openai(error: &ErrorReply<'_>) -> Vec<u8> {
    let (kind, code) = match error.kind {
        ErrorKind::BadRequest => ("invalid_request_error", "invalid_request"),
        ErrorKind::Draining => ("server_error", "shutting_down"),
        ErrorKind::Forbidden => ("invalid_request_error", "forbidden"),
        ErrorKind::Internal => ("server_error", "internal_error"),
        ErrorKind::NotFound => ("invalid_request_error", "not_found"),
        ErrorKind::Overloaded => ("server_error", "overloaded"),
        ErrorKind::TooLarge => ("invalid_request_error", "request_too_large"),
        ErrorKind::Unavailable => ("server_error", "unavailable"),
        ErrorKind::UpstreamTimeout => ("server_error", "upstream_timeout"),
        ErrorKind::UpstreamUnavailable => ("server_error", "upstream_unavailable"),
    };
    let body = json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}});
    body.to_string().into_bytes()
}

/// `{"type":"error","error":{"type","message"},"request_id"}`, see Anthropic's "Errors" page.
pub(crate) fn anthropic(error: &ErrorReply<'_>) -> Vec<u8> {
    let kind = match error.kind {
        ErrorKind::BadRequest => "invalid_request_error",
        ErrorKind::Draining | ErrorKind::Overloaded => "overloaded_error",
        ErrorKind::Forbidden => "permission_error",
        ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::UpstreamUnavailable => "api_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::TooLarge => "request_too_large",
        ErrorKind::UpstreamTimeout => "timeout_error",
    };
    let body = json!({
        "type": "error",
        "error": {"type": kind, "message": error.message},
        "request_id": error.request_id,
    });
    body.to_string().into_bytes()
}

/// `{"error":{"code","message","status"}}` with the canonical codes of `google.rpc.Code`.
pub(crate) fn gemini(error: &ErrorReply<'_>) -> Vec<u8> {
    let status = match error.kind {
        ErrorKind::BadRequest | ErrorKind::TooLarge => "INVALID_ARGUMENT",
        ErrorKind::Draining
        | ErrorKind::Overloaded
        | ErrorKind::Unavailable
        | ErrorKind::UpstreamUnavailable => "UNAVAILABLE",
        ErrorKind::Forbidden => "PERMISSION_DENIED",
        ErrorKind::Internal => "INTERNAL",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::UpstreamTimeout => "DEADLINE_EXCEEDED",
    };
    let body = json!({"error": {"code": error.status, "message": error.message, "status": status}});
    body.to_string().into_bytes()
}

/// One server-sent event.
pub(crate) fn sse_event(name: Option<&str>, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
    out
}
