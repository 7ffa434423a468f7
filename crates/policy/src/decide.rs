//! Decisions: may this call happen, what becomes of this result.
//!
//! Both take the rules of every entry whose pattern matches the tool. Among the conditional rules that match, the
//! strictest decides; if none does, the strictest unconditional one; if there is none, the default. A condition that
//! is unknown counts as a match where the rule would refuse or ask, and as none where it would let through; a match
//! of that kind alone does not push the unconditional rule aside: the stricter of both decides.
//!
//! Conditions may look at the context's trust. So that less trust never allows more, a decision then is the strictest
//! of those that the context would get at its own trust and at every higher one.

mod call;
mod content;
mod leaves;
mod result;

use model::{Label, Trust};

pub(crate) use call::in_list;
pub use call::{Call, Leaf, Provenance};
pub(crate) use content::read as read_content;
pub(crate) use leaves::Leaves;
pub use leaves::MAX_LEAVES;
pub use result::{Answer, Carried};
pub(crate) use result::{Certain, format};

use crate::matcher::task::Task;
use crate::matcher::{Subject, Truth};
use crate::value::Value;

/// A tool by name, client spellings undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolName<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its server or namespace.
    pub server: Option<&'a str>,
}

/// In what context something is decided.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The agent's slug.
    pub agent: &'a str,
    /// What may be done with what the context holds.
    pub label: &'a Label,
    /// The first segment that lowered the label; for explanations only.
    pub lowered_by: Option<usize>,
    /// What the person asked for.
    pub task: &'a Task,
    /// The caller's team, if the caller is authenticated.
    pub team: Option<&'a str>,
    /// The caller, if authenticated.
    pub user: Option<&'a str>,
}

/// The facts of a context as values that conditions look at.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    agent: Value,
    origin: Option<Value>,
    task: &'a Task,
    team: Option<Value>,
    trust: Value,
    user: Option<Value>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(context: &Context<'a>, origin: Option<&str>, trust: Trust) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        Self {
            agent: text(context.agent),
            origin: origin.map(text),
            task: context.task,
            team: context.team.map(text),
            trust: text(trust.name()),
            user: context.user.map(text),
        }
    }

    pub(crate) fn subject<'b>(&'b self, root: Option<&'b Value>) -> Subject<'b> {
        Subject {
            agent: &self.agent,
            origin: self.origin.as_ref(),
            root,
            task: self.task,
            team: self.team.as_ref(),
            trust: &self.trust,
            user: self.user.as_ref(),
        }
    }
}

/// The levels of trust at which a decision is made: the context's own first.
fn levels(own: Trust, asked_for: bool) -> impl Iterator<Item = Trust> {
    Trust::ALL.into_iter().filter(move |level| *level == own || (asked_for && *level > own))
}

/// A rule that takes part.
#[derive(Debug)]
struct Candidate<R> {
    rule: R,
    truth: Truth,
}

/// Of the rules of a tool those among which the strictest decides, as [`decide`](self) says. `loosens` says of a rule
/// whether it would let through what is decided about.
fn candidates<R: Copy>(
    rules: impl Iterator<Item = (R, Option<Truth>)>,
    default: R,
    mut loosens: impl FnMut(R) -> bool,
) -> Vec<Candidate<R>> {
    let (mut conditional, mut rest) = (Vec::new(), Vec::new());
    for (rule, truth) in rules {
        match truth {
            None => rest.push(Candidate { rule, truth: Truth::True }),
            Some(Truth::True) => conditional.push(Candidate { rule, truth: Truth::True }),
            Some(Truth::Unknown) if !loosens(rule) => {
                conditional.push(Candidate { rule, truth: Truth::Unknown });
            }
            Some(Truth::Unknown | Truth::False) => {}
        }
    }
    if rest.is_empty() {
        rest.push(Candidate { rule: default, truth: Truth::True });
    }
    if !conditional.iter().any(|candidate| candidate.truth == Truth::True) {
        conditional.append(&mut rest);
    }
    conditional
}

#[cfg(test)]
mod tests;
