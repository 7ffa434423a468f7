//! What each endpoint wants and gives.

use serde_json::{Value, json};

use super::{AUDIENCE, CLIENT_SECRET, Google, REFRESH_TOKEN, SCOPE, SUBJECT_TOKEN};
use crate::fake_upstream::Received;
use crate::script::Script;

pub(super) const IMPERSONATION: &str =
    "/v1/projects/-/serviceAccounts/target@project.iam.gserviceaccount.com:generateAccessToken";
const METADATA: &str = "/computeMetadata/v1/";

impl Google {
    pub(super) fn serve(&self, request: &Received) -> Script {
        let path = request.path();
        match (request.method.as_str(), path) {
            ("GET", "/subject-token") => Script::respond(200, &[], SUBJECT_TOKEN),
            ("GET", path) if path.starts_with(METADATA) => self.metadata(request),
            ("POST", "/sts") => self.exchange(request),
            ("POST", "/token") => self.refresh(request),
            ("POST", IMPERSONATION) => self.impersonate(request),
            (method, path) => {
                self.violation(format!("{method} {path} is no endpoint"));
                Script::json(404, r#"{"error":"not_found"}"#)
            }
        }
    }

    fn violation(&self, what: String) {
        self.books().violations.push(what);
    }

    /// Notes what is not as it must be; whether all was.
    fn wants(&self, request: &Received, wanted: &[(&str, Option<&str>, &str)]) -> bool {
        let wrong = wanted.iter().filter(|(_, got, want)| *got != Some(*want));
        wrong
            .map(|(name, got, want)| {
                self.violation(format!("{}: {name} is {got:?}, not {want:?}", request.path()))
            })
            .count()
            == 0
    }

    fn token(&self) -> Script {
        let (token, expires_in) = self.issue();
        let body = json!({
            "access_token": token,
            "expires_in": expires_in,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
        });
        Script::json(200, body.to_string())
    }

    /// <https://cloud.google.com/compute/docs/metadata/querying-metadata>
    fn metadata(&self, request: &Received) -> Script {
        if !self.wants(request, &[("metadata-flavor", request.header("metadata-flavor"), "Google")]) {
            return Script::respond(403, &[], "Missing Metadata-Flavor:Google header.");
        }
        let flavor = [("metadata-flavor", "Google")];
        match request.path().strip_prefix(METADATA).unwrap_or_default() {
            "instance/service-accounts/default/token" => {
                let scopes = form(request.query().unwrap_or_default(), "scopes");
                self.wants(request, &[("scopes", scopes.as_deref(), SCOPE)]);
                self.token()
            }
            "instance/service-accounts/default/email" => {
                Script::respond(200, &flavor, "default@project.iam.gserviceaccount.com")
            }
            "project/project-id" => Script::respond(200, &flavor, "project"),
            "universe/universe-domain" => Script::respond(200, &flavor, "googleapis.com"),
            _ => Script::respond(404, &flavor, "not found"),
        }
    }

    /// A user's refresh token: <https://developers.google.com/identity/protocols/oauth2/web-server#offline>
    fn refresh(&self, request: &Received) -> Script {
        let body = request.json();
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let is_right = self.wants(
            request,
            &[
                ("grant_type", text("grant_type"), "refresh_token"),
                ("client_id", text("client_id"), "client.apps.googleusercontent.com"),
                ("client_secret", text("client_secret"), CLIENT_SECRET),
                ("refresh_token", text("refresh_token"), REFRESH_TOKEN),
            ],
        );
        if is_right { self.token() } else { Script::json(400, r#"{"error":"invalid_grant"}"#) }
    }

    /// RFC 8693; <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>
    fn exchange(&self, request: &Received) -> Script {
        let body = request.text();
        let field = |name: &str| form(&body, name);
        let scope = field("scope");
        // With impersonation, the first token may be for IAM only.
        let is_for_iam = scope.as_deref() == Some("https://www.googleapis.com/auth/iam");
        let is_right = self.wants(
            request,
            &[
                (
                    "grant_type",
                    field("grant_type").as_deref(),
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ),
                (
                    "requested_token_type",
                    field("requested_token_type").as_deref(),
                    "urn:ietf:params:oauth:token-type:access_token",
                ),
                ("audience", field("audience").as_deref(), AUDIENCE),
                ("subject_token", field("subject_token").as_deref(), SUBJECT_TOKEN),
                (
                    "subject_token_type",
                    field("subject_token_type").as_deref(),
                    "urn:ietf:params:oauth:token-type:jwt",
                ),
                ("scope", if is_for_iam { Some(SCOPE) } else { scope.as_deref() }, SCOPE),
            ],
        );
        if is_right { self.token() } else { Script::json(400, r#"{"error":"invalid_request"}"#) }
    }

    /// <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>
    fn impersonate(&self, request: &Received) -> Script {
        if let Err(why) = self.check(request.header("authorization").unwrap_or_default()) {
            self.violation(format!("impersonation: {why}"));
            return Script::json(401, r#"{"error":{"code":401,"status":"UNAUTHENTICATED"}}"#);
        }
        let body = request.json();
        let scope = body.pointer("/scope/0").and_then(Value::as_str);
        let lifetime = body.get("lifetime").and_then(Value::as_str);
        self.wants(request, &[("scope", scope, SCOPE), ("lifetime", lifetime, "3600s")]);
        let (token, expires_in) = self.issue();
        let end = self.unix_time() + i64::try_from(expires_in).unwrap_or(i64::MAX);
        let end = jiff::Timestamp::from_second(end).expect("a time of our days");
        Script::json(200, json!({"accessToken": token, "expireTime": end.to_string()}).to_string())
    }
}

/// A field of `application/x-www-form-urlencoded`.
fn form(text: &str, name: &str) -> Option<String> {
    let value = text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
