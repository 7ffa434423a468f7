//! Calls.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use model::{Audience, Refusal, Trust, Verdict};

use super::leaves::Leaves;
use super::{Candidate, Context, Facts, ToolName, candidates, levels};
use crate::compile::{CallRule, Policy, Tool};
use crate::error::Place;
use crate::explain::{Argument, CallDecision, Matched, Source};
use crate::identity::Parameters;
use crate::matcher::members::Members;
use crate::matcher::path::{Item, Path};
use crate::matcher::{Matcher, Truth};
use crate::rule::CallAction;
use crate::value::Value;

/// A call that the model asks for.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// A person approved exactly this call.
    pub approved: bool,
    /// What it was called with; none if that cannot be read. Such a call is refused.
    pub arguments: Option<&'a Value>,
    /// What the declaration of the tool says of its parameters, if it is known. Arguments that it does not have are
    /// sensitive; where it forbids them, the call cannot be judged.
    pub parameters: Option<&'a Parameters>,
    /// Why it is refused, whatever the rules say: it cannot be told which tool it is.
    pub refused: Option<Refusal>,
    /// The tool.
    pub tool: ToolName<'a>,
    /// Names of arguments that the tool's schema does not have. They are sensitive, whatever the rules name.
    pub undeclared: &'a [String],
}

/// One value of a sensitive argument.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Where it stands among the arguments.
    pub path: &'a str,
    /// The tool.
    pub tool: ToolName<'a>,
    /// The value.
    pub value: &'a Value,
}

/// Knows where values come from.
pub trait Provenance {
    /// Where this value comes from that is trusted, in words for the explanation; none if nowhere.
    fn origin(&self, leaf: Leaf<'_>) -> Option<String>;

    /// Where a value was seen that has no origin, in words for the explanation; none if nowhere, or nobody looked.
    fn seen(&self, _leaf: Leaf<'_>) -> Option<String> {
        None
    }
}

impl<F: Fn(Leaf<'_>) -> Option<String>> Provenance for F {
    fn origin(&self, leaf: Leaf<'_>) -> Option<String> {
        self(leaf)
    }
}

/// A rule as it applies to one call.
#[derive(Clone, Copy, Debug)]
struct Applied<'a> {
    action: CallAction,
    at_least: Trust,
    /// What it requires besides is not there.
    is_unmet: bool,
    reason: Option<&'a str>,
    source: Option<(&'a str, Place)>,
    when: Option<&'a Matcher>,
}

impl Policy {
    /// Whether a call may happen.
    pub fn decide_call(
        &self,
        call: &Call<'_>,
        context: &Context<'_>,
        provenance: &dyn Provenance,
    ) -> CallDecision {
        if let Some(refusal) = call.refused {
            return refused(refusal, context);
        }
        let Some(arguments) = call.arguments else { return refused(Refusal::NotJudgeable, context) };
        let extra = call.parameters.map(|parameters| parameters.extra(arguments)).unwrap_or_default();
        if extra.is_forbidden && self.settled(call.tool, context).is_none() {
            return refused(Refusal::NotJudgeable, context);
        }
        let mut undeclared = Cow::Borrowed(call.undeclared);
        if !extra.names.is_empty() {
            undeclared.to_mut().extend(extra.names);
        }
        let entries = self.entries(call.tool.server, call.tool.name);
        let judge = Judge {
            arguments,
            call,
            context,
            entries: &entries,
            looked: Cell::new(false),
            policy: self,
            provenance,
            undeclared: &undeclared,
        };
        judge.decide()
    }

