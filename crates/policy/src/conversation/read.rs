//! Reading a conversation, segment by segment.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use model::{Audience, Label, Trust};

use super::decided::{Question, decide};
use super::repeat::{Suspect, repeats};
use super::{Answered, Asked, Conversation, Kind, Lookup, Origin, Segment, Setting, Source};
use crate::compile::Policy;
use crate::decide::{Carried, Certain, Context, ToolName};
use crate::explain::{Fate, ResultDecision};
use crate::identity::{Declared, means, undo, unwrap};
use crate::matcher::task::Task;
use crate::memory::{Digest, Memory};

/// Most results of a conversation that may lend provenance; later ones do not.
const MAX_LOOKUPS: usize = 1000;

impl Policy {
    /// Reads a conversation: its label and what becomes of its results. `memory` makes that fast and changes nothing.
    pub fn read_conversation(
        &self,
        segments: &[Segment<'_>],
        setting: &Setting<'_>,
        memory: &Memory,
    ) -> Conversation {
        let mut reading = Reading::new(self, setting, memory);
        for (at, segment) in segments.iter().enumerate() {
            reading.add(at, segment);
        }
        let mut read = reading.read;
        read.lowered_by = reading.lowered_trust.or(reading.lowered_audience);
        read
    }
}

struct Reading<'a> {
    lowered_audience: Option<usize>,
    lowered_trust: Option<usize>,
    memory: &'a Memory,
    policy: &'a Policy,
    read: Conversation,
    setting: &'a Setting<'a>,
    /// A name for the task so far.
    task: u64,
}

impl<'a> Reading<'a> {
    fn new(policy: &'a Policy, setting: &'a Setting<'a>, memory: &'a Memory) -> Self {
        let read = Conversation {
            label: setting.start.clone(),
            lowered_by: None,
            results: Vec::new(),
            segments: Vec::new(),
            task: Task::default(),
            lookups: Vec::new(),
            sources: Vec::new(),
            suspects: Vec::new(),
        };
        Self { lowered_audience: None, lowered_trust: None, memory, policy, read, setting, task: 0 }
    }

    fn add(&mut self, at: usize, segment: &Segment<'_>) {
        let label = match &segment.origin {
            Origin::Assistant => self.read.label.clone(),
            Origin::Attachment => self.attachment(at, segment.raw),
            Origin::HostedTool(tool) => self.hosted(at, *tool, segment.raw),
            Origin::Result(answered) => self.result(at, answered, segment.raw),
            Origin::System => self.said(at, segment.raw, Kind::System),
            Origin::Unknown => {
                self.suspect(at, 0, String::new(), self.memory.digest(segment.raw));
                Label::of(Trust::Untrusted)
            }
            Origin::Unseen => Label::of(Trust::Untrusted),
            Origin::User => self.said(at, segment.raw, Kind::User),
        };
        let met = self.read.label.meet(&label);
        if met.trust != self.read.label.trust {
            self.lowered_trust.get_or_insert(at);
        }
        if met.audience != self.read.label.audience {
            self.lowered_audience.get_or_insert(at);
        }
        self.read.label = met;
        self.read.segments.push(label);
    }

    fn attachment(&mut self, at: usize, raw: &[u8]) -> Label {
        if self.setting.trusted_attachments {
            return Label::default();
        }
        self.suspect(at, 0, String::new(), self.memory.digest(raw));
        Label::of(Trust::Untrusted)
    }

    /// What a person or the application said.
    fn said(&mut self, segment: usize, raw: &[u8], kind: Kind) -> Label {
        let is_user = matches!(kind, Kind::User);
        let is_open = is_user && self.setting.untrusted_users;
        let needs_digest = !self.read.suspects.is_empty() || !is_open || self.policy.asks;
        if !needs_digest {
            return Label::of(Trust::Untrusted);
        }
        let digest = self.memory.digest(raw);
        let trust = match is_open || repeats(&digest, &self.read.suspects) {
            true => Trust::Untrusted,
            false => Trust::Trusted,
        };
        if is_user && self.policy.asks {
            self.read.task.add(trust, Arc::clone(digest.folded()));
            self.task = self.memory.row(self.memory.row(self.task, digest.serial()), trust as u64);
        }
        if trust == Trust::Trusted {
            self.read.sources.push(Source { brought: Vec::new(), digest, kind, segment });
        }
        Label::of(trust)
    }

