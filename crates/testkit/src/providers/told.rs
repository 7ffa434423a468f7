//! Answers as a client has told them: the header `x-answers` of its request is a JSON list of them, the second one for
//! when the model is asked again because all calls of the first one were refused, and so on.
//!
//! An answer is `{"pieces": […]}`, in order `{"text"}`, `{"thought", "signature"}`, `{"call", "id", "arguments"}`; with
//! `alternatives`, a list of such lists, instead of `pieces` it has several choices. `"cut": true` says that the limit
//! of tokens ended it, `"joined": true` that all of it comes at once, wherever the API can say it so. `wanted` and
//! `unwanted` are what a request has to have and must not have.

use serde_json::{Value, json};

use super::{CUT, Provider};
use crate::fake_upstream::Received;
use crate::script::Script;

/// What the proxy tells the model, once for each call that it has refused.
const NOTICE: &str = "Refused by the security policy";

pub(super) fn answer(request: &Received) -> Script {
    let Some(provider) = Provider::of(request) else { return Script::json(404, "{}") };
    match Answer::of(provider, request) {
        Ok(answer) if is_streamed(request) => {
            let (events, head) = (answer.stream(provider), provider.stream_head());
            let size = if answer.joined() { events.len() } else { CUT };
            events.as_bytes().chunks(size).fold(head, Script::chunk).last_chunk()
        }
        Ok(answer) => provider.json(answer.whole(provider)),
        Err(complaint) => provider.error(400, complaint),
    }
}

fn is_streamed(request: &Received) -> bool {
    request.path().ends_with(":streamGenerateContent") || request.json()["stream"] == true
}

struct Answer {
    /// Which one it is, counted from 1: no two answers have the same ids.
    number: usize,
    said: Value,
}

