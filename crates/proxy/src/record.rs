//! The record: every exchange ends in one line, also one that was refused, failed or given up.

mod object;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use dialect::Dialect;
use model::{Agent, Reference, RequestView, ResponseView, Usage};
use tokio::time::Instant;
use upstream::Provider;
use uuid::Uuid;

use crate::clock;
use crate::guard::{Guard, Keeper, Said};
use crate::serve::State;
pub(crate) use object::{Name, Object, name};

/// What is recorded as the route of requests that are no conversation.
const PASS_THROUGH: &str = "pass-through";

/// Longest text from outside, in bytes, that a line takes over: a path, a model's name, a provider's error word.
const LONGEST: usize = 200;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Completed => "completed",
            Self::UpstreamError => "upstream_error",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// Whose fault it is that an exchange did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Client,
    Policy,
    Upstream,
    Us,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Policy => "policy",
            Self::Upstream => "upstream",
            Self::Us => "us",
        }
    }
}

/// An exchange while it runs. Dropping it ends it; one that nobody [ended](Self::end) was given up by its
/// client.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) id: Uuid,
    at: SystemTime,
    body: RequestBytes,
    ended: Option<Ended>,
    /// Apart, because an exchange goes through many hands.
    facts: Box<Facts>,
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

impl Exchange {
    /// Begins an exchange. Its path is recorded without the query, which may hold a key.
    pub(crate) fn begin(state: Arc<State>, method: &http::Method, path: &str) -> Self {
        let at = clock::wall();
        let method = shortened(method.as_str());
        let facts = Box::new(Facts { method, path: shortened(path), ..Facts::default() });
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
        let facts = Box::new(Facts {
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
        });
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

    fn ending(&self) -> Ended {
        let given_up = || {
            let (fault, outcome, reason) = if std::thread::panicking() {
                (Fault::Us, Outcome::Failed, "panic")
            } else if self.state.is_over() {
                (Fault::Us, Outcome::Failed, "shutdown")
            } else {
                (Fault::Client, Outcome::Abandoned, "client_left")
            };
            Ended { fault: Some(fault), outcome, reason: Some(reason) }
        };
        self.ended.unwrap_or_else(given_up)
    }

    /// The members of the line, in their order.
    fn write(&self, line: &mut Object<'_>) {
        let Ended { fault, outcome, reason } = self.ending();
        let facts = &*self.facts;
        let time = jiff::Timestamp::try_from(self.at).map(|at| at.to_string()).unwrap_or_default();
        line.text(name!("time"), Some(&time));
        let mut id = Uuid::encode_buffer();
        line.text(name!("exchange"), Some(self.id.hyphenated().encode_lower(&mut id)));
        if let Some(asks_for) = facts.asks_for {
            line.text(name!("asks_for"), Some(asks_for.hyphenated().encode_lower(&mut id)));
        }
        line.text(name!("agent"), facts.agent.as_ref().map(|agent| agent.id.as_str()));
        line.text(name!("provider"), facts.provider.as_ref().map(|provider| provider.name.as_str()));
        line.word(name!("route"), facts.route.map(|dialect| dialect.map_or(PASS_THROUGH, Dialect::name)));
        line.text(name!("method"), Some(&facts.method));
        line.text(name!("path"), Some(&facts.path));
        line.text(name!("model"), facts.model.as_deref());
        line.flag(name!("stream"), facts.stream);
        line.number(name!("status"), facts.status);
        line.number(name!("upstream_status"), facts.upstream_status);
        line.word(name!("outcome"), Some(outcome.name()));
        line.word(name!("fault"), fault.map(Fault::name));
        line.word(name!("reason"), reason);
        line.text(name!("error"), facts.error.as_deref());
        line.text(name!("stop"), facts.stop.as_deref());
        line.number(name!("tools"), Some(facts.tools));
        line.number(name!("tool_results"), Some(facts.tool_results));
        line.number(name!("tool_calls"), Some(facts.tool_calls));
        line.number(name!("references"), Some(facts.references));
        line.number(name!("unseen_references"), Some(facts.unseen_references));
        line.number(name!("input_tokens"), facts.usage.input_tokens);
        line.number(name!("cached_tokens"), facts.usage.cached_tokens);
        line.number(name!("output_tokens"), facts.usage.output_tokens);
        let request_bytes = match &self.body {
            RequestBytes::Arriving(sent) => sent.load(Ordering::Relaxed),
            RequestBytes::Known(bytes) => *bytes,
        };
        line.number(name!("request_bytes"), Some(request_bytes));
        line.number(name!("response_bytes"), Some(facts.response_bytes));
        line.number(name!("first_byte_us"), facts.first_byte.map(micros));
        line.number(name!("duration_us"), Some(micros(clock::now().saturating_duration_since(self.started))));
        if let Some(judgement) = &facts.judgement {
            line.object(name!("policy"), |policy| judgement.write(policy));
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut line = Vec::with_capacity(1024);
        Object::write(&mut line, |members| self.write(members));
        line.push(b'\n');
        self.state.recorder.line(&line);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or_default().to_owned()
}
