//! Trajectories as they are judged, and as requests of one dialect.

use std::collections::BTreeMap;

use ::policy::error::{Place, PolicyError};
use ::policy::read;
use model::{Carrier, ToolCall};
use serde_json::{Value, json};

use super::typed;

/// A conversation, and what is expected of it.
#[derive(Debug)]
pub(super) struct Trajectory {
    pub about: String,
    pub agent: typed::Agent,
    pub file: String,
    pub steps: Vec<Step>,
    tools: BTreeMap<String, Value>,
}

/// What happens, and what is expected of it.
#[derive(Debug)]
pub(super) struct Step {
    pub expected: Expected,
    pub line: u64,
    pub said: Said,
}

#[derive(Debug)]
pub(super) enum Said {
    Assistant(String),
    Call { arguments: String, id: String, tool: String },
    Result { content: String, of: String, tool: String },
    System(String),
    User(String),
}

#[derive(Debug)]
pub(super) struct Expected {
    pub context: Option<typed::Trust>,
    pub fate: Option<typed::Fate>,
    pub rule: Option<String>,
    pub verdict: Option<typed::Verdict>,
    pub why: Option<typed::Why>,
}

impl Trajectory {
    /// Reads a file; `file` is its name in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        let typed: typed::Trajectory = read::yaml(file, text)?;
        let within = |(place, what): (Place, &str)| PolicyError {
            file: file.to_owned(),
            hint: None,
            place,
            what: what.to_owned(),
        };
        let mut steps: Vec<Step> = Vec::new();
        for placed in typed.steps {
            let step = Step::new(placed.value, placed.place.line, &steps);
            steps.push(step.map_err(|what| within((placed.place, what)))?);
        }
        if !steps.iter().any(|step| step.expected.is_something()) {
            return Err(within((
                Place { line: 1, column: 1 },
                "nothing is expected: say what a step leads to",
            )));
        }
        let called = steps.iter().filter_map(|step| match &step.said {
            Said::Call { tool, .. } => Some((tool.clone(), Value::Null)),
            Said::Assistant(_) | Said::Result { .. } | Said::System(_) | Said::User(_) => None,
        });
        let tools = typed.tools.unwrap_or_else(|| called.collect());
        Ok(Self { about: typed.about, agent: typed.agent, file: file.to_owned(), steps, tools })
    }

    /// The first `length` steps as a request for Chat Completions.
    pub fn request(&self, length: usize) -> Vec<u8> {
        let mut messages: Vec<Value> = Vec::new();
        for step in self.steps.iter().take(length) {
            step.said.add(&mut messages);
        }
        let tools = self.tools.iter().map(|(name, schema)| {
            let function = match schema {
                Value::Null => json!({ "name": name }),
                schema => json!({ "name": name, "parameters": schema }),
            };
            json!({ "type": "function", "function": function })
        });
        let tools: Vec<Value> = tools.collect();
        json!({ "model": "test", "messages": messages, "tools": tools }).to_string().into_bytes()
    }

    /// How many steps come before the turn to which this one belongs: text of the assistant and calls in a row.
    pub fn before_turn(&self, at: usize) -> usize {
        let is = |at: usize, what: fn(&Said) -> bool| {
            at.checked_sub(1).and_then(|before| self.steps.get(before)).is_some_and(|step| what(&step.said))
        };
        let mut start = at;
        while is(start, Said::is_call) {
            start = start.saturating_sub(1);
        }
        if is(start, |said| matches!(said, Said::Assistant(_))) { start.saturating_sub(1) } else { start }
    }

    /// How many results there are in the first `length` steps.
    pub fn results(&self, length: usize) -> usize {
        let steps = self.steps.iter().take(length);
        steps.filter(|step| matches!(step.said, Said::Result { .. })).count()
    }
}

impl Step {
    fn new(typed: typed::Step, line: u64, before: &[Self]) -> Result<Self, &'static str> {
        let expected = Expected {
            context: typed.context,
            fate: typed.fate,
            rule: typed.rule,
            verdict: typed.verdict,
            why: typed.why,
        };
        let said = match (typed.system, typed.user, typed.assistant, typed.call, typed.result) {
            (Some(text), None, None, None, None) => Said::System(text),
            (None, Some(text), None, None, None) => Said::User(text),
            (None, None, Some(text), None, None) => Said::Assistant(text),
            (None, None, None, Some(call), None) => Said::call(call, before)?,
            (None, None, None, None, Some(answer)) => Said::result(answer, before)?,
            _ => return Err("a step is one of `system`, `user`, `assistant`, `call` and `result`"),
        };
        expected.check(&said)?;
        Ok(Self { expected, line, said })
    }
}

