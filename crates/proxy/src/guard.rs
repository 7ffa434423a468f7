//! What policies say of one exchange: of the results in its request, and of the calls in its answer.

mod conversation;
mod judgement;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

use bytes::Bytes;
use dialect::Dialect;
use http::HeaderMap;
use model::{
    Agent, Carrier, Label, Mode, OnRefusal, OutputKind, Refusal, RequestView, ResponseView, ToolCall,
    ToolKind, Trust,
};
use policy::{CallDecision, Conversation, Declared, Policy, Setting, Value};
use wire::splice::Edits;

use crate::beginnings::Trail;
use crate::clock;
use crate::gate::{Refused, Verdict, is_cut_off};
use crate::labels::{Key, Owner, Subject};
use crate::policies::Revision;
use crate::recall::Recall;
use crate::rescue::Failure;
use crate::tools::{Fingerprint, fingerprint};
use conversation::History;
use judgement::Judgement;
pub(crate) use judgement::Said;

/// Header fields in which clients name their session: the rank of one, the lowest first.
fn session_rank(name: &str) -> Option<usize> {
    Some(match name {
        "x-archestra-session-id" => 0,
        "x-claude-code-session-id" => 1,
        "session-id" => 2,
        "session_id" => 3,
        "conversation_id" => 4,
        _ => return None,
    })
}

/// Header fields with a client's key: the rank of one, the lowest first.
fn key_rank(name: &str) -> Option<usize> {
    Some(match name {
        "authorization" => 0,
        "api-key" => 1,
        "x-api-key" => 2,
        "x-goog-api-key" => 3,
        _ => return None,
    })
}

/// How often a model is asked again, where nothing else is set.
const REASKS: u32 = 10;

/// Longest name of a session that is taken for one, in bytes.
const LONGEST_SESSION: usize = 256;

/// Judges one exchange by one revision of the policy.
#[derive(Debug)]
pub(crate) struct Guard {
    agent: Arc<Agent>,
    conversation: Option<Conversation>,
    declared: Arc<Declared>,
    /// Some call could be refused.
    holds: bool,
    /// Keys of what goes on from this exchange: of its conversations at the provider, of its session, and of what was said.
    grows: Vec<Key>,
    session: Option<Key>,
    whole: Option<Key>,
    /// Whose exchange it is.
    owner: Owner,
    mode: Mode,
    /// Calls that were judged without consequences.
    observed: BTreeSet<usize>,
    on_refusal: OnRefusal,
    /// How often the model may still be told.
    reasks: u32,
    revision: Arc<Revision>,
    said: Said,
    /// How many segments and calls of the answer were looked at.
    seen: (usize, usize),
    /// The label that the conversation starts with.
    start: Label,
    recall: Option<Arc<Recall>>,
}

/// Who calls, as far as labels are kept for them.
#[derive(Debug)]
pub(crate) struct Caller {
    owner: Owner,
    session: Option<Key>,
}

/// Keeps the label of what an exchange leaves at the provider.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    label: Label,
    owner: Owner,
}

impl Keeper {
    pub(crate) fn keep(&self, id: &str, recall: &Recall) {
        let key = recall.key(self.owner, Subject::Reference(id));
        recall.tighten(key, &self.label);
    }
}

impl Guard {
    /// For a request of this agent; none where nothing is judged.
    pub(crate) fn of(revision: Option<&Arc<Revision>>, agent: &Arc<Agent>) -> Option<Box<Self>> {
        let mode = Self::mode_of(revision, agent)?;
        let (revision, agent) = (Arc::clone(revision?), Arc::clone(agent));
        let on_refusal = agent.guard.on_refusal.unwrap_or_else(|| on_refusal(&revision.policy));
        let start = match agent.guard.consider_context_untrusted {
            true => Label::of(Trust::Untrusted),
            false => Label::default(),
        };
        Some(Box::new(Self {
            said: Said::new(&revision, mode),
            reasks: agent.guard.max_reasks.unwrap_or(REASKS),
            agent,
            conversation: None,
            declared: Declared::none(),
            holds: false,
            grows: Vec::new(),
            session: None,
            whole: None,
            owner: Owner::default(),
            mode,
            observed: BTreeSet::new(),
            on_refusal,
            revision,
            seen: (0, 0),
            start,
            recall: None,
        }))
    }

