//! An accumulator as strict as those of the official SDKs for Python and JavaScript together.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Sent;

/// Puts events together; the items, and the response that the last event has.
pub(super) fn accumulate(events: &[Sent]) -> (Vec<Value>, Value) {
    let mut response = Value::Null;
    let mut items: Vec<Value> = Vec::new();
    let mut done = BTreeMap::new();
    for (number, (name, data)) in events.iter().filter(|(_, data)| data != b"[DONE]").enumerate() {
        let event: Value = serde_json::from_slice(data).unwrap();
        let kind = event["type"].as_str().unwrap();
        assert!(name.as_deref().is_none_or(|name| name == kind.as_bytes()));
        assert_eq!(event["sequence_number"], number, "{event}");
        let index = event["output_index"].as_u64().map(|index| usize::try_from(index).unwrap());
        if number == 0 {
            assert_eq!(kind, "response.created");
        } else if event["response"].is_object() {
            assert_eq!(response["id"], event["response"]["id"], "the identity changed");
        }
        if event["response"].is_object() {
            response = event["response"].clone();
        }
        match kind {
            "response.output_item.added" => {
                assert_eq!(index, Some(items.len()), "{event}");
                items.push(event["item"].clone());
            }
            "response.content_part.added" => {
                let item = &mut items[index.unwrap()];
                assert_eq!(item["id"], event["item_id"]);
                assert_eq!(
                    item["content"].as_array().unwrap().len() as u64,
                    event["content_index"].as_u64().unwrap()
                );
                item["content"].as_array_mut().unwrap().push(event["part"].clone());
            }
            "response.output_text.delta" => {
                let part = &mut items[index.unwrap()]["content"][0];
                part["text"] =
                    (part["text"].as_str().unwrap().to_owned() + event["delta"].as_str().unwrap()).into();
            }
            "response.output_text.done" => {
                assert_eq!(items[index.unwrap()]["content"][0]["text"], event["text"]);
            }
            "response.output_item.done" => {
                let item = &items[index.unwrap()];
                assert_eq!((&item["id"], &item["type"]), (&event["item"]["id"], &event["item"]["type"]));
                assert!(done.insert(index.unwrap(), event["item"].clone()).is_none());
            }
            _ => {
                if let Some(index) = index {
                    assert_eq!(items[index]["id"], event["item_id"], "{event}");
                }
            }
        }
    }
    assert_eq!(done.len(), items.len(), "not all items ended");
    let done: Vec<Value> = done.into_values().collect();
    (done, response)
}

/// Puts events together whose end repeats what they told; texts of messages, and the types of all else.
pub(super) fn told(events: &[Sent]) -> Vec<String> {
    let (items, response) = accumulate(events);
    assert_eq!(Value::from(items.clone()), response["output"]);
    said(&items)
}

/// Texts of messages, and the types or names of all else.
pub(super) fn said(items: &[Value]) -> Vec<String> {
    let said = items.iter().map(|item| match item["type"].as_str().unwrap() {
        "message" => item["content"][0]["text"].as_str().unwrap(),
        "function_call" => item["name"].as_str().unwrap().rsplit('_').next().unwrap(),
        other => other,
    });
    said.map(str::to_owned).collect()
}