    /// What a tool of the provider said. It is never trusted, and cannot be withheld: what a rule would withhold is for
    /// nobody's eyes.
    fn hosted(&mut self, at: usize, tool: Option<ToolName<'_>>, raw: &[u8]) -> Label {
        let digest = self.memory.digest(raw);
        let origin = Certain { carried: Carried::HostedTool, is_certain: false };
        let decision = self.decide(tool.as_slice(), origin, &digest);
        let name = tool.map(|tool| tool.name.to_owned()).unwrap_or_default();
        self.suspect(at, 0, name, digest);
        let audience = match decision.fate {
            Fate::Passes => decision.label.audience,
            Fate::Blocked | Fate::Unquarantined => Audience::readers::<&str>([]),
        };
        Label { trust: Trust::Untrusted, audience }
    }

    fn result(&mut self, at: usize, answered: &Answered<'_>, raw: &[u8]) -> Label {
        let digest = self.memory.digest(raw);
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
        let mut decision = self.decide(&tools, origin, &digest);
        if !is_certain && !tools.is_empty() {
            let unknown = self.decide(&[], origin, &digest);
            if unknown.action > decision.action {
                decision = unknown;
            }
        }
        let number = self.read.results.len().saturating_add(1);
        let name = tools.first().map(|tool| tool.name.to_owned()).unwrap_or_default();
        let passes = decision.fate == Fate::Passes;
        let mut label = decision.label.clone();
        // Nobody reads pictures and files here.
        let has_files = (answered.has_files || digest.has_files()) && !self.setting.trusted_attachments;
        if passes && has_files {
            label = label.meet(&Label::of(Trust::Untrusted));
        }
        self.read.results.push((at, decision));
        if passes && is_certain && !is_wrapped {
            self.lookup(at, number, answered, &digest);
        }
        if passes && label.trust == Trust::Trusted {
            let brought = answered.calls.iter().filter_map(|call| call.arguments);
            let brought = brought.map(|arguments| self.memory.digest(arguments)).collect();
            let kind = Kind::Result(number, name);
            self.read.sources.push(Source { brought, digest, kind, segment: at });
        } else {
            self.suspect(at, number, name, digest);
        }
        label
    }

    /// The arguments of a call of a wrapper.
    fn wrapped(&self, call: &Asked<'_>) -> Option<Arc<Digest>> {
        self.policy.wrapper(call.tool)?;
        Some(self.memory.digest(call.arguments.unwrap_or_default()))
    }

    /// Notes a result that may lend provenance. One that came through a wrapper does not.
    fn lookup(&mut self, segment: usize, number: usize, answered: &Answered<'_>, digest: &Arc<Digest>) {
        let Some(call) = answered.calls.first() else { return };
        let Some(arguments) = call.arguments else { return };
        let lending = self.policy.lending(call.tool);
        if (!lending.endorses && lending.yields.is_empty()) || self.read.lookups.len() >= MAX_LOOKUPS {
            return;
        }
        self.read.lookups.push(Lookup {
            arguments: self.memory.digest(arguments),
            digest: Arc::clone(digest),
            endorses: lending.endorses,
            fields: OnceLock::new(),
            is_named: OnceLock::new(),
            is_vouched: OnceLock::new(),
            name: call.tool.name.to_owned(),
            number,
            segment,
            server: call.tool.server.map(str::to_owned),
            yields: !lending.yields.is_empty(),
        });
    }

    fn suspect(&mut self, segment: usize, number: usize, tool: String, digest: Arc<Digest>) {
        let suspects = &mut self.read.suspects;
        let suspect = Suspect::new(suspects, digest, (number, segment, tool), self.memory);
        suspects.push(suspect);
    }

    fn decide(&self, tools: &[ToolName<'_>], origin: Certain, digest: &Digest) -> ResultDecision {
        let context = Context {
            agent: self.setting.agent,
            label: &self.read.label,
            lowered_by: None,
            task: &self.read.task,
            team: self.setting.team,
            user: self.setting.user,
        };
        let policy = self.policy.serial;
        let question = Question { context: &context, origin, policy, task: self.task, tools };
        decide(digest, &question, || {
            let content = |format| digest.content(format).map(Cow::Borrowed);
            self.policy.decide_answer(tools, origin, &content, &context)
        })
    }
}
