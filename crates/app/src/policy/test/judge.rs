//! Comparing what a policy says of a trajectory with what is expected.

use ::policy::Policy;
use anyhow::anyhow;
use dialect::{OpenAiChat, Target};
use model::{GuardSettings, ResponseView};
use proxy::replay::Replay;

use super::trajectory::{Step, Trajectory};
use super::typed::Fate;
use crate::policy::decisions::{By, Decisions, OfCall, OfResult};

/// Where the requests would go.
const TARGET: Target<'static> = Target { method: "POST", path: "/v1/chat/completions", query: "" };

/// What is not as expected, one line each.
pub(super) fn problems(policy: &Policy, trajectory: &Trajectory) -> anyhow::Result<Vec<String>> {
    let settings = GuardSettings {
        consider_context_untrusted: trajectory.agent.consider_context_untrusted,
        untrusted_users: trajectory.agent.untrusted_users,
        ..GuardSettings::default()
    };
    let replay = Replay::new(policy.clone(), &trajectory.agent.slug, settings);
    let mut problems = Vec::new();
    for (at, step) in trajectory.steps.iter().enumerate() {
        let found = Found::of(&replay, trajectory, at, step)?;
        let place = format!("{}:{}: step {}", trajectory.file, step.line, at.saturating_add(1));
        let differs = found.differs(step).into_iter();
        problems.extend(differs.map(|what| format!("{place}, {}: {what}", step.said.what())));
    }
    Ok(problems)
}

/// What the policy says of a step, as far as somebody wants to know.
#[derive(Debug, Default)]
struct Found {
    call: Option<OfCall>,
    context: String,
    result: Option<OfResult>,
}

impl Found {
    fn of(replay: &Replay, trajectory: &Trajectory, at: usize, step: &Step) -> anyhow::Result<Self> {
        let judge = |length: usize, answer: &ResponseView| {
            let request = trajectory.request(length).into();
            let judged = replay.judge(&OpenAiChat, TARGET, &request, answer);
            Decisions::of(&judged.map_err(|problem| anyhow!(problem))?)
        };
        let mut found = Self::default();
        if step.expected.verdict.is_some() {
            let answer =
                ResponseView { calls: step.said.asked().into_iter().collect(), ..Default::default() };
            found.call = judge(trajectory.before_turn(at), &answer)?.calls.pop();
        }
        if step.expected.context.is_some() || step.expected.fate.is_some() {
            let length = at.saturating_add(1);
            let decisions = judge(length, &ResponseView::default())?;
            let number = trajectory.results(length).checked_sub(1);
            found.context = decisions.context.map(|context| context.trust).unwrap_or_default();
            found.result = number.and_then(|number| decisions.results.into_iter().nth(number));
        }
        Ok(found)
    }

    /// What is not as expected.
    fn differs(&self, step: &Step) -> Vec<String> {
        let expected = &step.expected;
        let mut problems = Vec::new();
        let mut compare = |what: &str, found: &str, wanted: Option<&str>, decided: &str| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                problems.push(format!("{what} is {found}, expected {wanted}{decided}"));
            }
        };
        let context = expected.context.map(|context| context.name());
        compare("the context", &self.context, context, "");
        let rule = expected.rule.as_deref();
        if let Some(wanted) = expected.verdict {
            let (found, decided) = (self.call.as_ref(), self.call.as_ref().map(decided).unwrap_or_default());
            let verdict = found.map_or("none", |call| call.verdict.as_str());
            compare("the verdict", verdict, Some(wanted.name()), &decided);
            if verdict == wanted.name() {
                let why = found.and_then(|call| call.why.as_deref()).unwrap_or("none");
                compare("the reason", why, expected.why.map(|why| why.name()), &decided);
                let source = pattern(found.and_then(|call| call.rule.as_deref()));
                compare("the deciding rule", source, rule, &decided);
            }
        }
        if let Some(wanted) = expected.fate {
            let found = self.result.as_ref();
            let fate = match found {
                None => "none",
                Some(result) if result.passes() => Fate::Passes.name(),
                Some(_) => Fate::Withheld.name(),
            };
            let source = found.and_then(|result| result.rule.as_deref());
            let decided = format!(" ({})", By(source));
            compare("the fate", fate, Some(wanted.name()), &decided);
            if fate == wanted.name() {
                compare("the deciding rule", pattern(source), rule, &decided);
            }
        }
        problems
    }
}

/// Who decided, and what was missing.
fn decided(call: &OfCall) -> String {
    let mut text = format!(" ({}", By(call.rule.as_deref()));
    if let Some(why) = &call.why {
        text.push_str(&format!(", {why}"));
    }
    for argument in call.arguments.iter().filter(|argument| argument.origin.is_none()) {
        let seen = argument.seen.as_deref().unwrap_or("has no trusted source");
        text.push_str(&format!("; `{}` {seen}", argument.path));
    }
    text + ")"
}

/// The tool of a rule as the policy writes it: the rule is named as `tool` at line:column.
fn pattern(rule: Option<&str>) -> &str {
    let Some(rule) = rule else { return "default" };
    let name = rule.rsplit_once(" at ").map_or(rule, |(name, _)| name);
    name.trim_matches('`')
}