impl Answer {
    /// The one whose turn it is, if the request is as it has to be.
    fn of(provider: Provider, request: &Received) -> Result<Self, &'static str> {
        let header = request.header("x-answers").ok_or("no x-answers")?;
        let answers: Vec<Value> = serde_json::from_str(header).map_err(|_| "x-answers is no list")?;
        let text = request.text();
        let (mut told, mut rest) =
            (text.match_indices(NOTICE).map(|(at, _)| at).peekable(), answers.into_iter());
        let mut answer = Self { number: 1, said: rest.next().ok_or("no answer")? };
        while let Some(before) = told.peek().and_then(|&at| text.get(..at)) {
            // What has no signature need not be said again, and texts are said in the pieces in which they came.
            let names = if provider == Provider::OpenAi { &["id", "text"][..] } else { &["id", "signature"] };
            for piece in answer.alternatives().into_iter().flatten() {
                let is_said = |name: &&str| piece[*name].as_str().is_none_or(|value| before.contains(value));
                if !names.iter().all(is_said) {
                    return Err("the model is not told what it has said, before the results of that");
                }
                if !piece["call"].is_null() && told.next().is_none() {
                    return Err("a call has no result");
                }
            }
            answer =
                Self { number: answer.number + 1, said: rest.next().ok_or("asked more often than told")? };
        }
        let says = |name: &str| answer.said[name].as_str().map(|word| text.contains(word));
        match (says("wanted"), says("unwanted")) {
            (Some(false), _) => Err("the request has not what it has to have"),
            (_, Some(true)) => Err("the request has what it must not have"),
            (_, _) => Ok(answer),
        }
    }

    fn alternatives(&self) -> Vec<&[Value]> {
        let pieces = |list: &'static str| self.said[list].as_array();
        match pieces("alternatives") {
            Some(all) => all.iter().filter_map(|one| Some(one.as_array()?.as_slice())).collect(),
            None => vec![pieces("pieces").map_or(&[], Vec::as_slice)],
        }
    }

    fn pieces(&self) -> &[Value] {
        self.alternatives().first().copied().unwrap_or_default()
    }

    fn joined(&self) -> bool {
        self.said["joined"] == true
    }

    /// Why it ended: cut off, with calls, or as a text does.
    fn reason(&self, [cut, calls, plain]: [&'static str; 3]) -> &'static str {
        if self.said["cut"] == true {
            return cut;
        }
        let has_calls = self.alternatives().into_iter().flatten().any(|piece| !piece["call"].is_null());
        if has_calls { calls } else { plain }
    }

    /// Arguments stand in it as they are given, also if they are no JSON.
    fn with_arguments(&self, text: String) -> String {
        self.pieces().iter().filter(|piece| !piece["call"].is_null()).fold(text, |text, piece| {
            text.replace(&format!("\"ARGUMENTS {}\"", word(piece, "id")), word(piece, "arguments"))
        })
    }

    fn whole(&self, provider: Provider) -> String {
        match provider {
            Provider::Anthropic => self.with_arguments(self.message().to_string()),
            Provider::Gemini | Provider::VertexAi => {
                let parts = self.pieces().iter().map(part).collect();
                self.with_arguments(self.content(parts, true).to_string())
            }
            Provider::OpenAi => self.completion().to_string(),
            Provider::Responses => self.response(true).to_string(),
        }
    }

    fn stream(&self, provider: Provider) -> String {
        match provider {
            Provider::Anthropic => self.message_events(),
            Provider::Gemini | Provider::VertexAi => self.contents(),
            Provider::OpenAi => self.chunks(),
            Provider::Responses => self.response_events(),
        }
    }

    fn completion(&self) -> Value {
        let reason = self.reason(["length", "tool_calls", "stop"]);
        let choices = self.alternatives().into_iter().enumerate().map(|(index, pieces)| {
            let calls: Vec<Value> =
                pieces.iter().filter(|piece| !piece["call"].is_null()).map(call).collect();
            let texts: Vec<&str> = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
            let mut message = json!({"role": "assistant", "content": Value::Null, "refusal": Value::Null});
            if !texts.is_empty() {
                message["content"] = texts.concat().into();
            }
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            json!({"index": index, "message": message, "logprobs": Value::Null, "finish_reason": reason})
        });
        let choices: Vec<Value> = choices.collect();
        json!({"id": format!("c{}", self.number), "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": total("prompt_tokens", "completion_tokens")})
    }

    fn chunks(&self) -> String {
        let chunk = |choices: Vec<Value>| json!({"id": format!("c{}", self.number), "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, "usage": Value::Null});
        let choice = |index: usize, delta: Value, reason: Option<&str>| json!({"index": index, "delta": delta, "logprobs": Value::Null, "finish_reason": reason});
        let mut chunks = Vec::new();
        for (index, pieces) in self.alternatives().into_iter().enumerate() {
            let begin = json!({"role": "assistant", "content": Value::Null, "refusal": Value::Null});
            chunks.push(chunk(vec![choice(index, begin, None)]));
            let (mut joined, mut place) = (json!({}), 0);
            for piece in pieces {
                let deltas = deltas(piece, place);
                place += usize::from(!piece["call"].is_null());
                if !self.joined() {
                    chunks.extend(deltas.into_iter().map(|delta| chunk(vec![choice(index, delta, None)])));
                } else if piece["call"].is_null() {
                    joined["content"] = piece["text"].clone();
                } else {
                    let mut whole = call(piece);
                    whole["index"] = (place - 1).into();
                    let calls = joined["tool_calls"].as_array().into_iter().flatten().cloned();
                    joined["tool_calls"] = calls.chain([whole]).collect();
                }
            }
            if self.joined() {
                chunks.push(chunk(vec![choice(index, joined, None)]));
            }
        }
        let reason = self.reason(["length", "tool_calls", "stop"]);
        let ends =
            (0..self.alternatives().len()).map(|index| chunk(vec![choice(index, json!({}), Some(reason))]));
        chunks.extend(ends);
        let mut usage = chunk(Vec::new());
        usage["usage"] = total("prompt_tokens", "completion_tokens");
        chunks.push(usage);
        let events: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        events + "data: [DONE]\n\n"
    }

    fn message(&self) -> Value {
        let reason = self.reason(["max_tokens", "tool_use", "end_turn"]);
        let content: Vec<Value> = self.pieces().iter().map(block).collect();
        json!({"id": format!("m{}", self.number), "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": reason, "stop_sequence": Value::Null, "usage": {"input_tokens": 3, "output_tokens": 4}})
    }

    fn message_events(&self) -> String {
        let mut message = self.message();
        (message["content"], message["stop_reason"]) = (json!([]), Value::Null);
        message["usage"]["output_tokens"] = 1.into();
        let mut events = vec![json!({"type": "message_start", "message": message}), json!({"type": "ping"})];
        for (index, piece) in self.pieces().iter().enumerate() {
            let mut start = block(piece);
            let deltas = if !piece["call"].is_null() {
                start["input"] = json!({});
                let part = |half: &str| json!({"type": "input_json_delta", "partial_json": half});
                halves(word(piece, "arguments")).map(part).to_vec()
            } else if !piece["thought"].is_null() {
                (start["thinking"], start["signature"]) = ("".into(), "".into());
                vec![
                    json!({"type": "thinking_delta", "thinking": piece["thought"]}),
                    json!({"type": "signature_delta", "signature": piece["signature"]}),
                ]
            } else {
                start["text"] = "".into();
                halves(word(piece, "text")).map(|half| json!({"type": "text_delta", "text": half})).to_vec()
            };
            events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
            let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.extend(deltas.into_iter().map(delta));
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let reason = self.reason(["max_tokens", "tool_use", "end_turn"]);
        let delta = json!({"stop_reason": reason, "stop_sequence": Value::Null});
        events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 4}}));
        events.push(json!({"type": "message_stop"}));
        named(&events)
    }

    fn content(&self, parts: Vec<Value>, is_last: bool) -> Value {
        let mut content = json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}], "modelVersion": "m", "responseId": format!("r{}", self.number)});
        if is_last {
            let reason = self.reason(["MAX_TOKENS", "STOP", "STOP"]);
            content["candidates"][0]["finishReason"] = reason.into();
            content["usageMetadata"] =
                json!({"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7});
        }
        content
    }

    fn contents(&self) -> String {
        let mut chunks: Vec<Vec<Value>> = vec![Vec::new()];
        for piece in self.pieces() {
            let text = piece["text"].as_str().filter(|_| !self.joined());
            let parts = text
                .map_or(vec![part(piece)], |text| halves(text).map(|half| json!({"text": half})).to_vec());
            match chunks.last_mut() {
                Some(last) if self.joined() || last.is_empty() && parts.len() == 1 => last.extend(parts),
                _ => chunks.extend(parts.into_iter().map(|part| vec![part])),
            }
        }
        chunks.retain(|parts| !parts.is_empty());
        let last = chunks.len().saturating_sub(1);
        let events = chunks.into_iter().enumerate().map(|(at, parts)| self.content(parts, at == last));
        events.map(|event| self.with_arguments(format!("data: {event}\r\n\r\n"))).collect()
    }

    fn response(&self, is_done: bool) -> Value {
        let status = self.reason(["incomplete", "completed", "completed"]);
        let details =
            if status == "incomplete" { json!({"reason": "max_output_tokens"}) } else { Value::Null };
        let output: Vec<Value> =
            self.pieces().iter().enumerate().map(|(at, piece)| self.item(at, piece)).collect();
        let mut response = json!({"id": format!("resp_{}", self.number), "object": "response", "created_at": 1, "model": "m", "status": status, "error": Value::Null, "incomplete_details": details, "instructions": Value::Null, "metadata": {}, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "output": output, "usage": total("input_tokens", "output_tokens")});
        if !is_done {
            (response["status"], response["output"]) = ("in_progress".into(), json!([]));
            (response["incomplete_details"], response["usage"]) = (Value::Null, Value::Null);
        }
        response
    }

    fn item(&self, index: usize, piece: &Value) -> Value {
        if !piece["call"].is_null() {
            let id = word(piece, "id");
            let status = self.reason(["incomplete", "completed", "completed"]);
            json!({"id": format!("fc_{id}"), "type": "function_call", "status": status, "call_id": id, "name": piece["call"], "arguments": piece["arguments"]})
        } else if !piece["thought"].is_null() {
            let summary = json!([{"type": "summary_text", "text": piece["thought"]}]);
            json!({"id": format!("rs_{}_{index}", self.number), "type": "reasoning", "summary": summary, "encrypted_content": piece["signature"]})
        } else {
            let part =
                json!({"type": "output_text", "text": piece["text"], "annotations": [], "logprobs": []});
            json!({"id": format!("msg_{}_{index}", self.number), "type": "message", "role": "assistant", "status": "completed", "content": [part]})
        }
    }

    fn response_events(&self) -> String {
        let mut events = vec![
            json!({"type": "response.created", "response": self.response(false)}),
            json!({"type": "response.in_progress", "response": self.response(false)}),
        ];
        for (index, piece) in self.pieces().iter().enumerate() {
            let done = self.item(index, piece);
            let mut event = |kind: &str, more: Value| {
                let mut data = json!({"type": format!("response.{kind}"), "output_index": index});
                if !kind.starts_with("output_item") {
                    data["item_id"] = done["id"].clone();
                }
                data.as_object_mut()
                    .into_iter()
                    .for_each(|data| data.extend(more.as_object().cloned().unwrap_or_default()));
                events.push(data);
            };
            let mut begun = done.clone();
            if !piece["call"].is_null() {
                (begun["arguments"], begun["status"]) = ("".into(), "in_progress".into());
                event("output_item.added", json!({"item": begun}));
                for half in halves(word(piece, "arguments")) {
                    event("function_call_arguments.delta", json!({"delta": half}));
                }
                event(
                    "function_call_arguments.done",
                    json!({"name": piece["call"], "arguments": piece["arguments"]}),
                );
            } else if !piece["thought"].is_null() {
                begun["summary"] = json!([]);
                let place = |name: &str, value: Value| json!({"summary_index": 0, name: value});
                let part = |text: &Value| json!({"type": "summary_text", "text": text});
                event("output_item.added", json!({"item": begun}));
                event("reasoning_summary_part.added", place("part", part(&"".into())));
                event("reasoning_summary_text.delta", place("delta", piece["thought"].clone()));
                event("reasoning_summary_text.done", place("text", piece["thought"].clone()));
                event("reasoning_summary_part.done", place("part", part(&piece["thought"])));
            } else {
                (begun["content"], begun["status"]) = (json!([]), "in_progress".into());
                let place = |name: &str, value: Value| json!({"content_index": 0, name: value});
                let mut part = done["content"][0].clone();
                part["text"] = "".into();
                event("output_item.added", json!({"item": begun}));
                event("content_part.added", place("part", part));
                for half in halves(word(piece, "text")) {
                    event("output_text.delta", json!({"content_index": 0, "logprobs": [], "delta": half}));
                }
                event("output_text.done", json!({"content_index": 0, "logprobs": [], "text": piece["text"]}));
                event("content_part.done", place("part", done["content"][0].clone()));
            }
            event("output_item.done", json!({"item": done}));
        }
        let end = self.reason(["response.incomplete", "response.completed", "response.completed"]);
        events.push(json!({"type": end, "response": self.response(true)}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        named(&events)
    }
}

fn word<'a>(piece: &'a Value, name: &str) -> &'a str {
    piece[name].as_str().unwrap_or_default()
}

