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
    /// It cannot be judged: its arguments cannot be read, or are more than is looked at.
    NotJudgeable,
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
            Self::UntrustedArguments => "untrusted_arguments",
            Self::UntrustedContext => "untrusted_context",
        }
    }
}
