//! The mock provider's streamed answers in OpenAI's Responses: the events of a message of text, in the order and with
//! the members that the provider sends them with, without the obfuscation that a client can decline.
//!
//! The text is said four times, as it is there: in pieces, whole, in its item, and in the answer as a whole.

use super::answer::framed;

/// What all answers say of themselves.
const ID: &str = "resp_68d1c2a4f0c481a2b6bc0000000000010123456789abcdef";
const ITEM: &str = "msg_68d1c2a5f0c481a2b6bc0000000000010123456789abcdef";
/// Members of the response around the ones that change.
const BEFORE_STATUS: &str = r#""object":"response","created_at":1760000000,"status":"#;
const BEFORE_OUTPUT: &str = r#""background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"model":"gpt-4o-2024-08-06","output":"#;
const BEFORE_USAGE: &str = r#""parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,"reasoning":{"effort":null,"summary":null},"safety_identifier":null,"service_tier":"default","store":true,"temperature":0.2,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[{"type":"function","description":null,"name":"read_file","parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]},"strict":true}],"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":"#;

/// Events that open a stream and that close it, around those with text.
pub const OTHER_EVENTS: usize = 8;

/// The events before the first piece of text.
pub fn opening() -> String {
    let response = response("in_progress", "[]", "null");
    let item = format!(
        r#"{{"id":"{ITEM}","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#
    );
    [
        event("created", 0, &format!(r#""response":{response}"#)),
        event("in_progress", 1, &format!(r#""response":{response}"#)),
        event("output_item.added", 2, &format!(r#""output_index":0,"item":{item}"#)),
        event("content_part.added", 3, &format!(r#"{},"part":{}"#, place(), part(""))),
    ]
    .concat()
}

/// The piece of text at `number`, which stands escaped in `text`.
pub fn piece(number: usize, text: &str) -> String {
    event("output_text.delta", number + 4, &format!(r#"{},"delta":"{text}","logprobs":[]"#, place()))
}

/// The events behind the last of `count` pieces, which say `text`, and the end of the body.
pub fn closing(count: usize, text: &str, prompt: usize) -> String {
    let (place, part) = (place(), part(text));
    let item = format!(
        r#"{{"id":"{ITEM}","type":"message","status":"completed","content":[{part}],"role":"assistant"}}"#
    );
    let usage = format!(
        r#"{{"input_tokens":{prompt},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":128,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}}"#,
        prompt + 128
    );
    let response = response("completed", &format!("[{item}]"), &usage);
    let events = [
        event("output_text.done", count + 4, &format!(r#"{place},"text":"{text}","logprobs":[]"#)),
        event("content_part.done", count + 5, &format!(r#"{place},"part":{part}"#)),
        event("output_item.done", count + 6, &format!(r#""output_index":0,"item":{item}"#)),
        event("completed", count + 7, &format!(r#""response":{response}"#)),
    ];
    format!("{}0\r\n\r\n", events.concat())
}

fn event(kind: &str, number: usize, members: &str) -> String {
    framed(&format!(
        "event: response.{kind}\ndata: {{\"type\":\"response.{kind}\",\"sequence_number\":{number},{members}}}\n\n"
    ))
}

fn place() -> String {
    format!(r#""item_id":"{ITEM}","output_index":0,"content_index":0"#)
}

fn part(text: &str) -> String {
    format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}"#)
}

fn response(status: &str, output: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"{ID}",{BEFORE_STATUS}"{status}",{BEFORE_OUTPUT}{output},{BEFORE_USAGE}{usage},"user":null,"metadata":{{}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_json_that_names_itself_and_is_numbered() {
        let text = [opening(), piece(0, "a"), piece(1, r"\n"), closing(2, r"a\n", 7)].concat();
        let events: Vec<serde_json::Value> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(events.len(), 2 + OTHER_EVENTS);
        for (number, (event, name)) in events.iter().zip(names).enumerate() {
            assert_eq!(
                (event["sequence_number"].as_u64(), &event["type"]),
                (Some(number as u64), &name.into())
            );
        }
        let last = &events.last().unwrap()["response"];
        assert_eq!(last["output"][0]["content"][0]["text"], "a\n");
        assert_eq!(last["usage"]["total_tokens"], 135);
    }
}
