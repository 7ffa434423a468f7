//! Answers that go on where another one was left.

use super::*;

/// A first answer whose calls are refused, from the first event that stops it on withheld.
fn left(editor: &mut dyn Editor, told: &[String], withheld: &[String]) -> Vec<String> {
    let out = edit(editor, told, &|_| Ruling::Drop);
    editor.go_on(&data(withheld));
    sent(told, out)
}

fn second(parts: &[String], stop: Option<&str>) -> String {
    event(parts, stop).replace("r-1", "r-2")
}

#[test]
fn the_second_answer_follows_the_words_of_the_first() {
    let thought = r#"{"text":"Hm","thought":true}"#.to_owned();
    let mut editor = GeminiGenerate.editor();
    let told = [event(&[thought.clone(), text("Let me see.")], None), event(&[signed("fMARK")], None)];
    let ended = [event(&[text("")], Some("STOP"))];
    let mut got = left(editor.as_mut(), &told, &ended);
    let next = [second(&[text("Then ")], None), second(&[text("so."), call("A")], Some("STOP"))];
    got.extend(sent(&[], edit(editor.as_mut(), &next, &|_| Ruling::Keep)));
    let wanted = [thought, text("Let me see."), text("Then "), text("so."), call("A")];
    assert_eq!(parts(&got, 0), wanted.map(|part| value(&part)));
    let (view, finished) = read(&got);
    assert!(finished);
    assert_eq!(names(&view), ["A"]);
    assert_eq!((view.usage.input_tokens, view.usage.output_tokens), (Some(16), Some(10)));
    assert_eq!(view.stops.len(), 1);
    assert!(got.iter().all(|data| value(data)["responseId"] == "r-1"));
    let changed = second(&[text("so."), call("A")], Some("STOP"))
        .replace("r-2", "r-1")
        .replace(":8", ":16")
        .replace(":5", ":10")
        .replace(":13", ":26");
    assert_eq!(got.last().unwrap(), &changed);
}

#[test]
fn words_beside_a_withheld_call_are_told_first() {
    let mut editor = GeminiGenerate.editor();
    let signature = r#"{"text":"","thoughtSignature":"c2ln"}"#.to_owned();
    let ended = [
        event(&[text("Let me"), signed("fMARK"), text(" see."), signature.clone()], Some("STOP"))
            .replace(r#""index""#, r#""finishMessage":"MARK","index""#),
        r#"{"usageMetadata":{"promptTokenCount":9},"responseId":"r-1"}"#.to_owned(),
    ];
    let mut got = left(editor.as_mut(), &[], &ended);
    assert!(got.is_empty());
    let next = [second(&[text("Done.")], Some("STOP"))];
    got.extend(sent(&[], edit(editor.as_mut(), &next, &|_| Ruling::Keep)));
    assert_eq!(got[0], event(&[text("Let me"), text(" see."), signature], None));
    assert_eq!(value(&got[1])["usageMetadata"]["promptTokenCount"], 17);
    assert_eq!(value(&got[1])["responseId"], "r-1");
    assert!(read(&got).1);
}

#[test]
fn twice_in_a_row() {
    let mut editor = GeminiGenerate.editor();
    let mut got =
        left(editor.as_mut(), &[event(&[text("1")], None)], &[event(&[call("fMARK")], Some("STOP"))]);
    let again = [second(&[call("gMARK")], None), second(&[text("2")], None)];
    got.extend(left(editor.as_mut(), &again, &[second(&[text("3"), call("hMARK")], Some("STOP"))]));
    let last = [second(&[text("4"), call("iMARK")], None), second(&[call("A")], Some("MAX_TOKENS"))];
    got.extend(sent(&[], edit(editor.as_mut(), &last, &|call| ruling(call, &say()))));
    let wanted = [text("1"), text("2"), text("3"), text("4"), text("Refused: \"x\"\n."), call("A")];
    assert_eq!(parts(&got, 0), wanted.map(|part| value(&part)));
    let (view, finished) = read(&got);
    assert!(finished);
    assert_eq!(view.stops[0].reason, "MAX_TOKENS");
    assert_eq!(view.usage.input_tokens, Some(24));
    let used: Vec<u64> =
        got.iter().map(|data| value(data)["usageMetadata"]["totalTokenCount"].as_u64().unwrap()).collect();
    assert_eq!(used, [13, 26, 26, 39, 39]);
    assert!(got.iter().all(|data| value(data)["responseId"] == "r-1" && !data.contains(MARK)));
}

#[test]
fn when_asking_fails_the_rest_is_told_after_what_is_said() {
    let mut editor = GeminiGenerate.editor();
    let events = [event(&[text("Hi")], None), event(&[text("a"), call("fMARK")], Some("STOP"))];
    let mut reader = GeminiGenerate.stream_reader();
    let mut out = Vec::new();
    for (at, data) in events.iter().enumerate() {
        let class = reader.event(None, data.as_bytes());
        if class.stops {
            editor.say(0, "No.", &mut out);
        }
        let rulings = vec![Ruling::Drop; at];
        editor
            .event(
                Event { class: &class, data: data.as_bytes(), name: None },
                reader.view(),
                &rulings,
                &mut out,
            )
            .unwrap();
    }
    let got = sent(&events, out);
    assert_eq!(parts(&got, 0), [text("Hi"), text("No."), text("a")].map(|part| value(&part)));
    assert!(read(&got).1);
}

#[test]
fn what_is_said_comes_behind_the_words_of_the_first() {
    let mut editor = GeminiGenerate.editor();
    editor.go_on(&data(&[event(&[text("a"), call("fMARK")], Some("STOP"))]));
    let mut out = Vec::new();
    editor.say(0, "b", &mut out);
    assert_eq!(parts(&sent(&[], out), 0), [text("a"), text("b")].map(|part| value(&part)));
}
