//! Which tool a call is for: client spellings undone, wrappers looked through.
//!
//! A call is for a declared tool if namespace and name are those of its declaration, byte by byte. What is declared
//! twice, or as an application's and a provider's tool, is ambiguous.

mod declared;
mod parameters;
mod spelling;

use std::sync::Arc;

pub use declared::{Declaration, Declared};
use model::Refusal;
pub use parameters::Parameters;
pub(crate) use spelling::means;
pub use spelling::undo;

use crate::compile::{Policy, Wrapper};
use crate::decide::{Call, ToolName};
use crate::value::Value;

/// The tool that a call is for.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// The tool's arguments: those of the call, or what a wrapper passes on.
    pub arguments: Option<&'a Value>,
    /// What its declaration says of its parameters; none behind a wrapper, which does not say.
    pub parameters: Option<Arc<Parameters>>,
    /// Why the call has to be refused before any rule is asked.
    pub refused: Option<Refusal>,
    /// The tool; where it cannot be told, the name of the call.
    pub tool: ToolName<'a>,
}

impl Resolved<'_> {
    /// The call to decide on.
    pub fn call(&self, approved: bool) -> Call<'_> {
        Call {
            approved,
            arguments: self.arguments,
            parameters: self.parameters.as_deref(),
            refused: self.refused,
            tool: self.tool,
            undeclared: &[],
        }
    }
}

/// The tool that a call is for. `arguments` are none while they are not known, or if they cannot be read.
pub fn resolve<'a>(
    policy: &Policy,
    declared: &Declared,
    name: &'a str,
    namespace: Option<&'a str>,
    arguments: Option<&'a Value>,
) -> Resolved<'a> {
    let tool = undo(policy, declared, name, namespace);
    let found = declared.find(name, namespace);
    let refused = found.as_ref().err().copied();
    let parameters = found.ok().map(|digest| Arc::clone(digest.parameters()));
    let own = Resolved { arguments, parameters, refused, tool };
    match policy.wrapper(tool).filter(|_| refused.is_none()) {
        None => own,
        Some(wrapper) => match inner(policy, declared, wrapper, arguments) {
            Some((tool, arguments)) => {
                let parameters =
                    declared.find(tool.name, tool.server).ok().map(|digest| Arc::clone(digest.parameters()));
                Resolved { arguments: Some(arguments), parameters, refused: None, tool }
            }
            None => Resolved { refused: Some(Refusal::NotJudgeable), ..own },
        },
    }
}

/// The tool of a call in the conversation so far, which may be declared no more: `tool`, or what it wraps; none if it is
/// a wrapper and cannot be looked through.
pub(crate) fn unwrap<'a>(
    policy: &Policy,
    tool: ToolName<'a>,
    arguments: Option<&'a Value>,
) -> Option<ToolName<'a>> {
    match policy.wrapper(tool) {
        None => Some(tool),
        Some(wrapper) => inner(policy, &Declared::default(), wrapper, arguments).map(|(tool, _)| tool),
    }
}

/// The tool that a wrapper calls. Nothing may stand beside its name and arguments: nobody would judge it.
fn inner<'a>(
    policy: &Policy,
    declared: &Declared,
    wrapper: &Wrapper,
    arguments: Option<&'a Value>,
) -> Option<(ToolName<'a>, &'a Value)> {
    let Some(Value::Object(members)) = arguments else { return None };
    let name = members.get(&wrapper.name)?.text()?;
    let arguments = members.get(&wrapper.arguments).filter(|value| matches!(value, Value::Object(_)))?;
    let tool = undo(policy, declared, name, None);
    (members.len() == 2 && policy.wrapper(tool).is_none()).then_some((tool, arguments))
}

#[cfg(test)]
mod tests;
