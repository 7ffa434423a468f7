//! What a rule does, in the order of strictness.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// When a call may happen. The laxest first.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "snake_case")]
pub enum CallAction {
    /// Always.
    #[serde(alias = "allow_when_context_is_untrusted")]
    Allow,
    /// When the context is trusted, or every sensitive argument has trusted provenance.
    TrustedArguments,
    /// When the context is trusted.
    #[serde(alias = "block_when_context_is_untrusted")]
    TrustedContext,
    /// When a person approved exactly this call.
    #[serde(alias = "require_approval")]
    Approval,
    /// Never.
    #[serde(alias = "block_always")]
    Block,
}

impl CallAction {
    /// Its name in policies and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::TrustedArguments => "trusted_arguments",
            Self::TrustedContext => "trusted_context",
            Self::Approval => "approval",
            Self::Block => "block",
        }
    }
}

/// What becomes of a result. The laxest first.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "snake_case")]
pub enum ResultAction {
    /// Goes to the model as it is, trusted.
    #[serde(alias = "mark_as_trusted")]
    Trusted,
    /// Goes to the model as it is; the context becomes untrusted.
    #[serde(alias = "mark_as_untrusted")]
    Untrusted,
    /// The model gets the quarantine's answer, labelled derived.
    #[serde(alias = "sanitize_with_dual_llm")]
    Quarantine,
    /// The model gets a notice; the content never leaves.
    #[serde(alias = "block_always")]
    Block,
}

impl ResultAction {
    /// Its name in policies and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
            Self::Quarantine => "quarantine",
            Self::Block => "block",
        }
    }
}

impl JsonSchema for CallAction {
    fn schema_name() -> Cow<'static, str> {
        "CallAction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "When a call may happen. The last four are older names.",
            "enum": [
                "allow", "trusted_arguments", "trusted_context", "approval", "block",
                "allow_when_context_is_untrusted", "block_when_context_is_untrusted", "require_approval",
                "block_always",
            ],
        })
    }
}

impl JsonSchema for ResultAction {
    fn schema_name() -> Cow<'static, str> {
        "ResultAction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What becomes of a result. The last four are older names.",
            "enum": [
                "trusted", "untrusted", "quarantine", "block",
                "mark_as_trusted", "mark_as_untrusted", "sanitize_with_dual_llm", "block_always",
            ],
        })
    }
}
