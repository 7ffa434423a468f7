//! A stream in OpenAI's Chat in which text goes on between the parts of a call. Each piece of text says when it was
//! written, by the clock that all processes share.

use super::agent::client;
use super::answer::{CLOSING_EVENTS, event};
use super::prose::quoted;

/// The conversation that such a stream answers: the person in it named whom the call is about.
pub const CONVERSATION: u64 = 1;
/// What a piece of text begins with, before the time.
const TIME: &[u8] = br#""content":"@"#;
/// Digits of the time.
const DIGITS: usize = 20;
/// What only the parts of a call have.
const PART: &[u8] = br#""tool_calls":["#;

/// All events of a stream with so many parts of a call and pieces of text.
pub fn events(count: usize) -> usize {
    2 + 2 * count + CLOSING_EVENTS
}

/// The beginning of the message, and of the call.
pub fn opening() -> [String; 2] {
    let call =
        r#"{"index":0,"id":"call_beside","type":"function","function":{"name":"send_email","arguments":""}}"#;
    [
        event(r#"{"role":"assistant","content":null,"refusal":null}"#, "null"),
        event(&format!(r#"{{"tool_calls":[{call}]}}"#), "null"),
    ]
}

/// The part at `number` of `count`, of which there are two at least.
pub fn part(number: usize, count: usize) -> String {
    let arguments = if number == 0 {
        format!(r#"{{"to":["{}"],"subject":"News","body":""#, client(CONVERSATION))
    } else if number + 1 == count {
        r#""}"#.to_owned()
    } else {
        "found ".to_owned()
    };
    let call = format!(r#"{{"index":0,"function":{{"arguments":{}}}}}"#, quoted(arguments));
    event(&format!(r#"{{"tool_calls":[{call}]}}"#), "null")
}

/// A piece of text that is written now.
pub fn text(nanoseconds: u64) -> String {
    event(&format!(r#"{{"content":"@{nanoseconds:0DIGITS$} and"}}"#), "null")
}

/// What a line of the stream carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Line {
    /// Neither.
    Other,
    /// A part of the call.
    Part,
    /// Text that was written at this time.
    Text(u64),
}

impl Line {
    /// Looks at a line.
    pub fn of(line: &[u8]) -> Self {
        if memchr::memmem::find(line, PART).is_some() {
            return Self::Part;
        }
        let time = memchr::memmem::find(line, TIME).and_then(|at| line.get(at + TIME.len()..)?.get(..DIGITS));
        let time = time.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        time.map_or(Self::Other, Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_make_one_call_and_lines_tell_what_they_carry() {
        let arguments: String = (0..3)
            .map(|number| {
                let event = part(number, 3);
                assert_eq!(Line::of(event.as_bytes()), Line::Part);
                let event: serde_json::Value =
                    serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
                let call = &event["choices"][0]["delta"]["tool_calls"][0];
                call["function"]["arguments"].as_str().unwrap().to_owned()
            })
            .collect();
        let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!(arguments["body"], "found ");
        assert_eq!(Line::of(text(17).as_bytes()), Line::Text(17));
        assert_eq!(opening().map(|event| Line::of(event.as_bytes())), [Line::Other, Line::Part]);
    }
}
