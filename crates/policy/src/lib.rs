//! Policies: what may flow where. Pure: no clock, no input or output, the same answer to the same question.
//!
//! A policy file is [read](read::read) into [rules as typed](rule::Rules), which are compiled into a [`Policy`]. A
//! policy [decides](Policy::decide_call) whether a call may happen and [what becomes](Policy::decide_result) of a
//! result, and each decision can be [read](explain).
//!
//! ```
//! use model::{Label, Refusal, Trust, Verdict};
//! use policy::{Call, Context, Leaf, Policy, Task, ToolName, Value};
//!
//! let policy = Policy::parse(
//!     "policy.yaml",
//!     "
//! version: 1
//! lists: { colleagues: ['*@corp.example'] }
//! tools:
//!   - tool: send_email
//!     sensitive: [to]
//!     calls:
//!       - when: { arg: to, every: { in: colleagues } }
//!         then: allow
//!       - then: trusted_context
//! ",
//! )?;
//! let decide = |json: &str| {
//!     let arguments = Value::from_json(json.as_bytes()).ok();
//!     let tool = ToolName { name: "send_email", server: None };
//!     let call = Call { approved: false, arguments: arguments.as_ref(), parameters: None, refused: None, tool, undeclared: &[] };
//!     let (label, task) = (Label::of(Trust::Untrusted), Task::default());
//!     let context = Context { agent: "desk", label: &label, lowered_by: None, task: &task, team: None, user: None };
//!     policy.decide_call(&call, &context, &|_: Leaf<'_>| None).verdict
//! };
//! assert_eq!(decide(r#"{"to": ["ann@corp.example"]}"#), Verdict::Allow);
//! assert_eq!(
//!     decide(r#"{"to": ["ann@corp.example", "eve@evil.example"]}"#),
//!     Verdict::Refuse(Refusal::UntrustedContext)
//! );
//! assert_eq!(decide(r#"{"to": "#), Verdict::Refuse(Refusal::NotJudgeable));
//! # Ok::<(), policy::error::PolicyError>(())
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

mod compile;
pub mod conversation;
mod decide;
pub mod error;
pub mod explain;
pub mod identity;
mod matcher;
mod memory;
pub mod provenance;
pub mod read;
pub mod rule;
pub mod schema;
mod value;

pub use compile::{Lending, MAX_RULES, Policy};
pub use conversation::{
    Answered, Asked, Conversation, Origin, Outline, Remembered, Segment, Segments, Setting,
};
pub use decide::{Answer, Call, Carried, Context, Leaf, MAX_LEAVES, Provenance, ToolName};
pub use explain::{CallDecision, Fate, ResultDecision};
pub use identity::{Declaration, Declared, Parameters, Resolved, resolve};
pub use matcher::Truth;
pub use matcher::task::Task;
pub use memory::Memory;
pub use value::{Number, Value};
