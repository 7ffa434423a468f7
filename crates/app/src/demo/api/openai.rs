//! Chat Completions (API reference of OpenAI, "Create chat completion").

use serde_json::{Value, json};

use super::super::tools::TOOLS;
use super::{Api, Call, MODEL, Said, Turn, each, text, tool_of};

pub(super) const API: Api = Api { name: "openai", path: "/chat/completions", request, turns, answer, said };

fn request(turns: &[Turn]) -> Value {
    let messages: Vec<Value> = turns.iter().map(message).collect();
    let tools = TOOLS.map(|tool| {
        json!({"type": "function", "function": {"name": tool.name, "description": tool.about, "parameters": tool.schema()}})
    });
    json!({"model": MODEL, "messages": messages, "tools": tools})
}

fn message(turn: &Turn) -> Value {
    match turn {
        Turn::Asked(text) => json!({"role": "user", "content": text}),
        Turn::Said(said) => spoken(said),
        Turn::Told { call, text, .. } => json!({"role": "tool", "tool_call_id": call, "content": text}),
    }
}

fn spoken(said: &Said) -> Value {
    match said {
        Said::Call(call) => {
            let arguments = Value::Object(call.arguments.clone()).to_string();
            let function = json!({"name": call.tool, "arguments": arguments});
            let calls = json!([{"id": call.id, "type": "function", "function": function}]);
            json!({"role": "assistant", "content": null, "tool_calls": calls})
        }
        Said::Text(text) => json!({"role": "assistant", "content": text}),
    }
}

fn turns(request: &Value) -> Vec<Turn> {
    let mut turns = Vec::new();
    for message in each(request.get("messages")) {
        let role = text(message, "role");
        match role.as_str() {
            "user" => turns.push(Turn::Asked(text(message, "content"))),
            "assistant" => turns.extend(heard(message).map(Turn::Said)),
            "tool" => {
                let call = text(message, "tool_call_id");
                let tool = tool_of(&turns, &call);
                turns.push(Turn::Told { call, tool, text: text(message, "content") });
            }
            _ => {}
        }
    }
    turns
}

fn heard(message: &Value) -> Option<Said> {
    let Some(call) = each(message.get("tool_calls")).next() else {
        return Some(Said::Text(text(message, "content")));
    };
    let function = call.get("function")?;
    let arguments = serde_json::from_str(&text(function, "arguments")).ok()?;
    Some(Said::Call(Call { id: text(call, "id"), tool: text(function, "name"), arguments }))
}

fn answer(said: &Said) -> Value {
    let reason = match said {
        Said::Call(_) => "tool_calls",
        Said::Text(_) => "stop",
    };
    let choice = json!({"index": 0, "message": spoken(said), "finish_reason": reason});
    let usage = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    json!({"id": "chatcmpl-demo", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice], "usage": usage})
}

fn said(answer: &Value) -> Option<Said> {
    heard(each(answer.get("choices")).next()?.get("message")?)
}
