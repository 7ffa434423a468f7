//! The only place where an error becomes an answer, in the caller's dialect, with whose fault it was.

use std::borrow::Cow;
use std::io;

use dialect::vertex::Untranslatable;
use dialect::{Dialect, ErrorKind, ErrorReply, OpenAiChat};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use upstream::{CredentialError, UpstreamError};
use wire::json::JsonError;

use crate::body::Body;
use crate::headers::EXCHANGE_ID;
use crate::record::{Exchange, Fault, Outcome};

/// When a client that was refused for our own want may come again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why an exchange is answered by us.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer of the provider broke off before anything was sent on.
    AnswerBroken,
    /// There is no room for the answer of the provider.
    AnswerNoRoom,
    /// The answer of the provider has something that cannot be judged.
    AnswerNotJudgeable,
    /// The answer of the provider came in a coding that cannot be undone.
    AnswerCoding,
    AnswerTimeout,
    /// What Vertex AI answered cannot be turned into what AI Studio would have.
    AnswerUntranslatable(JsonError),
    BadPath,
    /// The client broke off its body.
    BodyBroken,
    BodyCharset,
    BodyCoding(String),
    BodyCorrupt,
    BodyTimeout,
    BodyTooLarge(usize),
    /// The client went away within its request.
    ClientLeft,
    /// There is nothing to prove to Google who we are.
    Credentials(CredentialError),
    Draining,
    /// A policy does not allow tools that the provider runs; their names.
    HostedTools(String),
    Internal,
    NotJson(JsonError),
    /// The bodies of all exchanges take as much as they may.
    NoRoom,
    /// Vertex AI cannot do what is asked for.
    NotOnVertexAi(Untranslatable),
    /// A result that a policy withholds cannot be taken out of the request.
    ResultStays,
    /// What this route carries is not judged, and policies are enforced; its name.
    RouteNotJudged(String),
    /// Results have the ids of so many calls that not all were looked at, and policies are enforced.
    TooManyAnswered,
    /// The request could be read as two conversations, of which one was not judged.
    TwoConversations,
    /// The body is not announced as JSON, so that the provider may read it as something else; policies are enforced.
    TypeNotJudged,
    UnknownAgent(String),
    UnknownProvider,
    Upstream(UpstreamError),
}

/// All that a failure means to those who hear of it.
struct Meaning {
    fault: Fault,
    kind: ErrorKind,
    message: Cow<'static, str>,
    reason: &'static str,
    status: u16,
}

