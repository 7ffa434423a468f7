//! What was decided in an exchange, as it is recorded: rules, labels and places, never content.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Audience, Label, Mode, Verdict};
use policy::explain::Source;
use policy::{CallDecision, Conversation, ResultDecision};
use serde::Serialize;

use crate::clock;
use crate::policies::Revision;
use crate::record::{Object, name};
use crate::tools::{Fingerprint, digits};

/// Most decisions that are recorded of one exchange; the rest is counted.
const MOST: usize = 256;

/// Longest name of a tool that is recorded, in characters.
const LONGEST: usize = 128;

/// The decisions of one exchange, as far as they were made: the guard adds, the record says.
#[derive(Clone, Debug)]
pub(crate) struct Said(Arc<Mutex<Judgement>>);

impl Said {
    pub(super) fn new(revision: &Arc<Revision>, mode: Mode) -> Self {
        Self(Arc::new(Mutex::new(Judgement::new(revision, mode))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Judgement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is recorded of them.
    pub(crate) fn write(&self, out: &mut Object<'_>) {
        self.lock().write(out);
    }
}

/// Decisions of one exchange.
#[derive(Debug)]
pub(super) struct Judgement {
    revision: Arc<Revision>,
    mode: &'static str,
    /// How far the conversation is trusted, and who may see it.
    context: Option<Context>,
    results: Vec<OfResult>,
    /// Results of earlier turns that go on to the model; they are listed where they were new.
    known: u64,
    calls: Vec<OfCall>,
    /// Decisions beyond those listed.
    unlisted: u64,
    refused: u64,
    withheld: u64,
    /// Calls of tools that were declared otherwise when they were called last.
    changed: u64,
    /// How often the model was told of refusals and asked again.
    asked_again: u64,
    /// What judging calls took, together.
    judging_us: u64,
}

#[derive(Debug)]
struct Context {
    label: Label,
    /// Place of the first segment that lowered it.
    lowered_by: Option<usize>,
}

#[derive(Debug, Serialize)]
struct OfResult {
    segment: Option<usize>,
    tool: Option<String>,
    action: &'static str,
    fate: &'static str,
    trust: &'static str,
    rule: Option<String>,
}

#[derive(Debug, Serialize)]
struct OfCall {
    decision: String,
    tool: String,
    /// Beginning of the SHA-256 of the tool's declaration.
    #[serde(skip_serializing_if = "Option::is_none")]
    declaration: Option<String>,
    /// It was another one before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    action: &'static str,
    rule: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matched: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<Argument>,
}

#[derive(Debug, Serialize)]
struct Argument {
    path: String,
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
}

impl Judgement {
    pub(super) fn new(revision: &Arc<Revision>, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Enforce => "enforce",
            Mode::Observe => "observe",
            Mode::Off => "off",
        };
        Self {
            revision: Arc::clone(revision),
            mode,
            context: None,
            results: Vec::new(),
            known: 0,
            calls: Vec::new(),
            unlisted: 0,
            refused: 0,
            withheld: 0,
            changed: 0,
            asked_again: 0,
            judging_us: 0,
        }
    }

    fn write(&self, out: &mut Object<'_>) {
        out.text(name!("revision"), Some(&self.revision.id));
        out.word(name!("mode"), Some(self.mode));
        match &self.context {
            None => out.text(name!("context"), None),
            Some(Context { label, lowered_by }) => out.object(name!("context"), |out| {
                out.word(name!("trust"), Some(label.trust.name()));
                if let Audience::Readers(names) = &label.audience {
                    out.list(name!("audience"), &names.iter().collect::<Vec<_>>());
                }
                if lowered_by.is_some() {
                    out.number(name!("lowered_by"), *lowered_by);
                }
            }),
        }
        out.list(name!("results"), &self.results);
        out.number(name!("known"), Some(self.known));
        out.list(name!("calls"), &self.calls);
        out.number(name!("unlisted"), Some(self.unlisted));
        out.number(name!("refused"), Some(self.refused));
        out.number(name!("withheld"), Some(self.withheld));
        out.number(name!("changed"), Some(self.changed));
        out.number(name!("asked_again"), Some(self.asked_again));
        out.number(name!("judging_us"), Some(self.judging_us));
    }

    /// The label of the conversation, and the segment of the request that lowered it first.
    pub(super) fn context(&mut self, read: &Conversation, lowered_by: Option<usize>) {
        self.context = Some(Context { label: read.label.clone(), lowered_by });
    }

    /// Counts results that were listed in an earlier turn.
    pub(super) fn known(&mut self, results: u64) {
        self.known = self.known.saturating_add(results);
    }

    pub(super) fn result(&mut self, segment: Option<usize>, tool: Option<&str>, decision: &ResultDecision) {
        if decision.fate != policy::Fate::Passes {
            self.withheld = self.withheld.saturating_add(1);
        }
        if self.results.len() >= MOST {
            self.unlisted = self.unlisted.saturating_add(1);
            return;
        }
        self.results.push(OfResult {
            segment,
            tool: tool.map(shortened),
            action: decision.action.name(),
            fate: decision.fate.name(),
            trust: decision.label.trust.name(),
            rule: rule(&decision.source),
        });
    }

    /// Notes the decision on a call; its id.
    pub(super) fn call(
        &mut self,
        tool: &str,
        decision: &CallDecision,
        declared: Option<(Fingerprint, bool)>,
    ) -> String {
        let id = clock::id(clock::wall()).to_string();
        let (verdict, why) = match decision.verdict {
            Verdict::Allow => ("allow", None),
            Verdict::Approval => ("approval", None),
            Verdict::Refuse(refusal) => ("refuse", Some(refusal.name())),
        };
        if decision.verdict != Verdict::Allow {
            self.refused = self.refused.saturating_add(1);
        }
        let changed = declared.is_some_and(|(_, changed)| changed);
        self.changed = self.changed.saturating_add(changed.into());
        if self.calls.len() >= MOST {
            self.unlisted = self.unlisted.saturating_add(1);
            return id;
        }
        let matched = decision.matched.iter().map(|matched| {
            let causes: Vec<String> = matched.causes.iter().map(ToString::to_string).collect();
            format!("{}: {} ({})", matched.source, matched.action.name(), causes.join("; "))
        });
        let arguments = decision.arguments.iter().take(MOST).map(|argument| Argument {
            path: shortened(&argument.path),
            origin: argument.origin.clone(),
            seen: argument.seen.clone(),
        });
        self.calls.push(OfCall {
            decision: id.clone(),
            tool: shortened(tool),
            declaration: declared.map(|(fingerprint, _)| digits(fingerprint)),
            changed,
            verdict,
            why,
            action: decision.action.name(),
            rule: rule(&decision.source),
            matched: matched.take(MOST).collect(),
            arguments: arguments.collect(),
        });
        id
    }

    pub(super) fn asked_again(&mut self) {
        self.asked_again = self.asked_again.saturating_add(1);
    }

    pub(super) fn took(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.judging_us = self.judging_us.saturating_add(micros);
    }

    /// The first decision that refused a call.
    pub(super) fn refusal(&self) -> Option<&str> {
        let refused = self.calls.iter().find(|call| call.verdict != "allow");
        refused.map(|call| call.decision.as_str())
    }
}

fn rule(source: &Source) -> Option<String> {
    match source {
        Source::Default => None,
        Source::Rule { .. } => Some(source.to_string()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
