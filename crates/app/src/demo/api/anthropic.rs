//! Messages (API reference of Anthropic, "Create a Message").

use serde_json::{Value, json};

use super::super::tools::TOOLS;
use super::{Api, Call, MODEL, Said, Turn, each, object, text, tool_of};

pub(super) const API: Api = Api { name: "anthropic", path: "/v1/messages", request, turns, answer, said };

fn request(turns: &[Turn]) -> Value {
    let messages: Vec<Value> = turns.iter().map(message).collect();
    let tools = TOOLS
        .map(|tool| json!({"name": tool.name, "description": tool.about, "input_schema": tool.schema()}));
    json!({"model": MODEL, "max_tokens": 1024, "messages": messages, "tools": tools})
}

fn message(turn: &Turn) -> Value {
    match turn {
        Turn::Asked(text) => json!({"role": "user", "content": text}),
        Turn::Said(said) => json!({"role": "assistant", "content": [block(said)]}),
        Turn::Told { call, text, .. } => {
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": text}]})
        }
    }
}

fn block(said: &Said) -> Value {
    match said {
        Said::Call(call) => {
            json!({"type": "tool_use", "id": call.id, "name": call.tool, "input": call.arguments})
        }
        Said::Text(text) => json!({"type": "text", "text": text}),
    }
}

fn turns(request: &Value) -> Vec<Turn> {
    let mut turns = Vec::new();
    for message in each(request.get("messages")) {
        let is_model = text(message, "role") == "assistant";
        if let Some(text) = message.get("content").and_then(Value::as_str).map(str::to_owned) {
            turns.push(if is_model { Turn::Said(Said::Text(text)) } else { Turn::Asked(text) });
        }
        for block in each(message.get("content")) {
            let kind = text(block, "type");
            match kind.as_str() {
                "tool_result" => {
                    let call = text(block, "tool_use_id");
                    let tool = tool_of(&turns, &call);
                    turns.push(Turn::Told { call, tool, text: told(block) });
                }
                "text" if !is_model => turns.push(Turn::Asked(text(block, "text"))),
                _ => turns.extend(heard(block).map(Turn::Said)),
            }
        }
    }
    turns
}

/// The text of a result: a text, or blocks.
fn told(block: &Value) -> String {
    let blocks = each(block.get("content")).map(|part| text(part, "text"));
    text(block, "content") + &blocks.collect::<String>()
}

fn heard(block: &Value) -> Option<Said> {
    let kind = text(block, "type");
    match kind.as_str() {
        "text" => Some(Said::Text(text(block, "text"))),
        "tool_use" => Some(Said::Call(Call {
            id: text(block, "id"),
            tool: text(block, "name"),
            arguments: object(block, "input"),
        })),
        _ => None,
    }
}

fn answer(said: &Said) -> Value {
    let reason = match said {
        Said::Call(_) => "tool_use",
        Said::Text(_) => "end_turn",
    };
    let usage = json!({"input_tokens": 0, "output_tokens": 0});
    json!({"id": "msg_demo", "type": "message", "role": "assistant", "model": MODEL, "content": [block(said)], "stop_reason": reason, "stop_sequence": null, "usage": usage})
}

fn said(answer: &Value) -> Option<Said> {
    each(answer.get("content")).filter_map(heard).last()
}