impl Failure {
    /// Its name in records.
    pub(crate) fn reason(&self) -> &'static str {
        self.meaning().reason
    }

    fn meaning(&self) -> Meaning {
        use ErrorKind::{
            BadRequest, Draining, Forbidden, Internal, NotFound, Overloaded, TooLarge, Unavailable,
            UpstreamTimeout, UpstreamUnavailable,
        };
        use Fault::{Client, Policy, Upstream, Us};
        let (status, kind, fault, reason, message): (u16, ErrorKind, Fault, &str, Cow<'static, str>) = match self {
            Self::AnswerBroken => (502, UpstreamUnavailable, Upstream, "answer_broken",
                "The provider broke off its answer before it was complete. The request may be tried again.".into()),
            Self::AnswerCoding => (502, UpstreamUnavailable, Upstream, "answer_coding",
                "The provider's answer has a content-encoding that cannot be undone.".into()),
            Self::AnswerNotJudgeable => (502, UpstreamUnavailable, Policy, "answer_not_judgeable",
                "The provider's answer has a part that cannot be judged, and policies are enforced for this agent.".into()),
            Self::AnswerTimeout => (504, UpstreamTimeout, Upstream, "answer_timeout",
                "The provider began an answer and then fell silent.".into()),
            Self::AnswerUntranslatable(error) => (502, UpstreamUnavailable, Upstream, "answer_untranslatable",
                format!("What Vertex AI answered cannot be translated: {error}.").into()),
            Self::BadPath => (400, BadRequest, Client, "bad_path",
                "The path contains segments or characters that could lead to another resource ('.', '..', '\\' or control characters, plain or encoded).".into()),
            Self::BodyBroken => (400, BadRequest, Client, "body_broken",
                "The request's body ended before it was complete.".into()),
            Self::BodyCharset => (400, BadRequest, Client, "body_charset",
                "The content-type names a charset other than UTF-8. JSON must be sent as UTF-8.".into()),
            Self::BodyCoding(coding) => (400, BadRequest, Client, "body_coding",
                format!("The content-encoding {coding:?} is not supported here. Use gzip, br, zstd, deflate, or none.").into()),
            Self::BodyCorrupt => (400, BadRequest, Client, "body_corrupt",
                "The request's body is not what its content-encoding says.".into()),
            Self::BodyTimeout => (408, BadRequest, Client, "body_timeout",
                "The request's body did not arrive in time.".into()),
            Self::BodyTooLarge(limit) => (413, TooLarge, Client, "body_too_large",
                format!("The request's body is larger than {limit} bytes, the most that is accepted here (ARCHESTRA_MAX_BODY_BYTES).").into()),
            Self::ClientLeft => (400, BadRequest, Client, "client_left",
                "The request's body ended before it was complete.".into()),
            Self::Credentials(error) => (503, Unavailable, Us, "credentials",
                format!("{error}.").into()),
            Self::Draining => (503, Draining, Us, "draining",
                "This instance of the proxy is shutting down. Try again.".into()),
            Self::HostedTools(names) => (403, Forbidden, Policy, "hosted_tools",
                format!("The request offers tools that the provider runs itself ({names}), whose calls cannot be judged one by one. The policy of this agent has to allow each of them: `tool: NAME`, `calls: [{{ then: allow }}]`.").into()),
            Self::Internal => (500, Internal, Us, "internal",
                "The proxy failed to build the request for the provider.".into()),
            Self::NotJson(error) => (400, BadRequest, Client, "not_json",
                format!("The request's body cannot be read as JSON: {error}.").into()),
            Self::AnswerNoRoom | Self::NoRoom => (503, Overloaded, Us, "overloaded",
                "This instance of the proxy holds as many bytes of requests and answers as it may (ARCHESTRA_MAX_BODIES_BYTES). Try again.".into()),
            Self::NotOnVertexAi(refusal) => (refusal.status(), untranslatable(refusal.status()), Client, "not_on_vertex_ai",
                format!("This agent uses Vertex AI: {refusal}.").into()),
            Self::ResultStays => (403, Forbidden, Policy, "result_stays",
                "A policy withholds a tool's result that the request holds in a place where it cannot be replaced.".into()),
            Self::RouteNotJudged(name) => (403, Forbidden, Policy, "route_not_judged",
                format!("Policies are enforced for this agent, and what `{name}` carries cannot be judged. An operator can allow it: `unjudged_routes = [{name:?}]` of the agent.").into()),
            Self::TooManyAnswered => (400, BadRequest, Policy, "too_many_answered",
                "So many calls and results of the conversation have the same ids that it cannot be told which result answers which call, and policies are enforced for this agent. Give each call an id of its own.".into()),
            Self::TwoConversations => (400, BadRequest, Policy, "two_conversations",
                "Beside the conversation of this API the request has the member of another one (`messages`, `input`, `prompt` or `contents`), which nobody judged. Policies are enforced for this agent: send one of them.".into()),
            Self::TypeNotJudged => (400, BadRequest, Policy, "type_not_judged",
                "The content-type of the request is not JSON, and policies are enforced for this agent. Send application/json.".into()),
            Self::UnknownAgent(agent) => (404, NotFound, Client, "unknown_agent",
                format!("No agent has the id {agent}. Check the agent's id in the base URL, or leave it out to use the default agent.").into()),
            Self::UnknownProvider => (404, NotFound, Client, "unknown_route",
                "Nothing is served at this path. Base URLs have the form /v1/{provider}/{agent}, for example /v1/openai/default; {agent} may be left out. A provider without a base URL of its own is served once one is set.".into()),
            Self::Upstream(error) => return upstream(error),
        };
        Meaning { fault, kind, message, reason, status }
    }
}

fn untranslatable(status: u16) -> ErrorKind {
    match status {
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        _ => ErrorKind::BadRequest,
    }
}

fn upstream(error: &UpstreamError) -> Meaning {
    let (status, kind, fault, reason, message) = match error {
        UpstreamError::Broken(_) => (
            502,
            ErrorKind::UpstreamUnavailable,
            Fault::Upstream,
            "upstream_broken",
            "The connection to the provider broke before it answered.",
        ),
        UpstreamError::Connect(_) => (
            502,
            ErrorKind::UpstreamUnavailable,
            Fault::Upstream,
            "upstream_unreachable",
            "The provider cannot be reached.",
        ),
        UpstreamError::FirstByteTimeout => (
            504,
            ErrorKind::UpstreamTimeout,
            Fault::Upstream,
            "first_byte_timeout",
            "The provider did not begin to answer in time.",
        ),
        UpstreamError::NoTransport => (
            500,
            ErrorKind::Internal,
            Fault::Us,
            "internal",
            "The proxy failed to build the request for the provider.",
        ),
        UpstreamError::RequestStalled => (
            408,
            ErrorKind::BadRequest,
            Fault::Client,
            "body_timeout",
            "The request's body did not arrive in time.",
        ),
        UpstreamError::RequestBody(_) => (
            400,
            ErrorKind::BadRequest,
            Fault::Client,
            "body_broken",
            "The request's body ended before it was complete.",
        ),
    };
    Meaning { fault, kind, message: message.into(), reason, status }
}

