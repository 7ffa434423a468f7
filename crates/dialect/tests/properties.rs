//! What holds for every input: requests are read whichever way their JSON is written, streamed calls are put together
//! whichever way they are split, and no bytes make a dialect panic.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "properties/conversation.rs"]
mod conversation;
#[path = "properties/split.rs"]
mod split;
#[path = "properties/writer.rs"]
mod writer;

use dialect::{
    AnthropicMessages, Beginning, Beginnings, Dialect, GeminiGenerate, OpenAiChat, OpenAiResponses, Target,
};
use model::{RequestView, Text};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use wire::json::decode;

use conversation::{Shape, Turn};

const DIALECTS: [&dyn Dialect; 4] = [&AnthropicMessages, &GeminiGenerate, &OpenAiChat, &OpenAiResponses];
const TARGET: Target<'static> =
    Target { method: "POST", path: "/v1beta/models/m:streamGenerateContent", query: "" };

proptest! {
    #[test]
    fn openai_chat_finds_all_of_a_conversation(turns in conversation::turns(), choices: Vec<u8>) {
        check_request(&OpenAiChat, conversation::openai_chat(&turns), &turns, &choices);
    }

    #[test]
    fn anthropic_messages_finds_all_of_a_conversation(turns in conversation::turns(), choices: Vec<u8>) {
        check_request(&AnthropicMessages, conversation::anthropic_messages(&turns), &turns, &choices);
    }

    #[test]
    fn gemini_generate_finds_all_of_a_conversation(turns in conversation::turns(), choices: Vec<u8>) {
        check_request(&GeminiGenerate, conversation::gemini_generate(&turns), &turns, &choices);
    }

    #[test]
    fn openai_responses_finds_all_of_a_conversation(turns in conversation::turns(), choices: Vec<u8>) {
        check_request(&OpenAiResponses, conversation::openai_responses(&turns), &turns, &choices);
    }

    #[test]
    fn what_goes_on_is_read_as_it_is_at_once(
        turns in conversation::turns(),
        choices: Vec<u8>,
        known in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        other: u8,
    ) {
        let (first, _) = turns.split_at(known.index(turns.len().saturating_add(1)));
        for (dialect, whole, known) in [
            (DIALECTS[0], conversation::anthropic_messages(&turns), conversation::anthropic_messages(first)),
            (DIALECTS[1], conversation::gemini_generate(&turns), conversation::gemini_generate(first)),
            (DIALECTS[2], conversation::openai_chat(&turns), conversation::openai_chat(first)),
            (DIALECTS[3], conversation::openai_responses(&turns), conversation::openai_responses(first)),
        ] {
            let mut bytes = writer::write(&whole.0, &choices);
            let known = writer::write(&known.0, &choices);
            let alone = check_going_on(dialect, &bytes, &bytes);
            assert_eq!(check_going_on(dialect, &known, &bytes), alone);
            let at = at.index(bytes.len());
            bytes[at] = other;
            check_going_on(dialect, &known, &bytes);
            bytes.truncate(at);
            check_going_on(dialect, &known, &bytes);
        }
    }

    #[test]
    fn openai_chat_puts_calls_together(calls in split::calls(), choices: Vec<u8>) {
        check_stream(&OpenAiChat, &calls, &split::openai_chat(&calls, &choices));
    }

    #[test]
    fn anthropic_messages_puts_calls_together(calls in split::calls(), choices: Vec<u8>) {
        let calls = split::of_one_answer(calls);
        check_stream(&AnthropicMessages, &calls, &split::anthropic_messages(&calls, &choices));
    }

    #[test]
    fn gemini_generate_puts_calls_together(calls in split::calls(), choices: Vec<u8>) {
        let calls = split::with_json_arguments(calls);
        check_stream(&GeminiGenerate, &calls, &split::gemini_generate(&calls, &choices));
    }

    #[test]
    fn openai_responses_puts_calls_together(calls in split::calls(), choices: Vec<u8>) {
        let calls = split::of_one_answer(calls);
        check_stream(&OpenAiResponses, &calls, &split::openai_responses(&calls, &choices));
    }

    #[test]
    fn no_bytes_make_a_dialect_panic(bytes in vec(any::<u8>(), 0..512)) {
        read_everything(&bytes);
    }

    #[test]
    fn no_json_makes_a_dialect_panic(
        turns in conversation::turns(),
        choices: Vec<u8>,
        at in any::<prop::sample::Index>(),
        other: u8,
    ) {
        for (body, _) in [
            conversation::openai_chat(&turns),
            conversation::anthropic_messages(&turns),
            conversation::gemini_generate(&turns),
            conversation::openai_responses(&turns),
        ] {
            let mut bytes = writer::write(&body, &choices);
            read_everything(&bytes);
            let at = at.index(bytes.len());
            bytes[at] = other;
            read_everything(&bytes);
            bytes.truncate(at);
            read_everything(&bytes);
        }
    }
}

