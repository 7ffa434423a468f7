//! The record: every exchange ends in one line, also one that was refused, failed or given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use dialect::Dialect;
use model::{Agent, Reference, RequestView, ResponseView, Usage};
use serde::Serialize;
use tokio::time::Instant;
use upstream::Provider;
use uuid::Uuid;

use crate::clock;
use crate::guard::{Guard, Keeper, Said};
use crate::serve::State;

/// What is recorded as the route of requests that are no conversation.
const PASS_THROUGH: &str = "pass-through";

/// Longest text from outside, in bytes, that a line takes over: a path, a model's name, a provider's error word.
const LONGEST: usize = 200;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The client left before the end.
    Abandoned,
    /// The provider's answer was relayed whole.
    Completed,
    /// The provider's answer, which is an error, was relayed whole.
    UpstreamError,
    /// It broke: the provider could not be reached, broke off, or was too slow, or we failed.
    Failed,
    /// We answered with an error, and asked no provider.
    Refused,
}

/// Whose fault it is that an exchange did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    Client,
    Policy,
    Upstream,
    Us,
}

/// An exchange while it runs. Dropping it ends it; one that nobody [ended](Self::end) was given up by its
/// client.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) id: Uuid,
    at: SystemTime,
    body: RequestBytes,
    ended: Option<Ended>,
    facts: Facts,
    started: Instant,
    state: Arc<State>,
}

/// How many bytes the request's body had, or has so far.
#[derive(Debug)]
enum RequestBytes {
    Arriving(Arc<AtomicU64>),
    Known(u64),
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    fault: Option<Fault>,
    outcome: Outcome,
    reason: Option<&'static str>,
}

/// What becomes known on the way.
#[derive(Debug, Default)]
struct Facts {
    agent: Option<Arc<Agent>>,
    /// The exchange that this one asks again for.
    asks_for: Option<Uuid>,
    error: Option<String>,
    first_byte: Option<Duration>,
    /// What policies said.
    judgement: Option<Said>,
    keeper: Option<Keeper>,
    /// The provider keeps the answer, and its id is not noted yet.
    keeps: bool,
    keeps_answers: bool,
    method: String,
    model: Option<String>,
    path: String,
    provider: Option<Arc<Provider>>,
    response_bytes: u64,
    references: usize,
    /// Known once the request is admitted; within it, the dialect of a conversation.
    route: Option<Option<&'static dyn Dialect>>,
    status: Option<u16>,
    stop: Option<String>,
    stream: bool,
    tool_calls: usize,
    tool_results: usize,
    tools: usize,
    unseen_references: usize,
    upstream_status: Option<u16>,
    usage: Usage,
}

/// The line, in the order in which it is written.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    exchange: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    asks_for: Option<Uuid>,
    agent: Option<&'a str>,
    provider: Option<&'a str>,
    route: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    model: Option<&'a str>,
    stream: bool,
    status: Option<u16>,
    upstream_status: Option<u16>,
    outcome: Outcome,
    fault: Option<Fault>,
    reason: Option<&'a str>,
    error: Option<&'a str>,
    stop: Option<&'a str>,
    tools: usize,
    tool_results: usize,
    tool_calls: usize,
    references: usize,
    unseen_references: usize,
    input_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    output_tokens: Option<u64>,
    request_bytes: u64,
    response_bytes: u64,
    first_byte_us: Option<u64>,
    duration_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a Said>,
}

impl Exchange {
    /// Begins an exchange. Its path is recorded without the query, which may hold a key.
    pub(crate) fn begin(state: Arc<State>, method: &http::Method, path: &str) -> Self {
        let at = clock::wall();
        let method = shortened(method.as_str());
        let facts = Facts { method, path: shortened(path), ..Facts::default() };
        let body = RequestBytes::Known(0);
        Self { id: clock::id(at), at, body, ended: None, facts, started: clock::now(), state }
    }

    pub(crate) fn addressed(&mut self, provider: &Arc<Provider>) {
        self.facts.provider = Some(Arc::clone(provider));
    }

    pub(crate) fn admitted(&mut self, agent: &Arc<Agent>) {
        self.facts.agent = Some(Arc::clone(agent));
    }

