//! Rule files as typed: what stands in the file, before it is known to mean something.

mod action;
mod condition;
mod placed;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use action::{CallAction, ResultAction};
pub use condition::{Bounds, Condition, Length, Members, Test, When};
pub(crate) use condition::{Operator, Operators};
pub use placed::Placed;
use placed::present;

/// A policy file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Policy", rename = "Policy")]
pub struct Rules {
    /// Version of the format: 1.
    pub version: Placed<u64>,
    /// For agents that set none: whether verdicts are carried out [default: observe].
    #[serde(default, deserialize_with = "present")]
    pub mode: Option<Mode>,
    /// For agents that set none: what happens after a refusal [default: tell_model].
    #[serde(default, deserialize_with = "present")]
    pub on_refusal: Option<OnRefusal>,
    /// Named lists of texts; `*` stands for any characters.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<Placed<String>>>,
    /// For tools without a rule of their own.
    #[serde(default)]
    pub defaults: Defaults,
    /// Rules for tools.
    #[serde(default)]
    pub tools: Vec<Placed<Tool>>,
    /// Tools that only pass calls on to others.
    #[serde(default)]
    pub wrappers: Vec<Placed<Wrapper>>,
}

/// A tool that calls the tool which its arguments name. The rules of that tool hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// Its name, or `server.name`.
    pub tool: Placed<String>,
    /// The argument that names the tool to call.
    pub name: Placed<String>,
    /// The argument that holds that tool's arguments.
    pub arguments: Placed<String>,
}

/// Whether verdicts are carried out.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Calls are refused and results replaced.
    Enforce,
    /// Everything is judged and recorded, nothing is changed.
    #[default]
    Observe,
    /// Nothing is judged.
    Off,
}

/// What happens after a refusal.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OnRefusal {
    /// The model is told and asked again.
    #[default]
    TellModel,
    /// The turn ends with the refusal as text.
    Text,
}

/// For tools without a rule of their own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// For calls [default: trusted_arguments].
    #[serde(default, deserialize_with = "present")]
    pub call: Option<CallAction>,
    /// For results [default: untrusted].
    #[serde(default, deserialize_with = "present")]
    pub result: Option<ResultAction>,
}

/// What holds for one tool, or for all whose name matches.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The tool's name, or `server.name`; `*` stands for any characters.
    pub tool: Placed<String>,
    /// Arguments that decide where a call goes or what it touches [default: all]. `[]`: none does.
    #[serde(default, deserialize_with = "present")]
    pub sensitive: Option<Vec<Placed<String>>>,
    /// Arguments that carry data out, although the tool only reads.
    #[serde(default)]
    pub egress: Vec<Placed<String>>,
    /// Fields of the result that a lookup may lend provenance to.
    #[serde(default)]
    pub yields: Vec<Placed<String>>,
    /// The same for the one item of a listing that the person picked by a superlative (`the largest file`).
    #[serde(default)]
    pub picks: Vec<Placed<Pick>>,
    /// Whether a source that the user named literally lends provenance.
    #[serde(default, deserialize_with = "present")]
    pub named: Option<Named>,
    /// How its results are written [default: json].
    #[serde(default, deserialize_with = "present")]
    pub format: Option<Format>,
    /// Rules for calls.
    #[serde(default)]
    pub calls: Vec<Placed<CallRule>>,
    /// Rules for results.
    #[serde(default)]
    pub results: Vec<Placed<ResultRule>>,
}

/// A superlative that picks one item of a listing. If several are equally high or low, it picks none.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The field of the item that the lookup lends provenance to, like `files[*].id`.
    pub path: Placed<String>,
    /// The number or ISO 8601 date that is highest in the item that is meant, like `files[*].size`.
    #[serde(default, deserialize_with = "present")]
    pub highest: Option<Placed<String>>,
    /// The one that is lowest.
    #[serde(default, deserialize_with = "present")]
    pub lowest: Option<Placed<String>>,
    /// Words by which the person says so, as in the condition `asked`.
    pub asked: Vec<String>,
}

/// What a source that the user named is good for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// What stands in it has the user's provenance.
    Endorse,
}

/// How a tool's results are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON, also inside an MCP or provider text block.
    #[default]
    Json,
    /// Plain text, which has the one path `text`.
    Text,
    /// YAML without tags and aliases.
    Yaml,
}

/// A rule for calls.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CallRule {
    /// When it applies; left out: when no conditional rule does.
    #[serde(default, deserialize_with = "present")]
    pub when: Option<When>,
    /// What must hold besides, for the call to happen.
    #[serde(default, deserialize_with = "present")]
    pub requires: Option<Requires>,
    /// When the call may happen.
    pub then: CallAction,
    /// With `trusted_context`: `derived` if a derived context is enough.
    #[serde(default, deserialize_with = "present")]
    pub at_least: Option<Placed<AtLeast>>,
    /// For people, shown when the rule refuses.
    #[serde(default, deserialize_with = "present")]
    pub reason: Option<String>,
}

/// How trusted a context must be.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AtLeast {
    /// Derived or trusted.
    Derived,
    /// Trusted.
    Trusted,
}

/// What must hold for a call to happen, besides its rule's action.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// Who must be among those who may see what the context holds.
    pub audience: Includes,
}

/// Readers that an audience must include.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Includes {
    /// `args.` and the path of the argument that names them.
    pub includes: Placed<String>,
}

/// A rule for results.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ResultRule {
    /// When it applies; left out: when no conditional rule does.
    #[serde(default, deserialize_with = "present")]
    pub when: Option<When>,
    /// What becomes of the result.
    pub then: ResultAction,
    /// Who may see it [default: everyone].
    #[serde(default, deserialize_with = "present")]
    pub audience: Option<Vec<String>>,
    /// For people, shown with the decision.
    #[serde(default, deserialize_with = "present")]
    pub reason: Option<String>,
}
