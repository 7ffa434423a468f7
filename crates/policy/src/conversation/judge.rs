//! Calls in a conversation.

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
