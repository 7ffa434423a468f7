//! The servers of Google that give out access tokens, on a local port.

mod endpoints;
mod identity;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use self::identity::Identity;
use crate::fake_upstream::{FakeUpstream, Received};
use crate::script::Script;

/// The scope that every token must be asked for with.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What has to stand in the credentials, and is asked for.
const CLIENT_SECRET: &str = "the-client-secret";
const REFRESH_TOKEN: &str = "the-refresh-token";
const SUBJECT_TOKEN: &str = "the-subject-token";
const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";

/// How long after its end a token is still let in: a client counts from the moment that the token arrives.
const GRACE: Duration = Duration::from_millis(500);

/// How every endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mood {
    /// With 200 and a page that is no token.
    Garbage,
    /// Not at all; the connection stays open.
    Hangs,
    /// With this status and body.
    Says(u16, String),
    /// As Google does.
    Works,
}

/// Token endpoint, token exchange, impersonation and metadata server in one, on a free port of 127.0.0.1.
///
/// It checks what it is asked with, notes what was wrong, and knows afterwards which tokens are good.
#[derive(Debug)]
pub struct FakeGoogle {
    address: SocketAddr,
    google: Arc<Google>,
    server: Mutex<Option<FakeUpstream>>,
}

/// What the test and the server's threads both hold.
#[derive(Debug)]
struct Google {
    identity: Identity,
    changed: Condvar,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    /// How far this clock is ahead of the real one, in seconds.
    clock: i64,
    expires_in: u64,
    in_flight: usize,
    issued: HashMap<String, Instant>,
    latency: Duration,
    mood: Mood,
    most_in_flight: usize,
    requests: Vec<String>,
    violations: Vec<String>,
}

impl Google {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Received) -> Script {
        let (latency, mood) = {
            let mut books = self.books();
            books.requests.push(format!("{} {}", request.method, request.path()));
            books.in_flight += 1;
            books.most_in_flight = books.most_in_flight.max(books.in_flight);
            (books.latency, books.mood.clone())
        };
        self.changed.notify_all();
        if !latency.is_zero() {
            std::thread::park_timeout(latency);
        }
        let script = match mood {
            Mood::Garbage => Script::respond(200, &[("content-type", "text/html")], "<html>Sign in</html>"),
            Mood::Hangs => Script::new().hang(),
            Mood::Says(status, body) => Script::json(status, body),
            Mood::Works => self.serve(request),
        };
        self.books().in_flight -= 1;
        script
    }

    /// A new token, good from now on.
    fn issue(&self) -> (String, u64) {
        let mut books = self.books();
        let token = format!("ya29.token-{}", books.issued.len() + 1);
        let expires_in = books.expires_in;
        books.issued.insert(token.clone(), now() + Duration::from_secs(expires_in) + GRACE);
        (token, expires_in)
    }

    fn unix_time(&self) -> i64 {
        let since = wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX) + self.books().clock
    }

    fn check(&self, authorization: &str) -> Result<(), String> {
        let token = authorization.strip_prefix("Bearer ").ok_or("no bearer token")?;
        let good_until = self.books().issued.get(token).copied();
        match good_until {
            Some(end) if now() <= end => Ok(()),
            Some(_) => Err(format!("{token} has expired")),
            None => self.identity.check(token, self.unix_time()),
        }
    }
}

impl FakeGoogle {
    /// Starts it, working, with tokens for an hour.
    pub fn start() -> Self {
        let books = Books {
            clock: 0,
            expires_in: 3600,
            in_flight: 0,
            issued: HashMap::new(),
            latency: Duration::ZERO,
            mood: Mood::Works,
            most_in_flight: 0,
            requests: Vec::new(),
            violations: Vec::new(),
        };
        let google = Arc::new(Google {
            identity: Identity::generate(),
            changed: Condvar::new(),
            books: Mutex::new(books),
        });
        let server = serve((Ipv4Addr::LOCALHOST, 0).into(), &google);
        Self { address: server.address(), google, server: Mutex::new(Some(server)) }
    }

    /// `127.0.0.1:PORT`, for `GCE_METADATA_HOST`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// From now on it answers like this.
    pub fn set_mood(&self, mood: Mood) {
        self.google.books().mood = mood;
    }

    /// Tokens from now on last so long, in seconds.
    pub fn set_expires_in(&self, seconds: u64) {
        self.google.books().expires_in = seconds;
    }

    /// Answers from now on take so long.
    pub fn set_latency(&self, latency: Duration) {
        self.google.books().latency = latency;
    }

