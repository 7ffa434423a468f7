//! Conversations, and how each API writes them.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Id, name, and the arguments or the content.
pub type Shape = (String, String, Value);

/// One thing that was said.
#[derive(Clone, Debug)]
pub enum Turn {
    Call { arguments: Value, id: String, name: String },
    Result { content: String, id: String },
    User(String),
}

impl Turn {
    /// What a view must say of a call.
    pub fn call(&self) -> Option<Shape> {
        match self {
            Self::Call { arguments, id, name } => Some((id.clone(), name.clone(), arguments.clone())),
            Self::Result { .. } | Self::User(_) => None,
        }
    }

    /// What a view must say of a result.
    pub fn result(&self) -> Option<Shape> {
        match self {
            Self::Result { content, id } => Some((id.clone(), String::new(), json!({"r": content}))),
            Self::Call { .. } | Self::User(_) => None,
        }
    }
}

/// Any turns in any order, sensible or not.
pub fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let text = || any::<String>();
    let turn = prop_oneof![
        (arguments(), text(), text()).prop_map(|(arguments, id, name)| Turn::Call { arguments, id, name }),
        (text(), text()).prop_map(|(content, id)| Turn::Result { content, id }),
        text().prop_map(Turn::User),
    ];
    vec(turn, 0..8)
}

/// An object as a model writes it.
pub fn arguments() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    btree_map(any::<String>(), value, 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// The body, and what its segments must cover.
pub fn openai_chat(turns: &[Turn]) -> (Value, Vec<Value>) {
    let mut parts = Vec::new();
    let messages: Vec<Value> = turns
        .iter()
        .map(|turn| match turn {
            Turn::Call { arguments, id, name } => json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}},
            ]}),
            Turn::Result { content, id } => {
                parts.push(json!({"r": content}));
                json!({"role": "tool", "tool_call_id": id, "content": {"r": content}})
            }
            Turn::User(text) => {
                parts.push(json!(text));
                json!({"role": "user", "content": text})
            }
        })
        .collect();
    (json!({"model": "m", "messages": messages, "tools": []}), parts)
}

/// The body, and what its segments must cover.
pub fn openai_responses(turns: &[Turn]) -> (Value, Vec<Value>) {
    let mut parts = Vec::new();
    let items: Vec<Value> = turns
        .iter()
        .map(|turn| {
            let item = match turn {
                Turn::Call { arguments, id, name } => {
                    json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments.to_string()})
                }
                Turn::Result { content, id } => {
                    json!({"type": "function_call_output", "call_id": id, "output": {"r": content}})
                }
                Turn::User(text) => json!({"role": "user", "content": text}),
            };
            parts.push(item.get("content").unwrap_or(&item).clone());
            item
        })
        .collect();
    (json!({"model": "m", "input": items, "tools": []}), parts)
}

/// The body, and what its segments must cover.
pub fn anthropic_messages(turns: &[Turn]) -> (Value, Vec<Value>) {
    let blocks: Vec<(&str, Value)> = turns
        .iter()
        .map(|turn| match turn {
            Turn::Call { arguments, id, name } => {
                ("assistant", json!({"type": "tool_use", "id": id, "name": name, "input": arguments}))
            }
            Turn::Result { content, id } => {
                ("user", json!({"type": "tool_result", "tool_use_id": id, "content": {"r": content}}))
            }
            Turn::User(text) => ("user", json!({"type": "text", "text": text})),
        })
        .collect();
    let messages: Vec<Value> =
        blocks.iter().map(|(role, block)| json!({"role": role, "content": [block]})).collect();
    let parts = blocks.into_iter().map(|(_, block)| block).collect();
    (json!({"model": "m", "max_tokens": 1, "messages": messages}), parts)
}

/// The body, and what its segments must cover.
pub fn gemini_generate(turns: &[Turn]) -> (Value, Vec<Value>) {
    let parts: Vec<(&str, Value)> = turns
        .iter()
        .map(|turn| match turn {
            Turn::Call { arguments, id, name } => {
                ("model", json!({"functionCall": {"id": id, "name": name, "args": arguments}}))
            }
            Turn::Result { content, id } => {
                ("user", json!({"functionResponse": {"id": id, "response": {"r": content}}}))
            }
            Turn::User(text) => ("user", json!({"text": text})),
        })
        .collect();
    let contents: Vec<Value> =
        parts.iter().map(|(role, part)| json!({"role": role, "parts": [part]})).collect();
    (json!({"contents": contents, "tools": []}), parts.into_iter().map(|(_, part)| part).collect())
}