impl Expected {
    fn is_something(&self) -> bool {
        self.context.is_some() || self.fate.is_some() || self.verdict.is_some()
    }

    fn check(&self, said: &Said) -> Result<(), &'static str> {
        let (is_call, is_result) = (said.is_call(), matches!(said, Said::Result { .. }));
        if self.verdict.is_some() && !is_call {
            return Err("`verdict` belongs to a call");
        }
        if self.fate.is_some() && !is_result {
            return Err("`fate` belongs to a result");
        }
        if self.why.is_some() && self.verdict != Some(typed::Verdict::Refuse) {
            return Err("`why` belongs to `verdict: refuse`");
        }
        if self.rule.is_some() && self.verdict.is_none() && self.fate.is_none() {
            return Err("`rule` belongs to a `verdict` or a `fate`");
        }
        Ok(())
    }
}

impl Said {
    fn call(call: typed::Call, before: &[Step]) -> Result<Self, &'static str> {
        let id = call.id.unwrap_or_else(|| format!("call-{}", before.len()));
        if before.iter().any(|step| matches!(&step.said, Self::Call { id: other, .. } if *other == id)) {
            return Err("two calls have the same `id`");
        }
        let arguments = match call.arguments {
            None => "{}".to_owned(),
            Some(Value::String(text)) => text,
            Some(arguments) => arguments.to_string(),
        };
        Ok(Self::Call { arguments, id, tool: call.tool })
    }

    fn result(answer: typed::Answer, before: &[Step]) -> Result<Self, &'static str> {
        let mut calls = before.iter().rev().filter_map(|step| match &step.said {
            Self::Call { id, tool, .. } => Some((id, tool)),
            Self::Assistant(_) | Self::Result { .. } | Self::System(_) | Self::User(_) => None,
        });
        let found = calls.find(|(id, _)| answer.of.as_ref().is_none_or(|of| of == *id));
        let (of, tool) = found.ok_or("no call before this result has that `id`")?;
        let content = match answer.content {
            Value::String(text) => text,
            content => content.to_string(),
        };
        Ok(Self::Result { content, of: of.clone(), tool: tool.clone() })
    }

    pub fn is_call(&self) -> bool {
        matches!(self, Self::Call { .. })
    }

    /// Adds it to the messages of a request.
    fn add(&self, messages: &mut Vec<Value>) {
        let said = |role: &str, text: &str| json!({ "role": role, "content": text });
        match self {
            Self::Assistant(text) => messages.push(said("assistant", text)),
            Self::Result { content, of, .. } => {
                messages.push(json!({ "role": "tool", "tool_call_id": of, "content": content }));
            }
            Self::System(text) => messages.push(said("system", text)),
            Self::User(text) => messages.push(said("user", text)),
            Self::Call { arguments, id, tool } => {
                let function = json!({ "name": tool, "arguments": arguments });
                let call = json!({ "id": id, "type": "function", "function": function });
                match messages.last_mut().and_then(Value::as_object_mut) {
                    Some(turn) if turn.get("role") == Some(&json!("assistant")) => {
                        let calls = turn.entry("tool_calls").or_insert_with(|| json!([]));
                        calls.as_array_mut().into_iter().for_each(|calls| calls.push(call.clone()));
                    }
                    _ => messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] })),
                }
            }
        }
    }

    /// The call as the model asks for it; none if it is something else.
    pub fn asked(&self) -> Option<ToolCall<String>> {
        let Self::Call { arguments, id, tool } = self else { return None };
        let mut call = ToolCall::new(Carrier::Function, 0);
        call.arguments = Some(arguments.clone());
        call.id = Some(id.clone());
        call.name = Some(tool.clone());
        Some(call)
    }

    /// What it is, in a message.
    pub fn what(&self) -> String {
        match self {
            Self::Assistant(_) => "assistant".to_owned(),
            Self::Call { tool, .. } => format!("call of `{tool}`"),
            Self::Result { tool, .. } => format!("result of `{tool}`"),
            Self::System(_) => "system".to_owned(),
            Self::User(_) => "user".to_owned(),
        }
    }
}
