//! Which calls a result may answer.

use dialect::{Dialect, GeminiGenerate, OpenAiChat, Target};

use super::*;

const TARGET: Target<'_> = Target { method: "POST", path: "", query: "" };

/// For each result, the calls that it may answer; and whether there are more.
fn answered(dialect: &dyn Dialect, body: &str) -> (Vec<Vec<usize>>, bool) {
    let view = dialect.read_request(TARGET, body.as_bytes()).unwrap();
    let recall = Recall::new(1 << 20);
    let trail = Trail::default();
    let history = History::read((body.as_bytes(), &view, &trail), Owner::default(), &recall, None);
    ((0..view.results.len()).map(|result| history.calls(result).to_vec()).collect(), history.is_cut())
}

fn chat(messages: &[&str]) -> String {
    format!(r#"{{"messages":[{}]}}"#, messages.join(","))
}

fn gemini(parts: &[&str]) -> String {
    format!(r#"{{"contents":[{{"role":"user","parts":[{}]}}]}}"#, parts.join(","))
}

#[test]
fn a_result_may_answer_each_call_of_its_id_that_stands_before_it() {
    let call = r#"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"a","arguments":"{}"}},{"id":"d","function":{"name":"a","arguments":"{}"}}]}"#;
    let result = r#"{"role":"tool","tool_call_id":"c","content":"x"}"#;
    let all = answered(&OpenAiChat, &chat(&[result, call, result, call, result]));
    assert_eq!(all, (vec![vec![], vec![0], vec![0, 2]], false));
}

#[test]
fn a_result_without_an_id_answers_the_first_call_of_its_name_that_is_left() {
    let (call, other) = (r#"{"functionCall":{"name":"a"}}"#, r#"{"functionCall":{"name":"b"}}"#);
    let result = r#"{"functionResponse":{"name":"a","response":{}}}"#;
    let all = answered(&GeminiGenerate, &gemini(&[result, other, call, call, result, result, result, call]));
    assert_eq!(all, (vec![vec![], vec![1], vec![2], vec![]], false));
}

#[test]
fn what_cannot_be_placed_is_not_answered_by_what_stands_before_it() {
    let result = r#"{"functionResponse":{"name":"","response":{}}}"#;
    let all = answered(&GeminiGenerate, &gemini(&[result, r#"{"functionCall":{}}"#]));
    assert_eq!(all, (vec![vec![]], false));
}

#[test]
fn so_many_pairs_are_made_and_no_more() {
    let call = r#"{"id":"c","function":{"name":"a","arguments":"{}"}}"#;
    let calls = format!(r#"{{"role":"assistant","tool_calls":[{}]}}"#, vec![call; 2000].join(","));
    let result = r#"{"role":"tool","tool_call_id":"c","content":"x"}"#;
    for (results, is_cut) in [(499, false), (501, true), (50_000, true)] {
        let messages = [&[calls.as_str()], vec![result; results].as_slice()].concat();
        let (all, cut) = answered(&OpenAiChat, &chat(&messages));
        assert_eq!((all.len(), cut), (results, is_cut));
        assert!(all.iter().map(Vec::len).sum::<usize>() <= MAX_ANSWERED);
    }
}
