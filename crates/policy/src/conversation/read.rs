//! Reading a conversation, segment by segment.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock};

use model::{Audience, Label, Trust};

use super::decided::{Decided, Question, decide};
use super::repeat::{MAX_COMPARED, Suspect, repeats};
use super::turn::{Outline, Remembered, Turn};
use super::{Answered, Asked, Conversation, Kind, Lookup, Origin, Read, Segment, Segments, Setting, Source};
use crate::compile::Policy;
use crate::decide::{Carried, Certain, Context, ToolName};
use crate::explain::{Fate, ResultDecision};
use crate::identity::{Declared, means, undo, unwrap};
use crate::memory::{Digest, Memory, has_files};

/// Most results of a conversation that may lend provenance; later ones do not.
const MAX_LOOKUPS: usize = 1000;

impl Policy {
    /// Reads a conversation: its label and what becomes of its results. `memory` makes that fast and changes nothing. Nor does
    /// `before`, a conversation with which this one begins: if what is [around](Segments::around) them is the same, their first
    /// segments have the same origins and say the same.
    pub fn read_conversation<S: Segments + ?Sized>(
        &self,
        segments: &S,
        setting: &Setting<'_>,
        memory: &Memory,
        before: Option<&Remembered>,
    ) -> Conversation {
        let read = |turn: &mut Turn, known| {
            let mut reading = Reading { memory, policy: self, setting, settled: Vec::new(), turn };
            (known..segments.count()).for_each(|at| reading.add(at, &segments.segment(at)));
        };
        if self.is_idle() && segments.count() == 0 {
            return Conversation::unread(setting.start.clone());
        }
        let start = || {
            let mut turn = Turn::default();
            turn.read.label = setting.start.clone();
            turn
        };
        if self.is_idle() {
            let mut turn = start();
            read(&mut turn, 0);
            return Arc::new(turn).into();
        }
        let before = before.and_then(Remembered::turn);
        let outline = Outline::of(self, segments, setting, memory, before.as_deref());
        let mut turn = match outline.known(segments, memory, before) {
            Some(turn) if turn.contents.len() == segments.count() => return turn.into(),
            Some(turn) => {
                // Nobody begins there again, most likely: then nothing is copied.
                memory.forget(turn.name);
                Arc::unwrap_or_clone(turn)
            }
            None => start(),
        };
        let known = turn.contents.len();
        read(&mut turn, known);
        outline.keep(turn, memory).into()
    }
}

/// Most decisions that are kept at hand while a conversation is read.
const MAX_SETTLED: usize = 64;

struct Reading<'a> {
    memory: &'a Memory,
    policy: &'a Policy,
    setting: &'a Setting<'a>,
    /// Decisions that hold whatever a result says.
    settled: Vec<Decided>,
    turn: &'a mut Turn,
}