    /// How requests of this agent are judged; none where they are not.
    pub(crate) fn mode_of(revision: Option<&Arc<Revision>>, agent: &Agent) -> Option<Mode> {
        let own = mode(&revision?.policy);
        let mode = agent.guard.mode.unwrap_or(own);
        (mode != Mode::Off).then_some(mode)
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether calls have to wait for their verdict, because one could be refused.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    /// Who calls: by their key, since nobody is authenticated here.
    pub(crate) fn caller(&self, headers: &HeaderMap, query: &str, recall: &Recall) -> Caller {
        // The fields are looked at once, since they are few.
        let (mut secret, mut session) = (Lowest::default(), Lowest::default());
        for (name, value) in headers {
            let name = name.as_str();
            secret.offer(key_rank(name), || Some(value.as_bytes()));
            session.offer(session_rank(name), || value.to_str().ok().filter(|id| is_session(id)));
        }
        // Google's clients may send it so.
        let in_query = || query.split('&').find_map(|part| part.strip_prefix("key=")).map(str::as_bytes);
        let secret = secret.found().or_else(in_query);
        let owner = recall.owner(&self.agent.id, secret.unwrap_or_default());
        let session = session.found().map(|id| recall.key(owner, Subject::Session(id)));
        Caller { owner, session }
    }

    /// Reads the conversation of a request and judges the results in it: the bytes that may be sent.
    pub(crate) fn read(
        &mut self,
        (body, view, trail): (&Bytes, &RequestView, &Trail),
        caller: &Caller,
        recall: &Arc<Recall>,
        dialect: &dyn Dialect,
    ) -> Result<Bytes, Failure> {
        if view.elsewhere && self.mode == Mode::Enforce {
            return Err(Failure::TwoConversations);
        }
        self.owner = caller.owner;
        self.recall = Some(Arc::clone(recall));
        let offers_hosted = view.tools.iter().any(|tool| tool.kind == ToolKind::Hosted);
        if offers_hosted && !dialect.shows_hosted() {
            self.searches();
        }
        self.declared = conversation::declared(body, view, &recall.memory);
        let policy = &self.revision.policy;
        let rules = policy.is_idle().then_some((self.revision.number, self.agent.guard.untrusted_users));
        let history = History::read((body, view, trail), self.owner, recall, rules);
        if history.is_cut() && self.mode == Mode::Enforce {
            return Err(Failure::TooManyAnswered);
        }
        let session = caller.session.and_then(|key| recall.label(key));
        for label in session.iter().chain(history.labels()) {
            self.start = self.start.meet(label);
        }
        let told = history.told(&self.revision.policy, &self.declared);
        let policy = &self.revision.policy;
        let read = policy.read_conversation(&told, &self.setting(), &recall.memory, history.before());
        history.leave(trail, &read);
        history.keep(&read.label);
        let grows = history.grows.iter().copied();
        caller.session.into_iter().chain(grows).for_each(|key| recall.tighten(key, &read.label));
        (self.session, self.whole) = (caller.session, history.whole);
        self.grows.clone_from(&history.grows);
        self.judgement().known(history.skipped_results());
        let mut edits = Edits::default();
        let mut last = None;
        for (segment, decision) in &read.results {
            let result = history.result(*segment);
            if result.is_some() && std::mem::replace(&mut last, result) == result {
                continue; // another segment of the same result
            }
            let (place, passes) = (history.place(*segment), decision.fate == policy::Fate::Passes);
            if passes && place.is_some_and(|place| place < history.before_segments()) {
                self.judgement().known(1);
                continue;
            }
            let tool = history.tool(*segment);
            self.judgement().result(place, tool.as_deref(), decision);
            let withheld = !passes && self.mode == Mode::Enforce;
            if let Some(result) = result.filter(|_| withheld) {
                let words = words::withheld(tool.as_deref(), decision.fate);
                let has_content = view.results.get(result).is_none_or(|result| result.content.is_some());
                match dialect.withhold(body, view, result, &words) {
                    Some((span, text)) => edits.replace(span, text),
                    None if has_content => return Err(Failure::ResultStays),
                    None => {}
                }
            }
        }
        self.judgement().context(&read, read.lowered_by.and_then(|at| history.place(at)));
        self.conversation = Some(read);
        if offers_hosted {
            self.check_hosted(view, body)?;
        }
        self.holds = self.mode == Mode::Enforce && self.may_refuse();
        let sent = edits.apply(body).map_err(|_| Failure::Internal)?;
        Ok(match sent {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(sent) => sent.into(),
        })
    }

    /// Judges the calls of an answer that have ended, or all that are left, without consequences. What goes through is
    /// known before the client can act on it.
    pub(crate) fn observe(&mut self, view: &ResponseView, ended: impl Iterator<Item = usize>) {
        self.saw(view);
        let is_cut = is_cut_off(view);
        for at in ended {
            if let Some(call) = view.calls.get(at).filter(|_| self.observed.insert(at)) {
                self.complete(call, is_cut);
            }
        }
    }

    /// The provider may bring content in without showing it: whatever is said is said after that.
    pub(crate) fn searches(&mut self) {
        self.start = self.start.meet(&Label::of(Trust::Untrusted));
    }

    /// What a tool of the provider brought into the answer is not trusted: calls behind it are judged so, and what goes
    /// on from the answer begins so.
    pub(crate) fn saw(&mut self, view: &ResponseView) {
        let (segments, calls) = self.seen;
        self.seen = (view.segments.len(), view.calls.len());
        let segments = view.segments.get(segments..).unwrap_or_default();
        let calls = view.calls.get(calls..).unwrap_or_default();
        let is_hosted = segments.iter().any(|segment| segment.kind == OutputKind::HostedTool)
            || calls.iter().any(|call| call.carrier == Carrier::Hosted);
        let (true, Some(read), Some(recall)) = (is_hosted, &mut self.conversation, &self.recall) else {
            return;
        };
        read.label = read.label.meet(&Label::of(Trust::Untrusted));
        let kept = [&view.id, &view.conversation].into_iter().flatten();
        let kept = kept.map(|id| recall.key(self.owner, Subject::Reference(id)));
        let own = self.session.into_iter().chain(self.whole).chain(self.grows.iter().copied());
        for key in own.chain(kept) {
            recall.tighten(key, &read.label);
        }
    }

    /// What was said until now, and what will be.
    pub(crate) fn said(&self) -> Said {
        self.said.clone()
    }

    fn judgement(&self) -> MutexGuard<'_, Judgement> {
        self.said.lock()
    }

