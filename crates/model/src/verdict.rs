//! Verdicts on tool calls.

/// Whether a tool call may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may once a person has approved exactly this call.
    Approval,
    /// It may not.
    Refuse(Refusal),
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Somebody would see what the context holds who may not.
    Audience,
    /// A rule blocks it.
    Blocked,
    /// It cannot be judged: its arguments cannot be read, are more than is looked at or none that its schema has, or it
    /// cannot be told which tool it is.
    NotJudgeable,
    /// The request declares no tool of this name.
    Undeclared,
    /// A sensitive argument comes from nowhere that is trusted.
    UntrustedArguments,
    /// The context is not trusted.
    UntrustedContext,
}

impl Refusal {
    /// Its name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Blocked => "blocked",
            Self::NotJudgeable => "not_judgeable",
            Self::Undeclared => "undeclared",
            Self::UntrustedArguments => "untrusted_arguments",
            Self::UntrustedContext => "untrusted_context",
        }
    }
}