impl Reading<'_> {
    /// The digest of the content of a segment.
    fn digest(&mut self, segment: usize, raw: &[u8]) -> Arc<Digest> {
        let digest = self.memory.digest(raw);
        if let Some(content) = self.turn.contents.get_mut(segment) {
            *content = Some(Arc::clone(&digest));
        }
        digest
    }

    fn add(&mut self, at: usize, segment: &Segment<'_>) {
        self.turn.contents.push(None);
        let label = match &segment.origin {
            Origin::Assistant => self.turn.read.label.clone(),
            Origin::Attachment => self.attachment(at, segment.raw),
            Origin::HostedTool(tool) => self.hosted(at, *tool, segment.raw),
            Origin::Result(answered) => self.result(at, answered, segment.raw),
            Origin::System => self.said(at, segment.raw, Kind::System),
            Origin::Unknown => {
                self.suspect(at, 0, String::new(), segment.raw);
                Label::of(Trust::Untrusted)
            }
            Origin::Unseen => Label::of(Trust::Untrusted),
            Origin::User => self.said(at, segment.raw, Kind::User),
        };
        let met = self.turn.read.label.meet(&label);
        if met.trust != self.turn.read.label.trust {
            self.turn.lowered_trust.get_or_insert(at);
        }
        if met.audience != self.turn.read.label.audience {
            self.turn.lowered_audience.get_or_insert(at);
        }
        self.turn.read.label = met;
        self.turn.read.lowered_by = self.turn.lowered_trust.or(self.turn.lowered_audience);
    }

    fn attachment(&mut self, at: usize, raw: &[u8]) -> Label {
        if self.setting.trusted_attachments {
            return Label::default();
        }
        self.suspect(at, 0, String::new(), raw);
        Label::of(Trust::Untrusted)
    }

    /// What a person or the application said. Whether it repeats a result is looked at here only where that can lower the
    /// label, else when something depends on it.
    fn said(&mut self, segment: usize, raw: &[u8], kind: Kind) -> Label {
        let is_user = matches!(kind, Kind::User);
        let is_open = is_user && self.setting.untrusted_users;
        if self.policy.is_idle() || (is_open && self.turn.read.suspects.is_empty() && !self.policy.asks) {
            return Label::of(if is_open { Trust::Untrusted } else { Trust::Trusted });
        }
        let digest = self.digest(segment, raw);
        let Read { compared, label, suspects, task, task_number, .. } = &mut self.turn.read;
        let can_lower = label.trust != Trust::Untrusted;
        if can_lower {
            *compared = compared.saturating_add(Suspect::bytes(suspects));
        }
        let is_repeated = || *compared > MAX_COMPARED || repeats(&digest, suspects);
        let trust = match is_open || (can_lower && is_repeated()) {
            true => Trust::Untrusted,
            false => Trust::Trusted,
        };
        if is_user && self.policy.asks {
            task.add(trust, &digest, suspects);
            *task_number = self.memory.row(*task_number, digest.serial());
            *task_number = self.memory.row(*task_number, Suspect::row(suspects));
            *task_number = self.memory.row(*task_number, trust as u64);
        }
        if trust == Trust::Trusted {
            let (brought, repeats) = (Vec::new(), OnceLock::new());
            self.turn.read.sources.push(Arc::new(Source { brought, digest, kind, repeats, segment }));
        }
        Label::of(trust)
    }

    /// What a tool of the provider said. It is never trusted, and cannot be withheld: what a rule would withhold is for
    /// nobody's eyes.
    fn hosted(&mut self, at: usize, tool: Option<ToolName<'_>>, raw: &[u8]) -> Label {
        let origin = Certain { carried: Carried::HostedTool, is_certain: false };
        let decision = self.decide(tool.as_slice(), origin, (at, raw));
        let name = tool.map(|tool| tool.name.to_owned()).unwrap_or_default();
        self.suspect(at, 0, name, raw);
        let audience = match decision.fate {
            Fate::Passes => decision.label.audience.clone(),
            Fate::Blocked | Fate::Unquarantined => Audience::readers::<&str>([]),
        };
        Label { trust: Trust::Untrusted, audience }
    }

    fn result(&mut self, at: usize, answered: &Answered<'_>, raw: &[u8]) -> Label {
        let wrapped: Vec<_> = answered.calls.iter().map(|call| self.wrapped(call)).collect();
        let calls = answered.calls.iter().zip(&wrapped);
        let inner: Vec<Option<ToolName<'_>>> = calls
            .map(|(call, digest)| match digest {
                None => Some(call.tool),
                Some(digest) => unwrap(self.policy, call.tool, digest.arguments()),
            })
            .collect();
        let is_wrapped = wrapped.iter().any(Option::is_some);
        let is_opaque = inner.iter().any(Option::is_none);
        let calls = answered.calls.iter().zip(&inner);
        let mut tools: Vec<ToolName<'_>> = calls.map(|(call, inner)| inner.unwrap_or(call.tool)).collect();
        // A result may state the wrapper's name.
        let all = answered.calls.iter().map(|call| call.tool).chain(tools.iter().copied());
        let own = answered.own_name.filter(|name| !all.clone().any(|tool| means(name, tool)));
        let is_foreign = answered.calls.iter().any(|call| call.is_foreign);
        let is_certain = tools.len() == 1 && own.is_none() && !is_foreign && !is_opaque;
        // What it calls itself may be stricter, never looser.
        tools.extend(own.map(|name| undo(self.policy, &Declared::default(), name, None)));
        let origin = Certain { carried: Carried::Tool, is_certain };
        let mut decision = self.decide(&tools, origin, (at, raw));
        if !is_certain && !tools.is_empty() {
            let unknown = self.decide(&[], origin, (at, raw));
            if unknown.action > decision.action {
                decision = unknown;
            }
        }
        let passes = decision.fate == Fate::Passes;
        let mut label = decision.label.clone();
        // Nobody reads pictures and files here.
        let has_files = (answered.has_files || has_files(raw)) && !self.setting.trusted_attachments;
        if passes && has_files {
            label = label.meet(&Label::of(Trust::Untrusted));
        }
        self.turn.read.results.push((at, decision));
        if self.policy.is_idle() {
            return label;
        }
        let number = self.turn.read.results.len();
        let name = tools.first().map(|tool| tool.name.to_owned()).unwrap_or_default();
        if passes && is_certain && !is_wrapped {
            self.lookup(at, number, answered, raw);
        }
        if passes && label.trust == Trust::Trusted {
            let brought = answered.calls.iter().filter_map(|call| call.arguments);
            let brought = brought.map(|arguments| self.memory.digest(arguments)).collect();
            let (digest, kind) = (self.digest(at, raw), Kind::Result(number, name));
            let repeats = OnceLock::new();
            self.turn.read.sources.push(Arc::new(Source { brought, digest, kind, repeats, segment: at }));
        } else {
            self.suspect(at, number, name, raw);
        }
        label
    }

    /// The arguments of a call of a wrapper.
    fn wrapped(&self, call: &Asked<'_>) -> Option<Arc<Digest>> {
        self.policy.wrapper(call.tool)?;
        Some(self.memory.digest(call.arguments.unwrap_or_default()))
    }

    /// Notes a result that may lend provenance. One that came through a wrapper does not.
    fn lookup(&mut self, segment: usize, number: usize, answered: &Answered<'_>, raw: &[u8]) {
        let Some(call) = answered.calls.first() else { return };
        let Some(arguments) = call.arguments else { return };
        let lending = self.policy.lending(call.tool);
        if (!lending.endorses && lending.yields.is_empty()) || self.turn.read.lookups.len() >= MAX_LOOKUPS {
            return;
        }
        let digest = self.digest(segment, raw);
        self.turn.read.lookups.push(Arc::new(Lookup {
            arguments: self.memory.digest(arguments),
            digest,
            endorses: lending.endorses,
            fields: OnceLock::new(),
            is_named: OnceLock::new(),
            is_vouched: Mutex::default(),
            name: call.tool.name.to_owned(),
            number,
            picked: Mutex::default(),
            segment,
            server: call.tool.server.map(str::to_owned),
            yields: !lending.yields.is_empty(),
        }));
    }

    fn suspect(&mut self, segment: usize, number: usize, tool: String, raw: &[u8]) {
        if self.policy.is_idle() {
            return;
        }
        let digest = self.digest(segment, raw);
        let suspects = &mut self.turn.read.suspects;
        let suspect = Suspect::new(suspects, digest, (number, segment, tool), self.memory);
        suspects.push(Arc::new(suspect));
    }

    fn decide(
        &mut self,
        tools: &[ToolName<'_>],
        origin: Certain,
        (segment, raw): (usize, &[u8]),
    ) -> Arc<ResultDecision> {
        let policy = self.policy;
        let question = question_on(policy, &self.turn.read, self.setting, origin, tools);
        if let Some(decided) = self.settled.iter().find(|decided| decided.answers(&question)) {
            return decided.decision();
        }
        if policy.looks_at_results(tools) {
            let digest = self.digest(segment, raw);
            let content = |format| digest.content(format).map(Cow::Borrowed);
            let question = question_on(policy, &self.turn.read, self.setting, origin, tools);
            return decide(&digest, &question, || {
                policy.decide_answer(tools, origin, &content, &question.context)
            });
        }
        let decision = Arc::new(policy.decide_answer(tools, origin, &|_| None, &question.context));
        if self.settled.len() >= MAX_SETTLED {
            self.settled.remove(0);
        }
        self.settled.push(Decided::new(&question, Arc::clone(&decision)));
        decision
    }
}

fn question_on<'q>(
    policy: &Policy,
    read: &'q Read,
    setting: &'q Setting<'_>,
    origin: Certain,
    tools: &'q [ToolName<'q>],
) -> Question<'q> {
    let context = Context {
        agent: setting.agent,
        label: &read.label,
        lowered_by: None,
        task: &read.task,
        team: setting.team,
        user: setting.user,
    };
    Question { context, origin, policy: policy.serial, task: read.task_number, tools }
}
