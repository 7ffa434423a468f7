//! Decisions as the proxy records them, as far as they are told here.

use std::fmt;

use anyhow::Context as _;
use proxy::replay::Judged;
use serde::Deserialize;

/// Decisions on one exchange.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Decisions {
    pub calls: Vec<OfCall>,
    pub context: Option<Context>,
    pub results: Vec<OfResult>,
    /// How many more there are.
    pub unlisted: u64,
}

/// The label of the conversation.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Context {
    pub trust: String,
}

/// The decision on a call.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OfCall {
    #[serde(default)]
    pub arguments: Vec<Argument>,
    pub rule: Option<String>,
    pub tool: String,
    pub verdict: String,
    pub why: Option<String>,
}

/// Where an argument comes from.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Argument {
    pub origin: Option<String>,
    pub path: String,
    pub seen: Option<String>,
}

/// The decision on a result.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OfResult {
    pub fate: String,
    pub rule: Option<String>,
    pub tool: Option<String>,
}

impl Decisions {
    /// Those on a judged exchange.
    pub fn of(judged: &Judged) -> anyhow::Result<Self> {
        Self::deserialize(&judged.decisions).context("decisions that cannot be read")
    }
}

impl OfCall {
    pub fn is_allowed(&self) -> bool {
        self.verdict == "allow"
    }

    /// The tool, and why the call does not happen.
    pub fn refusal(&self) -> String {
        let why = self.why.as_deref().unwrap_or("needs approval");
        format!("{}: {why}, {}", Name(&self.tool), By(self.rule.as_deref()))
    }
}

impl OfResult {
    pub fn passes(&self) -> bool {
        self.fate == "passes"
    }

    /// The tool, and why the result is withheld.
    pub fn withholding(&self) -> String {
        let tool = self.tool.as_deref().unwrap_or_default();
        format!("{}: {}, {}", Name(tool), self.fate, By(self.rule.as_deref()))
    }
}

/// The rule that decided.
pub(super) struct By<'a>(pub Option<&'a str>);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("by the default"),
            Some(rule) => write!(f, "by rule {rule}"),
        }
    }
}

/// A tool's name as a model wrote it, made fit for a terminal.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(no tool)");
        }
        let is_plain = |c: &char| {
            !c.is_control()
                && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        self.0.chars().filter(is_plain).try_for_each(|c| write!(f, "{c}"))
    }
}