    /// Sets its clock ahead of the real one, or behind it.
    pub fn set_clock(&self, seconds_ahead: i64) {
        self.google.books().clock = seconds_ahead;
    }

    /// Its time, as it stands in the field `date` of its answers.
    pub fn date(&self) -> String {
        let at = jiff::Timestamp::from_second(self.google.unix_time()).expect("a time of our days");
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Ends the server; connections to it are refused until [`FakeGoogle::restart`].
    pub fn kill(&self) {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Starts it again on the same port.
    pub fn restart(&self) {
        let server = serve(self.address, &self.google);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    /// Whether a service of Google would let this `authorization` in.
    ///
    /// # Errors
    /// Says why not.
    pub fn check(&self, authorization: &str) -> Result<(), String> {
        self.google.check(authorization)
    }

    /// Declares all tokens invalid that were given out so far.
    pub fn revoke_tokens(&self) {
        let mut books = self.google.books();
        for end in books.issued.values_mut() {
            *end = now();
        }
    }

    /// How many tokens were given out.
    pub fn issued(&self) -> usize {
        self.google.books().issued.len()
    }

    /// Method and path of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.google.books().requests.clone()
    }

    /// Waits until so many requests have come.
    ///
    /// # Panics
    /// If they do not come in time.
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) {
        let books = self.google.books();
        let waited =
            self.google.changed.wait_timeout_while(books, timeout, |books| books.requests.len() < count);
        let (books, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            books.requests.len() >= count,
            "{} of {count} requests came within {timeout:?}",
            books.requests.len()
        );
    }

    /// Lets time pass in which nothing is expected to come; ends early if something does.
    pub fn settle(&self, quiet: Duration) {
        let books = self.google.books();
        let seen = books.requests.len();
        // Either way the caller looks for himself.
        drop(self.google.changed.wait_timeout_while(books, quiet, |books| books.requests.len() == seen));
    }

    /// The most requests that it was answering at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.google.books().most_in_flight
    }

    /// What was wrong with requests.
    pub fn violations(&self) -> Vec<String> {
        self.google.books().violations.clone()
    }

    /// A key file of a service account.
    pub fn service_account(&self) -> Value {
        self.google.identity.key_file(self.address)
    }

    /// What `gcloud auth application-default login` writes.
    pub fn authorized_user(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": "client.apps.googleusercontent.com",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "quota_project_id": "quota-project",
            "token_uri": format!("http://{}/token", self.address),
        })
    }

    /// A configuration of workload identity federation; `source` says where the subject token is.
    pub fn external_account(&self, source: &Value) -> Value {
        json!({
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("http://{}/sts", self.address),
            "credential_source": source,
        })
    }

    /// The same, by way of a service account.
    pub fn external_account_impersonating(&self, source: &Value) -> Value {
        let mut file = self.external_account(source);
        if let Some(url) = file.as_object_mut() {
            url.insert("service_account_impersonation_url".to_owned(), self.impersonation_url().into());
        }
        file
    }

    /// What `gcloud auth application-default login --impersonate-service-account` writes.
    pub fn impersonated(&self, source: &Value) -> Value {
        json!({
            "type": "impersonated_service_account",
            "service_account_impersonation_url": self.impersonation_url(),
            "source_credentials": source,
        })
    }

    fn impersonation_url(&self) -> String {
        format!("http://{}{}", self.address, endpoints::IMPERSONATION)
    }

    /// Where it gives out a subject token, for [`FakeGoogle::external_account`].
    pub fn subject_token_url(&self) -> String {
        format!("http://{}/subject-token", self.address)
    }

    /// The subject token that it takes.
    pub fn subject_token() -> &'static str {
        SUBJECT_TOKEN
    }

    /// What must never be seen in a log or an error.
    pub fn secrets(&self) -> Vec<String> {
        let key = self.google.identity.pem_body();
        [CLIENT_SECRET, REFRESH_TOKEN, SUBJECT_TOKEN, "ya29."]
            .into_iter()
            .map(str::to_owned)
            .chain([key])
            .collect()
    }
}

fn serve(address: SocketAddr, google: &Arc<Google>) -> FakeUpstream {
    let google = Arc::clone(google);
    FakeUpstream::start_at(address, move |request| google.answer(request))
}

#[expect(clippy::disallowed_methods, reason = "tokens expire in real time, and so do their tests")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a signed token carries the time of day")]
fn wall() -> SystemTime {
    SystemTime::now()
}