    /// The dialect of the conversation, and whether the provider keeps its answer.
    pub(crate) fn routed(&mut self, dialect: Option<&'static dyn Dialect>, keeps: bool) {
        self.facts.route = Some(dialect);
        (self.facts.keeps, self.facts.keeps_answers) = (keeps, keeps);
    }

    /// What the request says.
    pub(crate) fn asked(&mut self, body: &[u8], view: &RequestView) {
        tracing::debug!(
            exchange = %self.id,
            segments = view.segments.len(),
            calls = view.calls.len(),
            results = view.results.len(),
            tools = view.tools.len(),
            "request read"
        );
        self.body = RequestBytes::Known(body.len() as u64);
        self.facts.references = view.references.len();
        self.facts.unseen_references = view.references.iter().filter(|it| !self.is_ours(body, it)).count();
        self.facts.model = view.model.as_deref().map(shortened);
        self.facts.stream = view.stream;
        self.facts.tools = view.tools.len();
        self.facts.tool_results = view.results.len();
    }

    /// Whether the provider keeps this for the agent that refers to it.
    fn is_ours(&self, body: &[u8], reference: &Reference) -> bool {
        let (Some(provider), Some(agent), Some(id)) = (&self.facts.provider, &self.facts.agent, reference.id)
        else {
            return false;
        };
        let owner = self.state.kept.agent(&provider.name, &wire::json::decode(body, id));
        owner.is_some_and(|owner| owner.id == agent.id)
    }

    /// What policies said of the request and, until now, of its answer.
    pub(crate) fn judged(&mut self, guard: &Guard) {
        self.facts.judgement = Some(guard.said());
        self.facts.keeper = Some(guard.keeper());
    }

    /// Begins the exchange in which the provider is asked again for this one's client.
    pub(crate) fn again(&self, body_bytes: usize) -> Self {
        let at = clock::wall();
        let facts = Facts {
            agent: self.facts.agent.clone(),
            asks_for: Some(self.id),
            keeps: self.facts.route.flatten().is_some() && self.facts.keeps_answers,
            keeper: self.facts.keeper.clone(),
            keeps_answers: self.facts.keeps_answers,
            method: self.facts.method.clone(),
            path: self.facts.path.clone(),
            provider: self.facts.provider.clone(),
            route: self.facts.route,
            stream: self.facts.stream,
            tools: self.facts.tools,
            ..Facts::default()
        };
        let (body, state) = (RequestBytes::Known(body_bytes as u64), Arc::clone(&self.state));
        Self { id: clock::id(at), at, body, ended: None, facts, started: clock::now(), state }
    }

    /// A body that is no conversation was taken in whole.
    pub(crate) fn received(&mut self, body_bytes: usize) {
        self.body = RequestBytes::Known(body_bytes as u64);
    }

    /// The body is passed through and counted on its way.
    pub(crate) fn passing(&mut self, sent: Option<Arc<AtomicU64>>) {
        if let Some(sent) = sent {
            self.body = RequestBytes::Arriving(sent);
        }
    }

    pub(crate) fn answered(&mut self, status: u16) {
        self.facts.upstream_status = Some(status);
        self.facts.status = Some(status);
        self.facts.first_byte = Some(clock::now().saturating_duration_since(self.started));
    }

    /// Notes an answer that the provider keeps as soon as its id is known: its client may leave and come back for it.
    /// One that builds on what was not made here for the agent is not noted.
    pub(crate) fn kept(&mut self, view: &ResponseView) {
        if !self.facts.keeps || view.id.is_none() {
            return;
        }
        self.facts.keeps = false;
        for id in [&view.id, &view.conversation].into_iter().flatten() {
            if let Some(keeper) = &self.facts.keeper {
                keeper.keep(id, &self.state.recall);
            }
        }
        if let (0, Some(provider), Some(agent)) =
            (self.facts.unseen_references, &self.facts.provider, &self.facts.agent)
        {
            for id in [&view.id, &view.conversation].into_iter().flatten() {
                self.state.kept.note(&provider.name, id, agent);
            }
        }
    }

