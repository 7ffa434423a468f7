//! Calls in a conversation.

use model::Verdict;

use super::{Conversation, Setting};
use crate::compile::Policy;
use crate::decide::{Call, Context};
use crate::explain::CallDecision;
use crate::identity::{Declared, resolve, undo};
use crate::provenance::Sources;

impl Conversation {
    /// Whether a call that the model asks for now may happen. `policy` and `setting` are those with which the
    /// conversation was read.
    pub fn decide_call(&self, policy: &Policy, call: &Call<'_>, setting: &Setting<'_>) -> CallDecision {
        let sources = Sources::new(self, policy, call.parameters);
        policy.decide_call(call, &self.context(setting), &sources)
    }

    /// The decision on a call of this name, if it is the same whatever the arguments are.
    pub fn settled(
        &self,
        policy: &Policy,
        declared: &Declared,
        name: &str,
        namespace: Option<&str>,
        setting: &Setting<'_>,
    ) -> Option<CallDecision> {
        let tool = undo(policy, declared, name, namespace);
        if declared.find(name, namespace).is_err() {
            let refused = resolve(policy, declared, name, namespace, None);
            return Some(self.decide_call(policy, &refused.call(false), setting));
        }
        policy.settled(tool, &self.context(setting))
    }

    /// Whether a call of a declared tool that the application runs could be refused, or has to be approved. If not,
    /// nothing need be held.
    pub fn may_refuse(&self, policy: &Policy, declared: &Declared, setting: &Setting<'_>) -> bool {
        declared.names().filter(|(_, _, is_hosted)| !is_hosted).any(|(name, namespace, _)| {
            let decided = self.settled(policy, declared, name, namespace, setting);
            decided.is_none_or(|decision| decision.verdict != Verdict::Allow)
        })
    }

    /// The context of what the model says now.
    pub fn context<'a>(&'a self, setting: &Setting<'a>) -> Context<'a> {
        Context {
            agent: setting.agent,
            label: &self.label,
            lowered_by: self.lowered_by,
            task: &self.task,
            team: setting.team,
            user: setting.user,
        }
    }
}
