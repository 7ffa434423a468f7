//! An agent at work, in OpenAI's Chat: its conversation grows with every turn by the call that the model asked for and
//! by the result of it, as long as the calls come through.
//!
//! What a call needs was said by the person, or stands in a result from before, in a field that may lend provenance.
//! Everything depends on the number of the conversation and nothing else, so no two of them have a text in common, and
//! client and provider know each other's part.

mod call;
mod tools;

pub use call::{Call, Wish, client};

use std::fmt::Write;

use super::prose::{Prose, quoted};

/// Turns for which the person names what is needed.
const NAMED: u64 = 96;
/// Turns after which the person says something again.
const SPEAKS_EVERY: u64 = 15;

/// A conversation up to the model's next turn.
pub struct Conversation {
    number: u64,
    turn: u64,
    messages: String,
    tools: String,
    prose: Prose,
}

impl Conversation {
    /// What the application and the person begin with.
    pub fn new(number: u64) -> Self {
        let mut prose = Prose::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let system = format!("You are agent {number}. {}", prose.varied(3_000));
        let user = format!("{} {}", wishes(number), prose.varied(200));
        let messages = format!(
            r#"{{"role":"system","content":{}}},{{"role":"user","content":{}}}"#,
            quoted(system),
            quoted(user)
        );
        Self { number, turn: 0, messages, tools: tools::declared(), prose }
    }

    /// One that has grown to so many bytes.
    pub fn of_bytes(number: u64, bytes: usize) -> Self {
        let mut conversation = Self::new(number);
        while conversation.messages.len() < bytes {
            conversation.go_on();
        }
        conversation
    }

    /// The call that the model asks for in its next turn.
    pub fn wish(&self) -> Wish {
        Wish::Turn { conversation: self.number, turn: self.turn }
    }

    /// The model asked for it, and the application made it.
    pub fn go_on(&mut self) {
        let call = self.wish().call();
        let result = call::result(self.number, self.turn, &mut self.prose);
        let _ = write!(
            self.messages,
            r#",{{"role":"assistant","content":null,"tool_calls":[{}]}},{{"role":"tool","tool_call_id":"{}","content":{}}}"#,
            call.json(),
            call.id,
            quoted(result)
        );
        self.turn += 1;
        if self.turn.is_multiple_of(SPEAKS_EVERY) {
            let user = format!("Good, go on like this. {}", self.prose.varied(250));
            let _ = write!(self.messages, r#",{{"role":"user","content":{}}}"#, quoted(user));
        }
    }

    /// The request for the next turn.
    pub fn body(&self, stream: bool) -> String {
        let stream = if stream { r#","stream":true,"stream_options":{"include_usage":true}"# } else { "" };
        [
            r#"{"model":"gpt-4o","messages":["#,
            &self.messages,
            r#"],"tools":["#,
            &self.tools,
            r#"],"temperature":0.2"#,
            stream,
            "}",
        ]
        .concat()
    }
}

/// What the person asks for, with the names of all that is needed for it.
fn wishes(number: u64) -> String {
    let mut text = format!("Send what you find to {}, and look into these:", client(number));
    for turn in 0..NAMED {
        if let Some(name) = call::named(number, turn) {
            let _ = write!(text, " {name},");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_results_are_about_200_kb_of_json_and_each_answers_the_call_before_it() {
        let mut conversation = Conversation::new(7);
        (0..60).for_each(|_| conversation.go_on());
        let body = conversation.body(false);
        assert!((170_000..240_000).contains(&body.len()), "{} bytes", body.len());
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["tools"].as_array().unwrap().len(), 20);
        let messages = value["messages"].as_array().unwrap();
        let results: Vec<_> = messages.windows(2).filter(|pair| pair[1]["role"] == "tool").collect();
        assert_eq!(results.len(), 60);
        for pair in results {
            let call = &pair[0]["tool_calls"][0];
            assert_eq!(call["id"], pair[1]["tool_call_id"]);
            let arguments = call["function"]["arguments"].as_str().unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(arguments).unwrap().is_object());
        }
    }

    #[test]
    fn a_wish_is_read_as_it_is_written() {
        for wish in [
            Wish::Turn { conversation: 17, turn: 3 },
            Wish::Known { conversation: 4 },
            Wish::Stranger { conversation: 5 },
        ] {
            assert_eq!(Wish::read(wish.to_string().as_bytes()), Some(wish));
        }
        assert_eq!(Wish::read(b"turn-1"), None);
    }
}
