//! A message of the assistant that the model did not write.

use serde_json::{Value, json};

/// What ids of such messages begin with. A provider does not know them: a request that refers to one cannot be answered.
const PREFIX: &str = "msg_archestra_";

/// Most bytes of an answer's id in the id of a message; ids of items have at most 64.
const FROM_ID: usize = 40;

/// The id of the message with this number in the answer that has `response` as its id.
pub(super) fn id(response: Option<&str>, number: usize) -> String {
    let tail = response.unwrap_or_default().bytes().rev();
    let tail = tail.take_while(u8::is_ascii_alphanumeric).take(FROM_ID).map(char::from).collect::<String>();
    let tail = tail.chars().rev().collect::<String>();
    format!("{PREFIX}{tail}_{number}")
}

/// The item, finished.
pub(super) fn item(id: &str, text: &str) -> String {
    finished(id, text).to_string()
}

fn finished(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part(text)]})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The events that tell it, in order, each with its name; they have no numbers yet.
pub(super) fn events(id: &str, index: u64, text: &str) -> [(&'static str, Value); 6] {
    let begun =
        json!({"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []});
    let place = json!({"item_id": id, "output_index": index, "content_index": 0});
    [
        ("response.output_item.added", json!({"output_index": index, "item": begun})),
        ("response.content_part.added", with(&place, json!({"part": part("")}))),
        ("response.output_text.delta", with(&place, json!({"delta": text, "logprobs": []}))),
        ("response.output_text.done", with(&place, json!({"text": text, "logprobs": []}))),
        ("response.content_part.done", with(&place, json!({"part": part(text)}))),
        ("response.output_item.done", json!({"output_index": index, "item": finished(id, text)})),
    ]
}

/// Both objects in one.
fn with(place: &Value, mut event: Value) -> Value {
    if let (Some(event), Some(place)) = (event.as_object_mut(), place.as_object()) {
        event.extend(place.clone());
    }
    event
}