    /// The first decision that refused a call.
    pub(crate) fn decision(&self) -> Option<String> {
        self.judgement().refusal().map(str::to_owned)
    }

    /// Whether the model may be told of refusals once more.
    pub(crate) fn may_tell(&self) -> bool {
        self.on_refusal == OnRefusal::TellModel && self.reasks > 0
    }

    /// The model was told.
    pub(crate) fn told(&mut self) {
        self.reasks = self.reasks.saturating_sub(1);
        self.seen = (0, 0); // the next answer is another one
        self.judgement().asked_again();
    }

    /// A verdict that holds whatever the arguments are: only leave to go. A refusal can wait for the whole name.
    pub(crate) fn at_name(&mut self, call: &ToolCall<String>) -> Option<Verdict> {
        let name = call.name.as_deref().filter(|_| runs_here(call.carrier))?;
        let conversation = self.conversation.as_ref()?;
        let policy = &self.revision.policy;
        let setting = self.setting();
        let decision =
            conversation.settled(policy, &self.declared, name, call.namespace.as_deref(), &setting)?;
        (decision.verdict == model::Verdict::Allow).then(|| {
            self.decided(call, &decision);
            Verdict::Allow
        })
    }

    /// The verdict on a call that has come to its end. `is_cut`: it may be only the beginning of one.
    pub(crate) fn complete(&mut self, call: &ToolCall<String>, is_cut: bool) -> Verdict {
        if call.carrier == Carrier::Hosted {
            return self.hosted(call);
        }
        let started = clock::now();
        let decision = self.decide(call, is_cut);
        self.judgement().took(clock::now().saturating_duration_since(started));
        self.decided(call, &decision)
    }

    fn decide(&self, call: &ToolCall<String>, is_cut: bool) -> CallDecision {
        let policy = &self.revision.policy;
        let setting = self.setting();
        let Some(conversation) = &self.conversation else {
            return words::not_judgeable(&self.start);
        };
        let arguments = arguments(call, is_cut);
        let name = call.name.as_deref().unwrap_or_default();
        let resolved =
            policy::resolve(policy, &self.declared, name, call.namespace.as_deref(), arguments.as_ref());
        let mut asked = resolved.call(false);
        if !runs_here(call.carrier) || name.is_empty() {
            asked.refused = Some(Refusal::NotJudgeable);
        }
        conversation.decide_call(policy, &asked, &setting)
    }

    /// Notes a decision; what becomes of the call.
    fn decided(&mut self, call: &ToolCall<String>, decision: &CallDecision) -> Verdict {
        let name = call.name.as_deref().unwrap_or_default();
        let declared = self.declaration(call);
        let id = self.judgement().call(name, decision, declared);
        // Where nothing is held, it has gone.
        let is_let_through =
            decision.verdict == model::Verdict::Allow || self.mode == Mode::Observe || !self.holds;
        if is_let_through {
            self.note_call(call);
            return Verdict::Allow;
        }
        Verdict::Refuse(Refused { notice: words::notice(decision), text: words::text(name, decision, &id) })
    }

    /// How the tool of a call is declared, and whether that is new for this agent.
    fn declaration(&self, call: &ToolCall<String>) -> Option<(Fingerprint, bool)> {
        let (name, namespace) = (call.name.as_deref()?, call.namespace.as_deref());
        let fingerprint = fingerprint(self.declared.raw(name, namespace)?);
        let recall = self.recall.as_ref()?;
        let key = recall.key(recall.owner(&self.agent.id, b""), Subject::Tool(namespace, name));
        Some((fingerprint, recall.tools.changes(key, fingerprint)))
    }

