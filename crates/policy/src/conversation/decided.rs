//! Decisions on results that were made before.

use std::sync::{Arc, PoisonError};

use model::Trust;

use crate::decide::{Certain, Context, ToolName};
use crate::explain::ResultDecision;
use crate::memory::Digest;

/// Most decisions that are remembered of one content.
const MAX_DECIDED: usize = 4;

/// About how many bytes one takes for each rule that took part.
const BYTES: usize = 512;

/// A decision on a content and all that it depends on beside it.
#[derive(Debug)]
pub(crate) struct Decided {
    agent: String,
    decision: Arc<ResultDecision>,
    origin: Certain,
    policy: u64,
    task: u64,
    team: Option<String>,
    tools: Vec<(Option<String>, String)>,
    trust: Trust,
    user: Option<String>,
}

/// What a decision depends on beside the content: the policy and the task by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub context: Context<'a>,
    pub origin: Certain,
    pub policy: u64,
    pub task: u64,
    pub tools: &'a [ToolName<'a>],
}

impl Decided {
    pub(super) fn new(question: &Question<'_>, decision: Arc<ResultDecision>) -> Self {
        let context = &question.context;
        let name = |tool: &ToolName<'_>| (tool.server.map(str::to_owned), tool.name.to_owned());
        Self {
            agent: context.agent.to_owned(),
            decision,
            origin: question.origin,
            policy: question.policy,
            task: question.task,
            team: context.team.map(str::to_owned),
            tools: question.tools.iter().map(name).collect(),
            trust: context.label.trust,
            user: context.user.map(str::to_owned),
        }
    }

    pub(super) fn decision(&self) -> Arc<ResultDecision> {
        Arc::clone(&self.decision)
    }

    pub(super) fn answers(&self, question: &Question<'_>) -> bool {
        let context = &question.context;
        let tools = question.tools.iter().map(|tool| (tool.server, tool.name));
        let own = self.tools.iter().map(|(server, name)| (server.as_deref(), name.as_str()));
        self.policy == question.policy
            && self.task == question.task
            && self.origin == question.origin
            && self.trust == context.label.trust
            && self.agent == context.agent
            && self.team.as_deref() == context.team
            && self.user.as_deref() == context.user
            && own.eq(tools)
    }
}

/// The decision on this content: that which is remembered, or a new one.
pub(super) fn decide(
    digest: &Digest,
    question: &Question<'_>,
    make: impl FnOnce() -> ResultDecision,
) -> Arc<ResultDecision> {
    let known = digest.decided.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(decided) = known.iter().find(|decided| decided.answers(question)) {
        return decided.decision();
    }
    drop(known);
    let decision = Arc::new(make());
    digest.grow(BYTES.saturating_mul(decision.matched.len().saturating_add(1)));
    let mut known = digest.decided.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MAX_DECIDED {
        known.remove(0);
    }
    known.push(Decided::new(question, Arc::clone(&decision)));
    decision
}
