//! Conditions as a closed tree: compiled once, total, the same answer every time.

pub(crate) mod check;
pub(crate) mod domain;
pub(crate) mod folder;
pub(crate) mod members;
pub(crate) mod path;
pub(crate) mod task;
pub(crate) mod text;
mod truth;

use check::Check;
use path::{Item, Path};
use task::{Phrase, Task};
pub use truth::Truth;

use crate::explain::Cause;
use crate::value::Value;

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// All of these hold.
    All(Vec<Matcher>),
    /// One of these holds.
    Any(Vec<Matcher>),
    /// The person asked for something with one of these.
    Asked(Vec<Phrase>),
    /// What is known beside the value passes all.
    Fact(Fact, Vec<Check>),
    /// This does not hold.
    Not(Box<Matcher>),
    /// What stands at the path passes all.
    Path(Path, Quantifier, Vec<Check>),
}

/// How many of the values at a path must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// All, and there is one. An array at the end of the path is taken by its items.
    Every,
    /// None, and there is one. Items as for [`Every`](Self::Every).
    None,
    /// The one value there, as it is.
    One,
    /// One of them. Items as for [`Every`](Self::Every).
    Some,
}

/// What is known beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Agent,
    ContextTrust,
    Origin,
    Team,
    User,
}

impl Fact {
    /// Its name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::ContextTrust => "context.trust",
            Self::Origin => "origin",
            Self::Team => "caller.team",
            Self::User => "caller.user",
        }
    }
}

/// What conditions are asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The agent's slug.
    pub agent: &'a Value,
    /// Where a result comes from; a call comes from nowhere.
    pub origin: Option<&'a Value>,
    /// Arguments or content; none if they cannot be read.
    pub root: Option<&'a Value>,
    pub task: &'a Task,
    pub team: Option<&'a Value>,
    pub trust: &'a Value,
    pub user: Option<&'a Value>,
}

impl<'a> Subject<'a> {
    fn fact(&self, fact: Fact) -> Item<'a> {
        let value = match fact {
            Fact::Agent => Some(self.agent),
            Fact::ContextTrust => Some(self.trust),
            Fact::Origin => self.origin,
            Fact::Team => self.team,
            Fact::User => self.user,
        };
        value.map_or(Item::Missing, Item::Found)
    }
}

impl Matcher {
    /// Whether it holds.
    pub fn holds(&self, subject: &Subject<'_>) -> Truth {
        match self {
            Self::All(parts) => Truth::all(parts.iter().map(|part| part.holds(subject))),
            Self::Any(parts) => Truth::any(parts.iter().map(|part| part.holds(subject))),
            Self::Asked(phrases) => subject.task.asks(phrases),
            Self::Fact(fact, checks) => passes(checks, subject.fact(*fact)),
            Self::Not(part) => !part.holds(subject),
            Self::Path(path, quantifier, checks) => match subject.root {
                Some(root) => quantifier.holds(path.select(root), checks),
                None => Truth::Unknown,
            },
        }
    }

    /// Whether it depends on this fact.
    pub fn asks_for(&self, wanted: Fact) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks_for(wanted)),
            Self::Fact(fact, _) => *fact == wanted,
            Self::Not(part) => part.asks_for(wanted),
            Self::Asked(_) | Self::Path(..) => false,
        }
    }

    /// Whether it depends on the value, the arguments or the content.
    pub fn looks_inside(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::looks_inside),
            Self::Not(part) => part.looks_inside(),
            Self::Path(..) => true,
            Self::Asked(_) | Self::Fact(..) => false,
        }
    }

    /// Whether it depends on what the person asked for.
    pub fn looks_at_task(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::looks_at_task),
            Self::Asked(_) => true,
            Self::Not(part) => part.looks_at_task(),
            Self::Fact(..) | Self::Path(..) => false,
        }
    }

    /// Says of every part what it looked at, of which type that was and how it came out.
    pub fn explain(&self, subject: &Subject<'_>, causes: &mut Vec<Cause>) {
        let (looked_at, found) = match self {
            Self::All(parts) | Self::Any(parts) => {
                return parts.iter().for_each(|part| part.explain(subject, causes));
            }
            Self::Not(part) => return part.explain(subject, causes),
            Self::Asked(_) => ("asked".to_owned(), vec![]),
            Self::Fact(fact, _) => (fact.name().to_owned(), vec![kind(subject.fact(*fact))]),
            Self::Path(path, quantifier, _) => {
                let items = subject.root.map(|root| quantifier.items(path.select(root)));
                let mut kinds = items.map_or(vec!["unreadable"], |all| all.into_iter().map(kind).collect());
                kinds.sort_unstable();
                kinds.dedup();
                (path.as_str().to_owned(), kinds)
            }
        };
        causes.push(Cause { found, looked_at, truth: self.holds(subject) });
    }
}

impl Quantifier {
    fn items(self, items: Vec<Item<'_>>) -> Vec<Item<'_>> {
        if self == Self::One {
            return items;
        }
        let mut flat = Vec::with_capacity(items.len());
        let is_one = items.len() == 1;
        for item in items {
            match item {
                // Among others, one that has nothing must not ride along.
                Item::Found(Value::Array(elements)) if elements.is_empty() && !is_one => {
                    flat.push(Item::Missing);
                }
                Item::Found(Value::Array(elements)) => flat.extend(elements.iter().map(Item::Found)),
                single @ (Item::Found(_) | Item::Missing | Item::Wrong(_)) => flat.push(single),
            }
        }
        flat
    }

    fn holds(self, items: Vec<Item<'_>>, checks: &[Check]) -> Truth {
        let items = self.items(items);
        let is_empty = items.is_empty();
        let mut truths = items.into_iter().map(|item| passes(checks, item));
        match self {
            Self::Some => Truth::any(truths),
            Self::Every | Self::None if is_empty => Truth::Unknown,
            Self::Every => Truth::all(truths),
            Self::None => !Truth::any(truths),
            Self::One => truths.next().unwrap_or(Truth::Unknown),
        }
    }
}

fn passes(checks: &[Check], item: Item<'_>) -> Truth {
    Truth::all(checks.iter().map(|check| check.of(item)))
}

fn kind(item: Item<'_>) -> &'static str {
    match item {
        Item::Found(value) => value.kind(),
        Item::Missing => "missing",
        Item::Wrong(_) => "of another shape",
    }
}

#[cfg(test)]
mod tests;
