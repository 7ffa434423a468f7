//! Answers that came in one piece.

use super::*;

fn revise(answer: &str, rulings: &[Ruling]) -> String {
    let out = GeminiGenerate.revise(answer.as_bytes(), rulings).unwrap();
    String::from_utf8(out).unwrap()
}

fn join(first: &str, second: &str) -> String {
    let out = GeminiGenerate.join(first.as_bytes(), second.as_bytes()).unwrap();
    GeminiGenerate.read_response(&out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn calls_are_taken_out() {
    let all = [text("Hi"), signed("A"), call("fMARK"), signed("C")];
    let answer = event(&all, Some("STOP"));
    assert_eq!(revise(&answer, &vec![Ruling::Keep; 3]), answer);
    let said = revise(&answer, &[Ruling::Keep, say(), Ruling::Keep]);
    assert_eq!(said, answer.replace(&all[2], r#"{"text":"Refused: \"x\"\n."}"#));
    assert_eq!(revise(&answer, &[Ruling::Keep, Ruling::Drop]), answer.replace(&format!("{},", all[2]), ""));
    let none = revise(&event(&[call("fMARK"), call("g")], Some("STOP")), &[Ruling::Drop, Ruling::Drop]);
    assert_eq!(none, event(&[text("")], Some("STOP")));
}

#[test]
fn each_candidate_keeps_its_own() {
    let two = event(&[call("fMARK")], Some("STOP")).replace(
        r#"],"usageMetadata""#,
        &format!(r#",{{"content":{{"parts":[{}]}},"finishReason":"STOP"}}],"usageMetadata""#, call("B")),
    );
    let out = revise(&two, &[say(), Ruling::Keep]);
    assert!(!out.contains(MARK));
    assert_eq!(out, two.replace(&call("fMARK"), r#"{"text":"Refused: \"x\"\n."}"#));
}

#[test]
fn two_answers_are_one() {
    let first = event(&[text("Let me see."), text("")], Some("STOP"));
    let second = event(&[text("Done."), call("B")], Some("STOP")).replace("r-1", "r-2");
    let wanted = event(&[text("Let me see."), text("Done."), call("B")], Some("STOP"))
        .replace("r-1", "r-2")
        .replace(":8", ":16")
        .replace(":5", ":10")
        .replace(":13", ":26");
    assert_eq!(join(&first, &second), wanted);
    let thrice = value(&join(&join(&first, &first), &second));
    assert_eq!(thrice["usageMetadata"]["totalTokenCount"], 39);
    assert_eq!(thrice["candidates"][0]["content"]["parts"].as_array().unwrap().len(), 4);
}

#[test]
fn what_only_the_first_used_is_counted() {
    let first = r#"{"usageMetadata":{"thoughtsTokenCount":3,"totalTokenCount":5,"promptTokensDetails":[{"modality":"IMAGE","tokenCount":2},{"modality":"TEXT","tokenCount":1}],"trafficType":"X","toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":1}]}}"#;
    let second = r#"{"usageMetadata":{"totalTokenCount":7,"promptTokensDetails":[{"modality":"TEXT","tokenCount":4}]}}"#;
    let sum = r#"{"usageMetadata":{"totalTokenCount":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"IMAGE","tokenCount":2}],"thoughtsTokenCount":3,"toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":1}]}}"#;
    assert_eq!(value(&join(first, second)), value(sum));
    assert_eq!(join(first, "{ }"), first.trim_end_matches('}').to_owned() + "} }");
    assert_eq!(value(&join(first, r#"{"usageMetadata":{}}"#))["usageMetadata"]["thoughtsTokenCount"], 3);
}

#[test]
fn a_second_answer_that_says_nothing_still_has_the_words_of_the_first() {
    let first = format!(r#"{{"candidates":[{{"content":{{"parts":[{}]}}}}]}}"#, text("Hm"));
    let content = r#"{"parts":[{"text":"Hm"}],"role":"model"}"#;
    for (second, wanted) in [
        (
            r#"{"candidates":[{"finishReason":"SAFETY"}]}"#,
            r#"{"candidates":[{"content":C,"finishReason":"SAFETY"}]}"#,
        ),
        (r#"{"candidates":[{}]}"#, r#"{"candidates":[{"content":C}]}"#),
        (r#"{"candidates":[{"content":{"role":"model"}}]}"#, r#"{"candidates":[{"content":C}]}"#),
        (r#"{"candidates":[{"content":{"parts":[]}}]}"#, r#"{"candidates":[{"content":C}]}"#),
        (r#"{"candidates":[{"content":null}]}"#, r#"{"candidates":[{"content":C}]}"#),
        (r#"{"candidates":[],"x":1}"#, r#"{"candidates":[{"content":C,"index":0}],"x":1}"#),
        (r#"{"promptFeedback":{}}"#, r#"{"candidates":[{"content":C,"index":0}],"promptFeedback":{}}"#),
        (
            r#"{"candidates":[{"content":{"parts":{"text":"x"}}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"Hm"},{"text":"x"}]}}]}"#,
        ),
    ] {
        assert_eq!(
            join(&first, second),
            wanted.replace("\"content\":C", &format!("\"content\":{content}")),
            "{second}"
        );
    }
    assert!(GeminiGenerate.join(first.as_bytes(), b"[]").is_err());
}
