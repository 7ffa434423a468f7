//! What holds for any answers and any rulings.

use dialect::{AnthropicMessages, Edit, Ruling};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::client::{accumulate, outline};
use crate::script::{MARK, Raw, answer, call, is_marked, pass, pass_until_stop, say, text, thinking};

/// A block of an answer, and what becomes of it if it is a call.
#[derive(Clone, Debug)]
enum Told {
    Call(Ruling),
    Text,
    Thinking,
}

fn blocks() -> impl Strategy<Value = Vec<Told>> {
    let block = prop_oneof![
        Just(Told::Call(Ruling::Drop)),
        Just(Told::Call(Ruling::Keep)),
        Just(Told::Call(Ruling::Say("No.".to_owned()))),
        Just(Told::Text),
        Just(Told::Thinking),
    ];
    vec(block, 0..7)
}

/// The events, the rulings, and what is told of them.
fn script(blocks: &[Told]) -> (Vec<Raw>, Vec<Ruling>, Vec<&'static str>) {
    let (mut written, mut rulings, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let (pieces, line) = match block {
            Told::Call(ruling) => {
                rulings.push(ruling.clone());
                match ruling {
                    Ruling::Drop => (call(MARK), None),
                    Ruling::Keep => (call("ok"), Some("tool_use f_ok")),
                    Ruling::Say(_) => (call(MARK), Some("text No.")),
                }
            }
            Told::Text => (text("Words."), Some("text Words.")),
            Told::Thinking => (thinking("Hm."), Some("thinking Hm.")),
        };
        written.push(pieces);
        wanted.extend(line);
    }
    let stop = if rulings.is_empty() { "end_turn" } else { "tool_use" };
    (answer("m", &written, stop, json!({"output_tokens": 5})), rulings, wanted)
}

proptest! {
    #[test]
    fn any_answers_become_one_that_a_client_takes(
        answers in vec((blocks(), any::<bool>()), 0..3),
        last in blocks(),
    ) {
        let (mut editor, mut told, mut wanted) = (AnthropicMessages.editor(), Vec::new(), Vec::new());
        for (blocks, says) in &answers {
            let (events, rulings, lines) = script(blocks);
            wanted.extend(lines);
            let stop = pass_until_stop(editor.as_mut(), &events, &rulings, &mut told);
            if *says {
                say(editor.as_mut(), "Wait.", &mut told);
                wanted.push("text Wait.");
            }
            editor.go_on(&events[stop..]);
        }
        let (events, rulings, lines) = script(&last);
        wanted.extend(lines);
        pass(editor.as_mut(), &events, &rulings, &mut told);
        let message = accumulate(&told);
        prop_assert_eq!(outline(&message), wanted);
        let left = rulings.contains(&Ruling::Keep);
        prop_assert_eq!(&message["stop_reason"], if left { "tool_use" } else { "end_turn" });
        prop_assert_eq!(&message["usage"]["output_tokens"], 5 * (answers.len() + 1));
        prop_assert!(!is_marked(&told));
    }
}
