//! Calls, and the events in which they may arrive.

use std::collections::VecDeque;

use model::ToolCall;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::conversation::arguments;

/// A call of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub alternative: u32,
    pub arguments: String,
    pub id: String,
    pub name: String,
}

impl Call {
    /// What a view says of it.
    pub fn seen(call: &ToolCall<String>) -> Self {
        Self {
            alternative: call.alternative,
            arguments: call.arguments.clone().unwrap_or_default(),
            id: call.id.clone().unwrap_or_default(),
            name: call.name.clone().unwrap_or_default(),
        }
    }
}

/// Calls of up to three alternatives; their arguments are JSON or anything else, as models go.
pub fn calls() -> impl Strategy<Value = Vec<Call>> {
    let arguments = prop_oneof![arguments().prop_map(|value| value.to_string()), any::<String>()];
    let call = (0_u32..3, arguments, "[a-zA-Z0-9_é\"\\\\-]{1,12}");
    vec(call, 0..6).prop_map(|calls| {
        let call = |(at, (alternative, arguments, name))| Call {
            alternative,
            arguments,
            id: format!("call_{at}"),
            name,
        };
        calls.into_iter().enumerate().map(call).collect()
    })
}

/// The same calls in an API with one answer only.
pub fn of_one_answer(mut calls: Vec<Call>) -> Vec<Call> {
    calls.iter_mut().for_each(|call| call.alternative = 0);
    calls
}

/// The same calls in an API whose arguments are JSON in themselves.
pub fn with_json_arguments(mut calls: Vec<Call>) -> Vec<Call> {
    for call in &mut calls {
        if serde_json::from_str::<Value>(&call.arguments).is_err() {
            call.arguments = json!({"text": call.arguments}).to_string();
        }
    }
    calls
}

/// Chunks: each call at its own index, arguments split anywhere, the calls interleaved.
pub fn openai_chat(calls: &[Call], choices: &[u8]) -> Vec<Vec<u8>> {
    let mut choices = Choices { choices, next: 0 };
    let chunk = |alternative: u32, delta: Value, reason: Value| {
        let choice = json!({"index": alternative, "delta": delta, "finish_reason": reason});
        json!({"id": "c", "model": "m", "choices": [choice]}).to_string().into_bytes()
    };
    let queues = calls.iter().enumerate().map(|(index, call)| {
        let begin = json!({"index": index, "id": call.id, "type": "function",
            "function": {"name": call.name, "arguments": ""}});
        let more = |part: String| json!({"index": index, "function": {"arguments": part}});
        let deltas = std::iter::once(begin).chain(choices.split(&call.arguments).into_iter().map(more));
        deltas.map(|delta| chunk(call.alternative, json!({"tool_calls": [delta]}), Value::Null)).collect()
    });
    let queues = queues.collect();
    let mut events = vec![chunk(0, json!({"role": "assistant", "content": "Hm."}), Value::Null)];
    events.extend(choices.interleave(queues));
    events.extend((0..3).map(|alternative| chunk(alternative, json!({}), json!("tool_calls"))));
    events.push(b"[DONE]".to_vec());
    events
}