    /// The decision on a call of this tool, if it is the same whatever the arguments are; then a gate need not wait
    /// for them. (Also when they turn out to be none that can be read: nobody would have read them.)
    pub fn settled(&self, tool: ToolName<'_>, context: &Context<'_>) -> Option<CallDecision> {
        let entries = self.entries(tool.server, tool.name);
        let is_open = context.label.audience == Audience::Everyone;
        let depends = |rule: &CallRule| {
            rule.when.as_ref().is_some_and(Matcher::looks_inside) || (rule.requires.is_some() && !is_open)
        };
        if self.wrapper(tool).is_some() || entries.iter().flat_map(|tool| &tool.calls).any(depends) {
            return None;
        }
        let nothing = Value::Null;
        let call = Call {
            approved: false,
            arguments: Some(&nothing),
            parameters: None,
            refused: None,
            tool,
            undeclared: &[],
        };
        let judge = Judge {
            arguments: &nothing,
            call: &call,
            context,
            entries: &entries,
            looked: Cell::new(false),
            policy: self,
            provenance: &|_: Leaf<'_>| None,
            undeclared: &[],
        };
        let decided = judge.decide();
        // A person approves arguments.
        (!judge.looked.get() && decided.verdict != Verdict::Approval).then_some(decided)
    }
}

fn refused(refusal: Refusal, context: &Context<'_>) -> CallDecision {
    CallDecision {
        action: CallAction::Block,
        arguments: Vec::new(),
        label: context.label.clone(),
        lowered_by: context.lowered_by,
        matched: Vec::new(),
        reason: None,
        source: Source::Default,
        verdict: Verdict::Refuse(refusal),
    }
}

struct Judge<'a> {
    arguments: &'a Value,
    call: &'a Call<'a>,
    context: &'a Context<'a>,
    entries: &'a [&'a Tool],
    /// The decision looked at where arguments come from.
    looked: Cell<bool>,
    policy: &'a Policy,
    provenance: &'a dyn Provenance,
    undeclared: &'a [String],
}

/// Where the sensitive arguments come from; `Err` if they are more than is looked at.
type Origins = Result<Vec<Argument>, ()>;

impl<'a> Judge<'a> {
    fn decide(&self) -> CallDecision {
        let own = self.context.label.trust;
        let origins = OnceCell::new();
        let asked_for = self.entries.iter().flat_map(|tool| &tool.calls).any(|rule| rule.asks_for_trust());
        let mut decided = self.at_level(own, &origins);
        for level in levels(own, asked_for).filter(|level| *level != own) {
            let other = self.at_level(level, &origins);
            if class(other.verdict) > class(decided.verdict) {
                decided = other;
            }
        }
        decided.arguments = match origins.into_inner() {
            Some(Ok(arguments)) => arguments,
            Some(Err(())) | None => Vec::new(),
        };
        decided
    }

