//! Decisions that can be read: which rule, why it matched, what was missing. Never what stood in an argument.

use std::fmt;

use model::{Label, Verdict};

use crate::error::Place;
use crate::matcher::Truth;
use crate::rule::{CallAction, ResultAction};

/// A rule, by its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// No rule: the default of the file, or of all files.
    Default,
    /// This rule.
    Rule {
        /// The pattern of its tool.
        tool: String,
        /// Where it stands.
        place: Place,
    },
}

/// A rule that took part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched<A> {
    /// What it does.
    pub action: A,
    /// What its condition looked at; empty for an unconditional rule.
    pub causes: Vec<Cause>,
    /// Which rule.
    pub source: Source,
    /// Whether its condition holds: true, or unknown where unknown counts as a match.
    pub truth: Truth,
}

/// A part of a condition and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Types of what stood there, or `missing`.
    pub found: Vec<&'static str>,
    /// What it looked at: a path, `asked`, `context.trust`…
    pub looked_at: String,
    /// How it came out.
    pub truth: Truth,
}

/// What became of a sensitive argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Path of the value among the arguments.
    pub path: String,
    /// Where it comes from that is trusted; none if nowhere.
    pub origin: Option<String>,
    /// Where it was seen instead, if that is known: which result of which tool.
    pub seen: Option<String>,
}

/// What happens to a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// A rule blocks it: the model gets a notice.
    Blocked,
    /// The model gets it.
    Passes,
    /// A rule wants it in quarantine, and there is none: the model gets a notice.
    Unquarantined,
}

impl Fate {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Passes => "passes",
            Self::Unquarantined => "unquarantined",
        }
    }
}

/// The decision on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallDecision {
    /// What the deciding rule does.
    pub action: CallAction,
    /// Per value of the sensitive arguments, where it comes from; empty if nobody had to know.
    pub arguments: Vec<Argument>,
    /// The label of the context.
    pub label: Label,
    /// The first segment that lowered it, as the caller said.
    pub lowered_by: Option<usize>,
    /// Every rule that took part.
    pub matched: Vec<Matched<CallAction>>,
    /// The rule's words for people.
    pub reason: Option<String>,
    /// The deciding rule.
    pub source: Source,
    /// Whether the call may happen.
    pub verdict: Verdict,
}

/// The decision on a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultDecision {
    /// What becomes of it.
    pub action: ResultAction,
    /// What happens to it.
    pub fate: Fate,
    /// The label of what the model gets: that of our notice, which leaves the context as it is, unless it passes.
    pub label: Label,
    /// Every rule that took part.
    pub matched: Vec<Matched<ResultAction>>,
    /// The rule's words for people.
    pub reason: Option<String>,
    /// The deciding rule.
    pub source: Source,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Rule { tool, place } => write!(f, "`{tool}` at {}:{}", place.line, place.column),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.looked_at)?;
        if !self.found.is_empty() {
            write!(f, " ({})", self.found.join(", "))?;
        }
        write!(f, ": {}", self.truth.name())
    }
}
