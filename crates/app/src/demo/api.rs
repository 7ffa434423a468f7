//! What the demo's agent and its simulated provider say to each other, and the APIs that they say it in.

mod anthropic;
mod gemini;
mod openai;

use serde_json::{Map, Value};

/// The name of the simulated model.
pub(super) const MODEL: &str = "obedient";

/// A call of a tool that the model asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub id: String,
    pub tool: String,
    pub arguments: Map<String, Value>,
}

impl Call {
    /// An argument that is a text.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name)?.as_str()
    }
}

/// An answer of the model: a call or a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Call(Call),
    Text(String),
}

/// A part of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn {
    /// The person's words.
    Asked(String),
    Said(Said),
    /// What a tool answered.
    Told {
        call: String,
        tool: String,
        text: String,
    },
}

/// An API: how a conversation and an answer are written in it.
#[derive(Debug)]
pub(super) struct Api {
    /// The provider's name in base URLs.
    pub name: &'static str,
    /// What follows the base URL in the path of a conversation.
    pub path: &'static str,
    /// Writes a request.
    pub request: fn(&[Turn]) -> Value,
    /// Reads a request; what is unknown in it is left out.
    pub turns: fn(&Value) -> Vec<Turn>,
    /// Writes an answer.
    pub answer: fn(&Said) -> Value,
    /// Reads an answer; none if it is none.
    pub said: fn(&Value) -> Option<Said>,
}

/// All APIs.
pub(super) static APIS: [Api; 3] = [openai::API, anthropic::API, gemini::API];

/// Elements of an array; none of anything else.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A member that is a text, or nothing.
fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member that is an object, or an empty one.
fn object(value: &Value, name: &str) -> Map<String, Value> {
    value.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The tool of the call with this id.
fn tool_of(turns: &[Turn], id: &str) -> String {
    let tool = turns.iter().find_map(|turn| match turn {
        Turn::Said(Said::Call(call)) if call.id == id => Some(call.tool.clone()),
        Turn::Asked(_) | Turn::Said(_) | Turn::Told { .. } => None,
    });
    tool.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_api_reads_what_it_writes() {
        let arguments = json!({"to": "bob@corp.example"}).as_object().cloned().unwrap();
        let call = Said::Call(Call { id: "call_1".to_owned(), tool: "send_email".to_owned(), arguments });
        let said = Said::Text("Done.".to_owned());
        let turns = [
            Turn::Asked("Do it.".to_owned()),
            Turn::Said(call.clone()),
            Turn::Told { call: "call_1".to_owned(), tool: "send_email".to_owned(), text: "Sent.".to_owned() },
            Turn::Said(said.clone()),
        ];
        for api in &APIS {
            assert_eq!((api.turns)(&(api.request)(&turns)), turns, "{}", api.name);
            for said in [&call, &said] {
                assert_eq!((api.said)(&(api.answer)(said)).as_ref(), Some(said), "{}", api.name);
            }
            assert_eq!((api.said)(&json!({"error": {}})), None, "{}", api.name);
        }
    }
}