    fn rules(&self) -> impl Iterator<Item = Applied<'a>> {
        let context = self.context;
        self.entries.iter().flat_map(|tool| tool.calls.iter().map(move |rule| (tool, rule))).map(
            move |(tool, rule)| Applied {
                action: rule.action,
                at_least: rule.at_least,
                is_unmet: rule
                    .requires
                    .as_ref()
                    .is_some_and(|path| !self.may_see(&context.label.audience, path)),
                reason: rule.reason.as_deref(),
                source: Some((&tool.pattern, rule.place)),
                when: rule.when.as_ref(),
            },
        )
    }

    fn at_level(&self, level: Trust, origins: &OnceCell<Origins>) -> CallDecision {
        let facts = Facts::new(self.context, None, level);
        let subject = facts.subject(Some(self.arguments));
        let default = Applied {
            action: self.policy.call.unwrap_or(CallAction::TrustedArguments),
            at_least: Trust::Trusted,
            is_unmet: false,
            reason: None,
            source: None,
            when: None,
        };
        let rules = self.rules().map(|rule| (rule, rule.when.map(|when| when.holds(&subject))));
        let found = candidates(rules, default, |rule| self.verdict(&rule, level, origins) == Verdict::Allow);
        let decides = found.iter().map(|candidate| candidate.rule).max_by_key(strictness).unwrap_or(default);
        let matched = found.iter().map(|Candidate { rule, truth }| {
            let mut causes = Vec::new();
            if let Some(when) = rule.when {
                when.explain(&subject, &mut causes);
            }
            Matched { action: rule.action, causes, source: source(rule), truth: *truth }
        });
        CallDecision {
            action: decides.action,
            arguments: Vec::new(),
            label: self.context.label.clone(),
            lowered_by: self.context.lowered_by,
            matched: matched.collect(),
            reason: decides.reason.map(str::to_owned),
            source: source(&decides),
            verdict: self.verdict(&decides, level, origins),
        }
    }

    /// What the rule alone would say.
    fn verdict(&self, rule: &Applied<'_>, level: Trust, origins: &OnceCell<Origins>) -> Verdict {
        match rule.action {
            CallAction::Block => Verdict::Refuse(Refusal::Blocked),
            _ if rule.is_unmet => Verdict::Refuse(Refusal::Audience),
            CallAction::Allow => Verdict::Allow,
            CallAction::Approval if self.call.approved => Verdict::Allow,
            CallAction::Approval => Verdict::Approval,
            CallAction::TrustedContext if level >= rule.at_least => Verdict::Allow,
            CallAction::TrustedContext => Verdict::Refuse(Refusal::UntrustedContext),
            CallAction::TrustedArguments if level == Trust::Trusted => Verdict::Allow,
            CallAction::TrustedArguments => match origins.get_or_init(|| self.origins()) {
                Ok(all) if all.iter().all(|argument| argument.origin.is_some()) => Verdict::Allow,
                Ok(_) => Verdict::Refuse(Refusal::UntrustedArguments),
                Err(()) => Verdict::Refuse(Refusal::NotJudgeable),
            },
        }
    }

    /// Whether the tool has one of the arguments that the rules name as sensitive. If it declares none of them, the rules
    /// were written for another tool, and nothing is known of this one.
    fn fits(&self) -> bool {
        let Some(parameters) = self.call.parameters else { return true };
        let mut named = self.entries.iter().filter_map(|tool| tool.sensitive.as_ref()).flatten().peekable();
        named.peek().is_none() || named.any(|path| parameters.may_have(path.as_str()))
    }

    fn origins(&self) -> Origins {
        self.looked.set(true);
        let entries = if self.fits() { self.entries } else { &[] };
        let leaves = Leaves::sensitive(entries, self.arguments, self.undeclared, self.call.parameters);
        if leaves.is_cut {
            return Err(());
        }
        let argument = |(path, value): (&str, &Value)| {
            let leaf = Leaf { path, tool: self.call.tool, value };
            // Lists first: all that was said would have to be searched else.
            let listed = in_list(self.policy, self.entries, leaf);
            let origin = listed.or_else(|| self.provenance.origin(leaf));
            let seen = if origin.is_none() { self.provenance.seen(leaf) } else { None };
            Argument { origin, path: path.to_owned(), seen }
        };
        Ok(leaves.values().map(argument).collect())
    }

    /// Whether every reader that the argument at `path` names is in the audience.
    fn may_see(&self, audience: &Audience, path: &Path) -> bool {
        let Audience::Readers(names) = audience else { return true };
        let names: Vec<Value> = names.iter().map(|name| Value::Text(name.clone())).collect();
        let lists = names.iter().filter_map(Value::text).filter_map(|name| self.policy.list(name));
        // A name that is no member of its own kind names nobody.
        let own = Members::new(&names).unwrap_or_default();
        let groups: Vec<&Members> = lists.chain([&own]).collect();
        let is_reader = |value: &Value| groups.iter().any(|group| group.has(value) == Truth::True);
        let items = path.select(self.arguments);
        !items.is_empty()
            && items.into_iter().all(|item| match item {
                Item::Found(Value::Array(all)) => !all.is_empty() && all.iter().all(is_reader),
                Item::Found(value) => is_reader(value),
                Item::Missing | Item::Wrong(_) => false,
            })
    }
}

/// The list that vouches for a value.
pub(crate) fn in_list(policy: &Policy, entries: &[&Tool], leaf: Leaf<'_>) -> Option<String> {
    let first = leaf.path.split(['.', '[']).next().unwrap_or(leaf.path);
    let lends = entries.iter().flat_map(|tool| &tool.lends).filter(|(argument, _)| argument == first);
    lends
        .map(|(_, list)| list)
        .find(|list| policy.list(list).is_some_and(|members| members.has(leaf.value) == Truth::True))
        .map(|list| format!("list `{list}`"))
}

/// The order in which rules decide. Beyond strictness it only makes the choice independent of the order in the file.
fn strictness<'a>(rule: &Applied<'a>) -> impl Ord + use<'a> {
    let action = if rule.is_unmet { CallAction::Block } else { rule.action };
    let is_blocking = rule.action == CallAction::Block;
    (action, rule.at_least, is_blocking, rule.action, rule.reason, rule.source)
}

fn source(rule: &Applied<'_>) -> Source {
    match rule.source {
        None => Source::Default,
        Some((tool, place)) => Source::Rule { tool: tool.to_owned(), place },
    }
}

fn class(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Approval => 1,
        Verdict::Refuse(_) => 2,
    }
}
