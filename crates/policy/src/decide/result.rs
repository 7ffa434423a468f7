//! Results.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::{Audience, Label, Trust};

use super::content::read;
use super::{Candidate, Context, Facts, ToolName, candidates, levels};
use crate::compile::{Policy, Tool};
use crate::error::Place;
use crate::explain::{Fate, Matched, ResultDecision, Source};
use crate::matcher::Matcher;
use crate::rule::{Format, ResultAction};
use crate::value::Value;

/// In what a result came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// An attachment.
    Attachment,
    /// The output of a tool that the provider runs.
    HostedTool,
    /// The result of a tool that the application runs.
    Tool,
    /// Anything else.
    Unknown,
}

impl Carried {
    /// Its name in conditions on `origin`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attachment => "attachment",
            Self::HostedTool => "hosted_tool",
            Self::Tool => "tool",
            Self::Unknown => "unknown",
        }
    }
}

/// A result of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it says; none if that cannot be seen.
    pub content: Option<&'a str>,
    /// In what it came.
    pub carried: Carried,
    /// The tool; several where it cannot be said which it was, then the strictest rule of all of them holds and the
    /// result is not trusted; none if its call is not in the history, then neither.
    pub tools: &'a [ToolName<'a>],
}

/// In what a result came, and whether it can be said of which tool it is. One of which that cannot be said is not
/// trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Certain {
    pub carried: Carried,
    pub is_certain: bool,
}

/// A rule as it applies to one result.
#[derive(Clone, Copy, Debug)]
struct Applied<'a> {
    action: ResultAction,
    audience: Option<&'a BTreeSet<String>>,
    reason: Option<&'a str>,
    source: Option<(&'a str, Place)>,
    when: Option<&'a Matcher>,
}

/// What a result says, as conditions see it in a format; none if it does not parse as that.
pub(crate) type Content<'a> = &'a dyn Fn(Format) -> Option<Cow<'a, Value>>;

