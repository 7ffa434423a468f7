//! Whole answers.

use super::*;

fn whole(name: &str) -> Vec<u8> {
    let fixtures = testkit::fixtures("openai-chat");
    fixtures.into_iter().find(|case| case.name.ends_with(name)).unwrap().response_json.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn without_a_refusal_every_whole_answer_stays() {
    for case in testkit::fixtures("openai-chat") {
        let Some(answer) = case.response_json else { continue };
        let calls = OpenAiChat.read_response(&answer).unwrap().calls.len();
        assert_eq!(OpenAiChat.revise(&answer, &vec![Ruling::Keep; calls]).unwrap(), answer);
    }
}

#[test]
fn one_of_two_calls_is_refused() {
    let answer = whole("whole-parallel-calls");
    let out = OpenAiChat.revise(&answer, &[say("No."), Ruling::Keep]).unwrap();
    let view = OpenAiChat.read_response(&out).unwrap();
    assert_eq!((names(&view), reasons(&view)), (vec!["get_time"], vec!["tool_calls"]));
    assert!(!text(&out).contains("get_weather") && text(&out).contains(r#""content": "No.""#));
    let out = OpenAiChat.revise(&answer, &[Ruling::Keep, say("No.")]).unwrap();
    assert_eq!(names(&OpenAiChat.read_response(&out).unwrap()), ["get_weather"]);
    let out = OpenAiChat.revise(&answer, &[say("No."), say("No.")]).unwrap();
    let view = OpenAiChat.read_response(&out).unwrap();
    assert_eq!((view.calls.len(), reasons(&view)), (0, vec!["stop"]));
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value["choices"][0]["message"], json!({"role": "assistant", "content": "No.\n\nNo."}));
}

#[test]
fn every_carrier_of_a_whole_answer_can_be_refused() {
    for kept in 0..4 {
        let mut rulings = vec![say("No."); 4];
        rulings[kept] = Ruling::Keep;
        let out = OpenAiChat.revise(&whole("whole-every-carrier"), &rulings).unwrap();
        let view = OpenAiChat.read_response(&out).unwrap();
        let before = OpenAiChat.read_response(&whole("whole-every-carrier")).unwrap();
        assert_eq!(view.calls, [before.calls[kept].clone()]);
        assert_eq!(reasons(&view), ["tool_calls"]);
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["choices"][0]["message"]["content"], "Text first.\n\nNo.\n\nNo.\n\nNo.");
    }
}

#[test]
fn what_is_not_text_becomes_text_or_is_added_to() {
    for (content, wanted) in [
        (
            r#""content":[{"type":"thinking"}],"#,
            json!([{"type": "thinking"}, {"type": "text", "text": "No."}]),
        ),
        (r#""content":[ ],"#, json!("No.")),
        (r#""content":"","#, json!("No.")),
        ("", json!("No.")),
    ] {
        let answer = format!(
            r#"{{"choices":[{{"message":{{{content}"tool_calls":[{{"function":{{"name":"f","arguments":"{{"}}}}]}},"logprobs":{{"content":[]}},"finish_reason":"tool_calls"}}]}}"#
        );
        let out = OpenAiChat.revise(answer.as_bytes(), &[say("No.")]).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            value["choices"][0],
            json!({"message": {"content": wanted}, "logprobs": null,
            "finish_reason": "stop"})
        );
    }
}

#[test]
fn two_answers_become_one() {
    let first = r#"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"A","reasoning_content":"R"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"x":{"y":2}}}"#;
    let second = r#"{"id":"2","choices":[{"index":0,"message":{"role":"assistant","content":"B","reasoning_content":null,"tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"x":{"y":20,"z":5},"w":1}}"#;
    let wanted = second
        .replace(r#""content":"B","reasoning_content":null"#, r#""content":"A\n\nB","reasoning_content":"R""#)
        .replace(":10,", ":11,")
        .replace(":20,", ":22,");
    let out = OpenAiChat.join(first.as_bytes(), second.as_bytes()).unwrap();
    assert_eq!(text(&out), wanted);
    let out = OpenAiChat.join(&out, second.as_bytes()).unwrap();
    assert!(
        text(&out).contains(r#""content":"A\n\nB\n\nB""#) && text(&out).contains(r#""prompt_tokens":21"#)
    );
}

#[test]
fn what_only_the_first_answer_says_is_added_and_lists_are_put_together() {
    let whole = |message: Value| json!({"choices": [{"message": message}]}).to_string().into_bytes();
    let join = |first: Value, second: Value| -> Value {
        let out = OpenAiChat.join(&whole(first), &whole(second)).unwrap();
        serde_json::from_slice::<Value>(&out).unwrap()["choices"][0]["message"].clone()
    };
    assert_eq!(
        join(json!({"content": "A", "reasoning": "R"}), json!({})),
        json!({"content": "A", "reasoning": "R"})
    );
    assert_eq!(
        join(json!({"content": [1]}), json!({"content": "B"})),
        json!({"content": [1, {"type": "text", "text": "B"}]})
    );
    assert_eq!(
        join(json!({"reasoning_details": [1]}), json!({"reasoning_details": [2]})),
        json!({"reasoning_details": [1, 2]})
    );
    assert_eq!(join(json!({"content": null}), json!({"content": "B"})), json!({"content": "B"}));
}