    /// A call that the provider runs: it has happened already, or will.
    fn hosted(&mut self, call: &ToolCall<String>) -> Verdict {
        let allowed = self.allows_always(call.name.as_deref().unwrap_or_default(), call.namespace.as_deref());
        if allowed || self.mode == Mode::Observe { Verdict::Allow } else { Verdict::End }
    }

    /// Whether the policy allows a tool whatever it is called with, and whatever was read before.
    fn allows_always(&self, name: &str, namespace: Option<&str>) -> bool {
        let Some(conversation) = &self.conversation else { return false };
        let untrusted = Label::of(Trust::Untrusted);
        let setting = self.setting();
        let context = policy::Context { label: &untrusted, ..conversation.context(&setting) };
        let tool = policy::identity::undo(&self.revision.policy, &self.declared, name, namespace);
        let decision = self.revision.policy.settled(tool, &context);
        decision.is_some_and(|decision| decision.verdict == model::Verdict::Allow)
    }

    /// Whether a call could be refused, be it of a tool that the request does not declare.
    fn may_refuse(&self) -> bool {
        !self.revision.policy.always_allows()
    }

    /// Refuses a request that offers tools which the provider runs, unless the policy allows each of them.
    fn check_hosted(&self, view: &RequestView, body: &[u8]) -> Result<(), Failure> {
        if self.mode != Mode::Enforce {
            return Ok(());
        }
        let hosted = conversation::hosted(body, view);
        let refused: Vec<String> = hosted
            .into_iter()
            .filter(|(name, namespace)| !self.allows_always(name, namespace.as_deref()))
            .map(|(name, _)| name.chars().take(64).collect())
            .collect();
        if refused.is_empty() { Ok(()) } else { Err(Failure::HostedTools(refused.join(", "))) }
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            agent: &self.agent.slug,
            start: &self.start,
            team: None,
            trusted_attachments: false,
            untrusted_users: self.agent.guard.untrusted_users,
            user: None,
        }
    }

    fn note_call(&self, call: &ToolCall<String>) {
        let (Some(recall), Some(name)) = (&self.recall, call.name.as_deref()) else { return };
        let id = call.id.as_deref().filter(|id| !id.is_empty());
        let key = conversation::call_key(self.owner, recall, id, name, call.arguments.as_deref());
        recall.tighten(key, &Label::default());
    }

    /// Whose the answer is and which label it has, for requests that refer to it later.
    pub(crate) fn keeper(&self) -> Keeper {
        let label = self.conversation.as_ref().map(|read| read.label.clone());
        let label = label.unwrap_or_else(|| Label::of(Trust::Untrusted));
        Keeper { label, owner: self.owner }
    }
}

/// What a call was made with; none if that cannot be read.
fn arguments(call: &ToolCall<String>, is_cut: bool) -> Option<Value> {
    let text = call.arguments.as_deref().unwrap_or_default();
    if call.carrier == Carrier::Custom {
        let input = (!is_cut).then(|| Value::Text(text.to_owned()))?;
        return Some(Value::Object([("input".to_owned(), input)].into()));
    }
    if text.is_empty() {
        // So some providers write a call without arguments; one that was cut off looks the same.
        return (!is_cut).then(|| Value::Object([].into()));
    }
    Value::from_json(text.as_bytes()).ok()
}

/// Whether the application runs calls in this form.
fn runs_here(carrier: Carrier) -> bool {
    matches!(carrier, Carrier::Custom | Carrier::Function | Carrier::LegacyFunction)
}

fn mode(policy: &Policy) -> Mode {
    match policy.mode {
        policy::rule::Mode::Enforce => Mode::Enforce,
        policy::rule::Mode::Observe => Mode::Observe,
        policy::rule::Mode::Off => Mode::Off,
    }
}

fn on_refusal(policy: &Policy) -> OnRefusal {
    match policy.on_refusal {
        policy::rule::OnRefusal::TellModel => OnRefusal::TellModel,
        policy::rule::OnRefusal::Text => OnRefusal::Text,
    }
}

fn is_session(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_SESSION
}

/// What is said at the lowest rank.
struct Lowest<T>(Option<(usize, T)>);

impl<T> Default for Lowest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Lowest<T> {
    /// Takes what is said at this rank, if something is, and nothing was so low.
    fn offer(&mut self, rank: Option<usize>, said: impl FnOnce() -> Option<T>) {
        let Some(rank) = rank else { return };
        if self.0.as_ref().is_none_or(|(lowest, _)| rank < *lowest)
            && let Some(said) = said()
        {
            self.0 = Some((rank, said));
        }
    }

    fn found(self) -> Option<T> {
        self.0.map(|(_, said)| said)
    }
}
