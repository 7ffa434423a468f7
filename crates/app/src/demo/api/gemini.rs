//! `generateContent` (API reference of the Gemini API, "Generating content").

use serde_json::{Value, json};

use super::super::tools::TOOLS;
use super::{Api, Call, MODEL, Said, Turn, each, object, text};

pub(super) const API: Api =
    Api { name: "gemini", path: "/v1beta/models/obedient:generateContent", request, turns, answer, said };

fn request(turns: &[Turn]) -> Value {
    let contents: Vec<Value> = turns.iter().map(content).collect();
    let tools =
        TOOLS.map(|tool| json!({"name": tool.name, "description": tool.about, "parameters": tool.schema()}));
    json!({"contents": contents, "tools": [{"functionDeclarations": tools}]})
}

fn content(turn: &Turn) -> Value {
    match turn {
        Turn::Asked(text) => json!({"role": "user", "parts": [{"text": text}]}),
        Turn::Said(said) => json!({"role": "model", "parts": [part(said)]}),
        Turn::Told { call, tool, text } => {
            let response = json!({"id": call, "name": tool, "response": {"result": text}});
            json!({"role": "user", "parts": [{"functionResponse": response}]})
        }
    }
}

fn part(said: &Said) -> Value {
    match said {
        Said::Call(call) => {
            json!({"functionCall": {"id": call.id, "name": call.tool, "args": call.arguments}})
        }
        Said::Text(text) => json!({"text": text}),
    }
}

fn turns(request: &Value) -> Vec<Turn> {
    let mut turns = Vec::new();
    for content in each(request.get("contents")) {
        let is_model = text(content, "role") == "model";
        for part in each(content.get("parts")) {
            if let Some(response) = part.get("functionResponse") {
                // `result` or `error`: whatever it is called, it is what the tool said.
                let members = object(response, "response");
                let told: String = members.values().filter_map(Value::as_str).collect();
                turns.push(Turn::Told {
                    call: text(response, "id"),
                    tool: text(response, "name"),
                    text: told,
                });
            } else if is_model {
                turns.extend(heard(part).map(Turn::Said));
            } else {
                turns.push(Turn::Asked(text(part, "text")));
            }
        }
    }
    turns
}

fn heard(part: &Value) -> Option<Said> {
    if let Some(call) = part.get("functionCall") {
        let (id, tool) = (text(call, "id"), text(call, "name"));
        return Some(Said::Call(Call { id, tool, arguments: object(call, "args") }));
    }
    Some(Said::Text(part.get("text")?.as_str()?.to_owned()))
}

fn answer(said: &Said) -> Value {
    let content = json!({"role": "model", "parts": [part(said)]});
    let usage = json!({"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0});
    json!({"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "modelVersion": MODEL, "usageMetadata": usage})
}

fn said(answer: &Value) -> Option<Said> {
    let candidate = each(answer.get("candidates")).next()?;
    each(candidate.get("content")?.get("parts")).filter_map(heard).last()
}
