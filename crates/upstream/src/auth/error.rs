//! Why there is no token, in words that say what to do.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why there is no token for Vertex AI. `Display` is for clients: one line without a secret and without a path of
/// this machine. [`CredentialError::for_log`] adds the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialError {
    problem: Problem,
    /// The credentials file that was given; `None` if the standard places were searched.
    file: Option<Arc<Path>>,
}

/// What is wrong. Texts in here are words of Google's own, checked to be that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The time on this machine and on Google's differ; with minutes if they are known, positive if we are ahead.
    ClockSkew(Option<i64>),
    Denied,
    Executable,
    /// The token was no longer valid when it came.
    ExpiredOnArrival,
    Garbage,
    /// A field is missing or wrong; its name if it is known.
    Incomplete(Option<String>),
    /// Something in this process.
    Internal(&'static str),
    Key,
    Missing,
    NoAnswer(Duration),
    NoRootCertificates,
    NoServiceAccount,
    NoneFound,
    NotAFile,
    NotJson,
    RateLimited,
    /// The token endpoint said no: status and OAuth error code (RFC 6749, section 5.2).
    Refused(u16, Option<String>),
    /// `invalid_grant`.
    Revoked,
    ServerError(u16),
    SubjectToken,
    TooLarge,
    UnknownType(Option<String>),
    Unreachable,
    Unreadable,
}

impl CredentialError {
    pub(super) fn new(problem: Problem, file: Option<&Path>) -> Self {
        Self { problem, file: file.map(Arc::from) }
    }

    pub(super) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Whether asking again at once may help.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.problem, Problem::RateLimited | Problem::ServerError(_) | Problem::Unreachable)
    }

    /// The same line with the path of the credentials file, for who runs this process.
    pub fn for_log(&self) -> impl fmt::Display {
        self.sentence(match &self.file {
            Some(path) => format!("the credentials file {}", path.display()),
            None => "the credentials file (GOOGLE_APPLICATION_CREDENTIALS, or that of gcloud)".to_owned(),
        })
    }

    fn sentence(&self, file: String) -> String {
        let text = match &self.problem {
            Problem::ClockSkew(minutes) => clock(*minutes),
            Problem::Denied => "Google denies this identity a token (403): for impersonation grant it \
                 roles/iam.serviceAccountTokenCreator, for workload identity roles/iam.workloadIdentityUser"
                .to_owned(),
            Problem::Executable => format!(
                "the program that {file} names gave no subject token: it must be allowed by \
                 GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1, exist, and end with success in time"
            ),
            Problem::ExpiredOnArrival => {
                "the token endpoint hands out tokens that have expired already; check the clock of this machine"
                    .to_owned()
            }
            Problem::Garbage => "the token endpoint answered with something that is no token: check token_uri or \
                 token_url, and that no proxy answers in its place"
                .to_owned(),
            Problem::Incomplete(Some(field)) => {
                format!("{file} is incomplete: `{field}` is missing; create it anew")
            }
            Problem::Incomplete(None) => format!("{file} has a field of the wrong kind; create it anew"),
            Problem::Internal(what) => format!("{what}; this is a fault of the proxy, see its log"),
            Problem::Key => format!(
                "private_key in {file} is no private RSA key in PEM (PKCS #8): use the file as Google made it"
            ),
            Problem::Missing => format!("{file} does not exist; correct the path or mount the file"),
            Problem::NoAnswer(limit) => format!(
                "no token came within {} s: the token endpoint, or on Google Cloud the metadata server, does not \
                 answer; check network policies and firewalls",
                limit.as_secs_f32()
            ),
            Problem::NoRootCertificates => {
                "no root certificates were found, so Google cannot be reached by TLS; install ca-certificates"
                    .to_owned()
            }
            Problem::NoServiceAccount => "the metadata server has no service account for this process (404): attach \
                 one to the Cloud Run service or the machine, or bind one by Workload Identity"
                .to_owned(),
            Problem::NoneFound => "no credentials were found: set ARCHESTRA_GEMINI_VERTEX_AI_CREDENTIALS_FILE, run \
                 `gcloud auth application-default login`, or run on Google Cloud with a service account"
                .to_owned(),
            Problem::NotAFile => {
                format!("{file} is a directory or not a regular file; name the file itself")
            }
            Problem::NotJson => format!("{file} is not JSON; use the file as Google made it"),
            Problem::RateLimited => {
                "the token endpoint refuses for now, too many requests (429); it is asked again".to_owned()
            }
            Problem::Refused(status, code) => format!(
                "the token endpoint refused the credentials ({status}{}{}); create them anew, and check the \
                 clock of this machine",
                if code.is_some() { ", " } else { "" },
                code.as_deref().unwrap_or_default()
            ),
            Problem::Revoked => "the credentials were revoked or have expired (invalid_grant): run `gcloud auth \
                 application-default login` again, or check that key, service account and workload identity \
                 provider still exist"
                .to_owned(),
            Problem::ServerError(status) => {
                format!("the token endpoint fails ({status}); it is asked again")
            }
            Problem::SubjectToken => format!(
                "the subject token that {file} points to (credential_source) cannot be read; check that the file \
                 is mounted and readable or that the URL answers"
            ),
            Problem::TooLarge => format!("{file} is larger than 1 MiB, so it is no credentials file"),
            Problem::UnknownType(kind) => format!(
                "{file} has {}; supported are service_account, authorized_user, external_account and \
                 impersonated_service_account",
                kind.as_ref()
                    .map_or_else(|| "no usable `type`".to_owned(), |kind| format!("the type `{kind}`"))
            ),
            Problem::Unreachable => "no connection to the token endpoint; check DNS, firewall and HTTPS_PROXY \
                 (oauth2.googleapis.com, sts.googleapis.com, iamcredentials.googleapis.com)"
                .to_owned(),
            Problem::Unreadable => format!("{file} may not be read by this process; check its permissions"),
        };
        format!("no credentials for Vertex AI: {text}")
    }
}

fn clock(minutes: Option<i64>) -> String {
    let off = match minutes {
        Some(minutes) if minutes < 0 => format!("about {} min behind Google's", minutes.saturating_neg()),
        Some(minutes) => format!("about {} min ahead of Google's", minutes.max(1)),
        None => "not Google's".to_owned(),
    };
    format!(
        "Google refuses the token's times (iat, exp): the clock of this machine is {off}; set it, for \
         example by NTP"
    )
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence("the credentials file".to_owned()))
    }
}

impl std::error::Error for CredentialError {}