fn read_everything(bytes: &[u8]) {
    for dialect in DIALECTS {
        let read = (dialect.read_request(TARGET, bytes).is_ok(), dialect.read_response(bytes).is_ok());
        let strict = wire::json::check(bytes).is_ok();
        assert!(strict || read == (false, false), "{} read what is no JSON", dialect.name());
        let mut reader = dialect.stream_reader();
        let class = reader.event(Some(b"message"), bytes);
        assert!(strict || class.unreadable || bytes.trim_ascii() == b"[DONE]", "{}", dialect.name());
    }
}

#[test]
fn a_number_that_goes_on_is_another_one() {
    for (dialect, turns) in DIALECTS.into_iter().zip(["messages", "contents", "messages", "input"]) {
        let [known, longer, more] = ["1", "12", "1,2"].map(|all| format!(r#"{{"{turns}":[{all}]}}"#));
        check_going_on(dialect, known.as_bytes(), longer.as_bytes());
        check_going_on(dialect, known.as_bytes(), more.as_bytes());
    }
}

/// The beginning of one body.
struct Known<'a> {
    body: &'a [u8],
    beginning: Option<Beginning>,
}

impl Beginnings for Known<'_> {
    fn known(&mut self, _: usize, number: usize) -> Option<(&[u8], &Beginning)> {
        Some((self.body, self.beginning.as_ref().filter(|_| number == 0)?))
    }

    fn read(&mut self, beginning: Beginning) {
        self.beginning = Some(beginning);
    }
}

/// A body is read the same whether the beginning of another is known or not; the beginning that is known of it then.
fn check_going_on(dialect: &dyn Dialect, known: &[u8], body: &[u8]) -> Option<Beginning> {
    let mut beginnings = Known { body: known, beginning: None };
    dialect.read_request_on(TARGET, known, &mut beginnings).unwrap();
    let seen = dialect.read_request_on(TARGET, body, &mut beginnings);
    assert_eq!(seen, dialect.read_request(TARGET, body));
    beginnings.beginning
}

/// Every turn is found, in order, with the characters it was written from.
fn check_request(dialect: &dyn Dialect, (body, parts): (Value, Vec<Value>), turns: &[Turn], choices: &[u8]) {
    let bytes = writer::write(&body, choices);
    let view = dialect.read_request(TARGET, &bytes).unwrap();
    let seen = Seen { bytes: &bytes, view: &view };
    let wanted: Vec<_> = turns.iter().filter_map(Turn::call).collect();
    let calls: Vec<_> = view.calls.iter().map(|call| seen.call(call)).collect();
    assert_eq!(calls, wanted);
    let wanted: Vec<_> = turns.iter().filter_map(Turn::result).collect();
    let results: Vec<_> = view.results.iter().map(|result| seen.result(result)).collect();
    assert_eq!(results, wanted);
    let segments: Vec<Value> =
        view.segments.iter().map(|segment| seen.json(segment.content.of(&bytes))).collect();
    assert_eq!(segments, parts);
}

/// A view with the bytes that it was read from.
struct Seen<'a> {
    bytes: &'a [u8],
    view: &'a RequestView,
}

impl Seen<'_> {
    fn json(&self, bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    fn text(&self, text: Option<Text>) -> String {
        text.map(|text| decode(self.bytes, text).into_owned()).unwrap_or_default()
    }

    /// Id, name and arguments.
    fn call(&self, call: &model::ToolCall<Text>) -> Shape {
        assert!(!self.view.calls.is_empty());
        (self.text(call.id), self.text(call.name), self.json(self.text(call.arguments).as_bytes()))
    }

    /// Call id, nothing and content.
    fn result(&self, result: &model::ToolResult) -> Shape {
        (self.text(result.call_id), String::new(), self.json(result.content.unwrap().of(self.bytes)))
    }
}

/// The view has exactly the calls that were split, and each one ends once, behind its last part.
fn check_stream(dialect: &dyn Dialect, calls: &[split::Call], events: &[Vec<u8>]) {
    let mut reader = dialect.stream_reader();
    let (mut parts, mut ended) = (Vec::new(), Vec::new());
    for event in events {
        let class = reader.event(None, event);
        assert!(!class.unreadable, "{}", String::from_utf8_lossy(event));
        let late = class.call_parts.iter().any(|part| ended.contains(part));
        assert!(!late || class.turn_ended, "a part behind the end");
        parts.extend(class.call_parts);
        ended.extend(class.calls_ended);
    }
    assert!(reader.is_finished());
    let mut seen: Vec<split::Call> = reader.view().calls.iter().map(split::Call::seen).collect();
    let mut all: Vec<usize> = (0..seen.len()).collect();
    ended.sort_unstable();
    assert_eq!(ended, all);
    all.retain(|call| !parts.contains(call));
    assert!(all.is_empty(), "calls {all:?} came with no event");
    let mut wanted = calls.to_vec();
    seen.sort();
    wanted.sort();
    assert_eq!(seen, wanted);
}