impl Policy {
    /// Whether what results of these tools say could matter to what becomes of them.
    pub(crate) fn looks_at_results(&self, tools: &[ToolName<'_>]) -> bool {
        tools.iter().any(|tool| needs(&self.entries(tool.server, tool.name)).is_some())
    }

    /// What becomes of a result.
    pub fn decide_result(&self, answer: &Answer<'_>, context: &Context<'_>) -> ResultDecision {
        let content = |format| answer.content.and_then(|text| read(format, text)).map(Cow::Owned);
        let origin = Certain { carried: answer.carried, is_certain: answer.tools.len() == 1 };
        self.decide_answer(answer.tools, origin, &content, context)
    }

    /// The strictest decision for these tools; without any, the default.
    pub(crate) fn decide_answer(
        &self,
        tools: &[ToolName<'_>],
        origin: Certain,
        content: Content<'_>,
        context: &Context<'_>,
    ) -> ResultDecision {
        let decide = |entries: &[&Tool]| self.result_of(entries, origin.carried, content, context);
        let decided = tools.iter().map(|tool| decide(&self.entries(tool.server, tool.name)));
        let strictest = decided.reduce(|one, other| {
            let audience = one.label.audience.meet(&other.label.audience);
            let mut strict = if other.action > one.action { other } else { one };
            strict.label.audience = audience;
            strict
        });
        let mut decided = strictest.unwrap_or_else(|| decide(&[]));
        if !origin.is_certain && decided.action == ResultAction::Trusted {
            decided.action = ResultAction::Untrusted;
            decided.label.trust = Trust::Untrusted;
        }
        if decided.fate != Fate::Passes {
            decided.label = Label::default();
        }
        decided
    }

    fn result_of(
        &self,
        entries: &[&Tool],
        carried: Carried,
        content: Content<'_>,
        context: &Context<'_>,
    ) -> ResultDecision {
        let content = match needs(entries) {
            Some(format) => content(format),
            None => None,
        };
        let own = context.label.trust;
        let asked_for = entries.iter().flat_map(|tool| &tool.results).any(|rule| rule.asks_for_trust());
        let at_level = |level| {
            let facts = Facts::new(context, Some(carried.name()), level);
            self.result_at(entries, content.as_deref(), &facts)
        };
        let mut decided = at_level(own);
        for level in levels(own, asked_for).filter(|level| *level != own) {
            let other = at_level(level);
            let audience = decided.label.audience.meet(&other.label.audience);
            if other.action > decided.action {
                decided = other;
            }
            decided.label.audience = audience;
        }
        decided
    }

    fn result_at(&self, entries: &[&Tool], content: Option<&Value>, facts: &Facts<'_>) -> ResultDecision {
        let subject = facts.subject(content);
        let action = self.result.unwrap_or(ResultAction::Untrusted);
        let default = Applied { action, audience: None, reason: None, source: None, when: None };
        let rules = entries.iter().flat_map(|tool| {
            tool.results.iter().map(|rule| Applied {
                action: rule.action,
                audience: rule.audience.as_ref(),
                reason: rule.reason.as_deref(),
                source: Some((&tool.pattern, rule.place)),
                when: rule.when.as_ref(),
            })
        });
        let rules = rules.map(|rule| (rule, rule.when.map(|when| when.holds(&subject))));
        let found = candidates(rules, default, |rule| rule.action == ResultAction::Trusted);
        let order = |rule: &Applied<'_>| (rule.action, rule.reason.map(str::to_owned), source(rule));
        let decides = found.iter().map(|candidate| candidate.rule).max_by_key(order).unwrap_or(default);
        let matched = found.iter().map(|Candidate { rule, truth }| {
            let mut causes = Vec::new();
            if let Some(when) = rule.when {
                when.explain(&subject, &mut causes);
            }
            Matched { action: rule.action, causes, source: source(rule), truth: *truth }
        });
        ResultDecision {
            action: decides.action,
            fate: match decides.action {
                ResultAction::Trusted | ResultAction::Untrusted => Fate::Passes,
                ResultAction::Quarantine => Fate::Unquarantined,
                ResultAction::Block => Fate::Blocked,
            },
            label: label(decides.action, found.iter().filter_map(|candidate| candidate.rule.audience)),
            matched: matched.collect(),
            reason: decides.reason.map(str::to_owned),
            source: source(&decides),
        }
    }
}

/// In which format the rules look at the content; none if they do not, or disagree: nobody knows what a path would mean.
fn needs(entries: &[&Tool]) -> Option<Format> {
    let mut conditions = entries.iter().flat_map(|tool| &tool.results).filter_map(|rule| rule.when.as_ref());
    if !conditions.any(Matcher::looks_inside) {
        return None;
    }
    format(entries)
}

/// The format of a tool's results; none if its entries disagree.
pub(crate) fn format(entries: &[&Tool]) -> Option<Format> {
    let mut formats: Vec<_> = entries.iter().filter_map(|tool| tool.format).collect();
    formats.dedup();
    match formats.as_slice() {
        [] => Some(Format::default()),
        [format] => Some(*format),
        _ => None,
    }
}

/// The label of what the model gets: every rule that takes part limits the audience.
fn label<'a>(action: ResultAction, audiences: impl Iterator<Item = &'a BTreeSet<String>>) -> Label {
    let trust = match action {
        ResultAction::Trusted => Trust::Trusted,
        ResultAction::Untrusted => Trust::Untrusted,
        // The notice is ours.
        ResultAction::Block | ResultAction::Quarantine => return Label::default(),
    };
    let everyone = Audience::default();
    let audience = audiences.fold(everyone, |all, readers| all.meet(&Audience::Readers(readers.clone())));
    Label { trust, audience }
}

fn source(rule: &Applied<'_>) -> Source {
    match rule.source {
        None => Source::Default,
        Some((tool, place)) => Source::Rule { tool: tool.to_owned(), place },
    }
}
