//! Trajectories as typed.

use std::collections::BTreeMap;

use ::policy::rule::Placed;
use serde::Deserialize;
use serde_json::Value;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trajectory {
    pub about: String,
    #[serde(default)]
    pub agent: Agent,
    pub steps: Vec<Placed<Step>>,
    /// Schemas by name.
    pub tools: Option<BTreeMap<String, Value>>,
}

/// Settings of the agent, named as in its entry of the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    #[serde(default)]
    pub consider_context_untrusted: bool,
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub untrusted_users: bool,
}

/// A step: one of the first five, and what is expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub assistant: Option<String>,
    pub call: Option<Call>,
    pub result: Option<Answer>,
    pub system: Option<String>,
    pub user: Option<String>,

    pub context: Option<Trust>,
    pub fate: Option<Fate>,
    pub rule: Option<String>,
    pub verdict: Option<Verdict>,
    pub why: Option<Why>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// An object; or text, which is what the model wrote.
    pub arguments: Option<Value>,
    pub id: Option<String>,
    pub tool: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// Text, or what becomes JSON text.
    pub content: Value,
    /// Id of a call; the last one if left out.
    pub of: Option<String>,
}

/// Makes an enum with the names that its variants have in records.
macro_rules! named {
    ($name:ident { $($variant:ident = $text:literal,)* }) => {
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant,)* }

        impl $name {
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

named! { Fate { Passes = "passes", Withheld = "withheld", } }
named! { Trust { Derived = "derived", Trusted = "trusted", Untrusted = "untrusted", } }
named! { Verdict { Allow = "allow", Approval = "approval", Refuse = "refuse", } }
named! {
    Why {
        Audience = "audience",
        Blocked = "blocked",
        NotJudgeable = "not_judgeable",
        Undeclared = "undeclared",
        UntrustedArguments = "untrusted_arguments",
        UntrustedContext = "untrusted_context",
    }
}
