//! Every type of item in a conversation, and what it is to us.
//!
//! After the OpenAI API reference, "Responses": the items of `input`, of `output` and of the list of input items. What
//! is not in this table is a call that cannot be judged.

use model::Carrier;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The application's answer to a call that waits for approval.
    Approval,
    /// A call and its result in one.
    Both,
    /// A call; its result is an item of its own, if it has one.
    Call,
    /// The conversation so far in a form that only the provider can read.
    Compaction,
    /// A picture that the model made, call and result in one.
    Image,
    /// What somebody says.
    Message,
    /// The model's reasoning, in clear or encrypted.
    Reasoning,
    /// The id of an item that the provider keeps.
    Reference,
    /// The result of a call.
    Result,
    /// A setting that holds from here on.
    Setting,
    /// Declares further tools; with a runner, as the result of a search for tools.
    Tools,
}

/// Who runs the tool of a call, or ran the tool of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// The application, which gets the call in this form.
    Application(Carrier),
    /// What `environment` says: the application in its own, the provider in a container.
    Environment,
    /// Whom `execution` names.
    Execution,
    /// It is neither call nor result.
    Nobody,
    /// The provider.
    Provider,
}

/// One type of item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Members that hold the arguments of a call; one of them does.
    pub(super) arguments: &'static [&'static str],
    pub(super) class: Class,
    /// Type of the events that stream arguments, between `response.` and `.delta`; they repeat them in `.done`.
    pub(super) deltas: Option<&'static str>,
    /// Its `type`.
    pub(super) name: &'static str,
    pub(super) runs: Runs,
}

impl Row {
    /// Name of the tool where its calls name none: that of the tool's declaration.
    pub(super) fn tool(&self) -> &'static str {
        self.name.strip_suffix("_call").unwrap_or(self.name)
    }

    /// Whether it asks for something to be run.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.class, Class::Both | Class::Call | Class::Image)
    }
}

const FUNCTION: Runs = Runs::Application(Carrier::Function);
const CUSTOM: Runs = Runs::Application(Carrier::Custom);

/// All types, in alphabetical order.
pub(super) static ITEMS: [Row; 31] = [
    other("additional_tools", Class::Tools, Runs::Nobody),
    call("apply_patch_call", FUNCTION, &["operation"]),
    other("apply_patch_call_output", Class::Result, FUNCTION),
    Row {
        class: Class::Both,
        ..streamed("code_interpreter_call", Runs::Provider, &["code"], "code_interpreter_call_code")
    },
    other("compaction", Class::Compaction, Runs::Nobody),
    other("compaction_trigger", Class::Setting, Runs::Nobody),
    call("computer_call", FUNCTION, &["actions", "action"]),
    other("computer_call_output", Class::Result, FUNCTION),
    other("configuration_update", Class::Setting, Runs::Nobody),
    streamed("custom_tool_call", CUSTOM, &["input"], "custom_tool_call_input"),
    other("custom_tool_call_output", Class::Result, CUSTOM),
    Row { class: Class::Both, ..call("file_search_call", Runs::Provider, &["queries"]) },
    streamed("function_call", FUNCTION, &["arguments"], "function_call_arguments"),
    other("function_call_output", Class::Result, FUNCTION),
    Row { class: Class::Image, ..call("image_generation_call", Runs::Provider, &["revised_prompt"]) },
    other("item_reference", Class::Reference, Runs::Nobody),
    call("local_shell_call", FUNCTION, &["action"]),
    other("local_shell_call_output", Class::Result, FUNCTION),
    call("mcp_approval_request", Runs::Provider, &["arguments"]),
    other("mcp_approval_response", Class::Approval, Runs::Nobody),
    Row { class: Class::Both, ..streamed("mcp_call", Runs::Provider, &["arguments"], "mcp_call_arguments") },
    other("mcp_list_tools", Class::Result, Runs::Provider),
    other("message", Class::Message, Runs::Nobody),
    call("program", Runs::Provider, &["code"]),
    other("program_output", Class::Result, Runs::Provider),
    other("reasoning", Class::Reasoning, Runs::Nobody),
    call("shell_call", Runs::Environment, &["action"]),
    other("shell_call_output", Class::Result, FUNCTION),
    call("tool_search_call", Runs::Execution, &["arguments"]),
    other("tool_search_output", Class::Tools, Runs::Execution),
    Row { class: Class::Both, ..call("web_search_call", Runs::Provider, &["action"]) },
];

const fn call(name: &'static str, runs: Runs, arguments: &'static [&'static str]) -> Row {
    Row { arguments, class: Class::Call, deltas: None, name, runs }
}

const fn streamed(
    name: &'static str,
    runs: Runs,
    arguments: &'static [&'static str],
    deltas: &'static str,
) -> Row {
    Row { arguments, class: Class::Call, deltas: Some(deltas), name, runs }
}

const fn other(name: &'static str, class: Class, runs: Runs) -> Row {
    Row { arguments: &[], class, deltas: None, name, runs }
}

/// The row of a type.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ITEMS.iter().find(|row| row.name == name)
}

/// What nearly all events of a stream speak of; no row is meant by it.
const TEXT: &str = "output_text";

/// The row that an event speaks of, by what stands between `response.` and the last dot of its type: it begins with the
/// item's type, as in `mcp_call_arguments`.
pub(super) fn row_of_event(subject: &str) -> Option<&'static Row> {
    if subject == TEXT {
        return None;
    }
    let spoken_of = |row: &&Row| {
        let rest = subject.strip_prefix(row.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    ITEMS.iter().filter(spoken_of).max_by_key(|row| row.name.len())
}

#[cfg(test)]
mod tests;