/// Events: a block for each call. The API sends one block after another; nothing in the events needs it.
pub fn anthropic_messages(calls: &[Call], choices: &[u8]) -> Vec<Vec<u8>> {
    let mut choices = Choices { choices, next: 0 };
    let queues = calls.iter().enumerate().map(|(index, call)| {
        let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        let begin = json!({"type": "content_block_start", "index": index, "content_block": block});
        let more = |part: String| {
            let delta = json!({"type": "input_json_delta", "partial_json": part});
            json!({"type": "content_block_delta", "index": index, "delta": delta})
        };
        let deltas = choices.split(&call.arguments).into_iter().map(more);
        let end = json!({"type": "content_block_stop", "index": index});
        let events = std::iter::once(begin).chain(deltas).chain(std::iter::once(end));
        events.map(|event| event.to_string().into_bytes()).collect()
    });
    let queues = queues.collect();
    let mut events =
        vec![json!({"type": "message_start", "message": {"content": []}}).to_string().into_bytes()];
    events.extend(choices.interleave(queues));
    events.push(br#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.to_vec());
    events.push(br#"{"type":"message_stop"}"#.to_vec());
    events
}

/// Events: an item for each call, and the whole answer at the end.
pub fn openai_responses(calls: &[Call], choices: &[u8]) -> Vec<Vec<u8>> {
    let mut choices = Choices { choices, next: 0 };
    let item = |call: &Call, arguments: &str| {
        json!({"type": "function_call", "id": format!("fc_{}", call.id), "call_id": call.id,
            "name": call.name, "arguments": arguments})
    };
    let queues = calls.iter().enumerate().map(|(index, call)| {
        let event = |kind: &str, member: &str, value: Value| {
            json!({"type": format!("response.{kind}"), "output_index": index, member: value})
        };
        let begin = event("output_item.added", "item", item(call, ""));
        let more = |part: String| event("function_call_arguments.delta", "delta", json!(part));
        let deltas = choices.split(&call.arguments).into_iter().map(more);
        let said = event("function_call_arguments.done", "arguments", json!(call.arguments));
        let end = event("output_item.done", "item", item(call, &call.arguments));
        let events = std::iter::once(begin).chain(deltas).chain([said, end]);
        events.map(|event| event.to_string().into_bytes()).collect()
    });
    let queues = queues.collect();
    let mut events = choices.interleave(queues);
    let output: Vec<Value> = calls.iter().map(|call| item(call, &call.arguments)).collect();
    let response = json!({"id": "r", "status": "completed", "output": output});
    events.push(json!({"type": "response.completed", "response": response}).to_string().into_bytes());
    events
}

/// Chunks with one or more whole calls each, of one candidate or several.
pub fn gemini_generate(calls: &[Call], choices: &[u8]) -> Vec<Vec<u8>> {
    let mut choices = Choices { choices, next: 0 };
    let mut events = Vec::new();
    let mut rest = calls;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(1 + choices.choice(rest.len()));
        rest = later;
        let candidates: Vec<String> = now.iter().map(|call| {
            // As it stands: serde_json would write the arguments anew.
            format!(
                r#"{{"index":{},"content":{{"parts":[{{"functionCall":{{"id":{},"name":{},"args":{}}}}}]}}}}"#,
                call.alternative, json!(call.id), json!(call.name), call.arguments.trim()
            )
        }).collect();
        events.push(format!(r#"{{"candidates":[{}]}}"#, candidates.join(",")).into_bytes());
    }
    events.extend((0..3).map(|index| {
        json!({"candidates": [{"index": index, "finishReason": "STOP"}]}).to_string().into_bytes()
    }));
    events
}

/// Decisions in order, over again when they are used up.
struct Choices<'a> {
    choices: &'a [u8],
    next: usize,
}

impl Choices<'_> {
    fn choice(&mut self, among: usize) -> usize {
        let Some(choice) = self.choices.get(self.next % self.choices.len().max(1)) else { return 0 };
        self.next += 1;
        usize::from(*choice) % among.max(1)
    }

    /// `text` in parts, some of them empty.
    fn split(&mut self, text: &str) -> Vec<String> {
        let mut parts = vec![String::new()];
        for character in text.chars() {
            for _ in 0..self.choice(5).saturating_sub(2) {
                parts.push(String::new());
            }
            if let Some(last) = parts.last_mut() {
                last.push(character);
            }
        }
        parts
    }

    /// The elements of all queues, each queue in its own order.
    fn interleave(&mut self, queues: Vec<VecDeque<Vec<u8>>>) -> Vec<Vec<u8>> {
        let mut queues = queues;
        let mut all = Vec::new();
        loop {
            queues.retain(|queue| !queue.is_empty());
            if queues.is_empty() {
                return all;
            }
            let at = self.choice(queues.len());
            all.extend(queues[at].pop_front());
        }
    }
}