    /// What the answer said.
    pub(crate) fn said(&mut self, view: &ResponseView) {
        tracing::debug!(
            exchange = %self.id,
            calls = view.calls.len(),
            segments = view.segments.len(),
            stops = view.stops.len(),
            "answer read"
        );
        self.kept(view);
        if let Some(model) = &view.model {
            self.facts.model.get_or_insert_with(|| shortened(model));
        }
        self.facts.error = view.error.as_deref().map(shortened);
        self.facts.stop = view.stops.first().map(|stop| shortened(&stop.reason));
        self.facts.tool_calls = view.calls.len();
        self.facts.usage = view.usage;
    }

    /// How often a client whose stream waits is to hear so.
    pub(crate) fn keep_alive(&self) -> Option<Duration> {
        self.state.timeouts.keep_alive
    }

    /// Bytes of the answer's body went to the client.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.facts.response_bytes = self.facts.response_bytes.saturating_add(bytes as u64);
    }

    /// The provider's answer has been relayed to its end.
    pub(crate) fn relayed(&mut self) {
        let failed =
            self.facts.upstream_status.is_some_and(|status| status >= 400) || self.facts.error.is_some();
        if failed {
            self.end(Outcome::UpstreamError, Some(Fault::Upstream), None);
        } else {
            self.end(Outcome::Completed, None, None);
        }
    }

    /// An error of ours is the answer.
    pub(crate) fn told(&mut self, status: u16, outcome: Outcome, fault: Fault, reason: &'static str) {
        self.facts.status = Some(status);
        self.end(outcome, Some(fault), Some(reason));
    }

    /// Ends the exchange. The first ending counts.
    pub(crate) fn end(&mut self, outcome: Outcome, fault: Option<Fault>, reason: Option<&'static str>) {
        self.ended.get_or_insert(Ended { fault, outcome, reason });
    }

    fn line(&self) -> Line<'_> {
        let given_up = if std::thread::panicking() {
            Ended { fault: Some(Fault::Us), outcome: Outcome::Failed, reason: Some("panic") }
        } else if self.state.is_over() {
            Ended { fault: Some(Fault::Us), outcome: Outcome::Failed, reason: Some("shutdown") }
        } else {
            Ended { fault: Some(Fault::Client), outcome: Outcome::Abandoned, reason: Some("client_left") }
        };
        let Ended { fault, outcome, reason } = self.ended.unwrap_or(given_up);
        let facts = &self.facts;
        Line {
            time: jiff::Timestamp::try_from(self.at).map(|at| at.to_string()).unwrap_or_default(),
            exchange: self.id,
            asks_for: facts.asks_for,
            agent: facts.agent.as_ref().map(|agent| agent.id.as_str()),
            provider: facts.provider.as_ref().map(|provider| provider.name.as_str()),
            route: facts.route.map(|dialect| dialect.map_or(PASS_THROUGH, Dialect::name)),
            method: &facts.method,
            path: &facts.path,
            model: facts.model.as_deref(),
            stream: facts.stream,
            status: facts.status,
            upstream_status: facts.upstream_status,
            outcome,
            fault,
            reason,
            error: facts.error.as_deref(),
            stop: facts.stop.as_deref(),
            tools: facts.tools,
            tool_results: facts.tool_results,
            tool_calls: facts.tool_calls,
            references: facts.references,
            unseen_references: facts.unseen_references,
            input_tokens: facts.usage.input_tokens,
            cached_tokens: facts.usage.cached_tokens,
            output_tokens: facts.usage.output_tokens,
            request_bytes: match &self.body {
                RequestBytes::Arriving(sent) => sent.load(Ordering::Relaxed),
                RequestBytes::Known(bytes) => *bytes,
            },
            response_bytes: facts.response_bytes,
            first_byte_us: facts.first_byte.map(micros),
            duration_us: micros(clock::now().saturating_duration_since(self.started)),
            policy: facts.judgement.as_ref(),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut line = Vec::with_capacity(640);
        match serde_json::to_writer(&mut line, &self.line()) {
            Ok(()) => {
                line.push(b'\n');
                self.state.recorder.line(&line);
            }
            Err(error) => tracing::error!(%error, exchange = %self.id, "record line not made"),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or_default().to_owned()
}