/// Answers with a failure and ends the exchange.
pub(crate) fn answer(
    failure: &Failure,
    errors: Option<&'static dyn Dialect>,
    mut exchange: Exchange,
) -> Response<Body> {
    let meaning = failure.meaning();
    let outcome = match failure {
        Failure::Upstream(error) => {
            let cause = std::error::Error::source(error).map(root_cause);
            tracing::warn!(exchange = %exchange.id, reason = meaning.reason, cause, "no answer from the provider");
            Outcome::Failed
        }
        Failure::AnswerBroken
        | Failure::AnswerCoding
        | Failure::AnswerNoRoom
        | Failure::AnswerNotJudgeable
        | Failure::AnswerTimeout
        | Failure::AnswerUntranslatable(_)
        | Failure::Credentials(_)
        | Failure::Internal => Outcome::Failed,
        Failure::ClientLeft => Outcome::Abandoned,
        Failure::BadPath
        | Failure::BodyBroken
        | Failure::BodyCharset
        | Failure::BodyCoding(_)
        | Failure::BodyCorrupt
        | Failure::BodyTimeout
        | Failure::BodyTooLarge(_)
        | Failure::Draining
        | Failure::HostedTools(_)
        | Failure::NotJson(_)
        | Failure::NoRoom
        | Failure::NotOnVertexAi(_)
        | Failure::ResultStays
        | Failure::RouteNotJudged(_)
        | Failure::TooManyAnswered
        | Failure::TwoConversations
        | Failure::TypeNotJudged
        | Failure::UnknownAgent(_)
        | Failure::UnknownProvider => Outcome::Refused,
    };
    let body = errors.unwrap_or(&OpenAiChat).error_body(&reply(&meaning, &exchange.id.to_string()));
    if outcome == Outcome::Abandoned {
        exchange.end(outcome, Some(meaning.fault), Some(meaning.reason)); // nobody is there to be told
    } else {
        exchange.sent(body.len());
        exchange.told(meaning.status, outcome, meaning.fault, meaning.reason);
    }
    let id = HeaderValue::try_from(exchange.id.to_string());
    let mut response = Response::new(Body::full(body));
    *response.status_mut() =
        StatusCode::from_u16(meaning.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = id {
        headers.insert(EXCHANGE_ID, id);
    }
    if meaning.status == 503 {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    if closes(failure) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What ends a stream that broke, in the dialect's own form, and the note of it in the exchange.
pub(crate) fn end_stream<T>(
    failure: &Failure,
    exchange: &mut Exchange,
    write: impl FnOnce(&ErrorReply<'_>) -> T,
) -> T {
    let meaning = failure.meaning();
    exchange.end(Outcome::Failed, Some(meaning.fault), Some(meaning.reason));
    write(&reply(&meaning, &exchange.id.to_string()))
}

/// Notes a failure that can only be told by breaking off.
pub(crate) fn break_off(failure: &Failure, exchange: &mut Exchange) {
    let meaning = failure.meaning();
    exchange.end(Outcome::Failed, Some(meaning.fault), Some(meaning.reason));
}

fn reply<'a>(meaning: &'a Meaning, request_id: &'a str) -> ErrorReply<'a> {
    ErrorReply { kind: meaning.kind, message: &meaning.message, request_id, status: meaning.status }
}

/// Whether the connection is of no use afterwards: something of the request may still be under way.
fn closes(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::BodyBroken
            | Failure::BodyTimeout
            | Failure::BodyTooLarge(_)
            | Failure::ClientLeft
            | Failure::Draining
    )
}

/// What a request's body that could not be received means: framing that makes no sense, or a client that left.
pub(crate) fn broken_body(error: &(dyn std::error::Error + 'static)) -> Failure {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    let kind = causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last();
    match kind {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Failure::BodyBroken,
        _ => Failure::ClientLeft,
    }
}

fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