/// The halves of a text.
fn halves(text: &str) -> [&str; 2] {
    text.split_at(text.floor_char_boundary(text.len() / 2)).into()
}

fn total(input: &str, output: &str) -> Value {
    json!({input: 3, output: 4, "total_tokens": 7})
}

/// Events with names.
fn named(events: &[Value]) -> String {
    let name = |event: &Value| word(event, "type").to_owned();
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", name(event))).collect()
}

/// A call of OpenAI Chat.
fn call(piece: &Value) -> Value {
    json!({"id": piece["id"], "type": "function", "function": {"name": piece["call"], "arguments": piece["arguments"]}})
}

fn deltas(piece: &Value, place: usize) -> Vec<Value> {
    if piece["call"].is_null() {
        let (name, text) =
            if piece["text"].is_null() { ("reasoning_content", "thought") } else { ("content", "text") };
        return halves(word(piece, text)).map(|half| json!({name: half})).to_vec();
    }
    let mut first = call(piece);
    (first["index"], first["function"]["arguments"]) = (place.into(), "".into());
    let part = |half: &str| json!({"tool_calls": [{"index": place, "function": {"arguments": half}}]});
    [json!({"tool_calls": [first]})].into_iter().chain(halves(word(piece, "arguments")).map(part)).collect()
}

/// A block of Messages.
fn block(piece: &Value) -> Value {
    if !piece["call"].is_null() {
        json!({"type": "tool_use", "id": piece["id"], "name": piece["call"], "input": format!("ARGUMENTS {}", word(piece, "id"))})
    } else if !piece["thought"].is_null() {
        json!({"type": "thinking", "thinking": piece["thought"], "signature": piece["signature"]})
    } else {
        json!({"type": "text", "text": piece["text"]})
    }
}

/// A part of Gemini.
fn part(piece: &Value) -> Value {
    if !piece["call"].is_null() {
        let call = json!({"id": piece["id"], "name": piece["call"], "args": format!("ARGUMENTS {}", word(piece, "id"))});
        json!({"functionCall": call, "thoughtSignature": piece["signature"].as_str().unwrap_or("Y2FsbA==")})
    } else if !piece["thought"].is_null() {
        json!({"text": piece["thought"], "thought": true, "thoughtSignature": piece["signature"]})
    } else {
        json!({"text": piece["text"]})
    }
}
