//! Calls taken out of streams.

use super::*;

const A: &str = "A";
const M: &str = "fMARK";

/// Every way to spread four parts over events.
fn spreads(all: &[String]) -> Vec<Vec<String>> {
    (0..1 << (all.len() - 1))
        .map(|cuts: u32| {
            let mut groups: Vec<Vec<String>> = vec![Vec::new()];
            for (at, part) in all.iter().enumerate() {
                groups.last_mut().unwrap().push(part.clone());
                if cuts & (1 << at) != 0 && at + 1 < all.len() {
                    groups.push(Vec::new());
                }
            }
            let last = groups.len() - 1;
            let stop = |at| (at == last).then_some("STOP");
            groups.iter().enumerate().map(|(at, group)| event(group, stop(at))).collect()
        })
        .collect()
}

#[test]
fn nothing_changes_without_a_refusal() {
    for events in spreads(&[text("Hi"), signed(A), call("B"), text("")]) {
        let pieces = edit(GeminiGenerate.editor().as_mut(), &events, &|_| Ruling::Keep);
        assert!(pieces.iter().all(|piece| *piece == Piece::AsItCame));
        assert_eq!(pieces.len(), events.len());
    }
}

#[test]
fn a_refused_call_is_text_in_its_place() {
    let refused = json!({"text": "Refused: \"x\"\n."});
    for marked in 0_u32..8 {
        let name = |at: u32| format!("{}{at}", if marked & (1 << at) != 0 { MARK } else { A });
        let all = [text("Hi"), signed(&name(0)), call(&name(1)), signed(&name(2))];
        let wanted: Vec<Value> =
            all.iter().map(|part| if part.contains(MARK) { refused.clone() } else { value(part) }).collect();
        for events in spreads(&all) {
            let sent = changed(&events, &say());
            assert_eq!(parts(&sent, 0), wanted);
            assert_eq!(sent.len(), events.len());
            let (view, finished) = read(&sent);
            assert!(finished);
            assert_eq!(view.calls.len(), 3 - marked.count_ones() as usize);
            assert_eq!(view.stops[0].reason, "STOP");
            assert_eq!(view.usage, read(&events).0.usage);
            // What stays has the bytes that it came with.
            for part in all.iter().filter(|part| !part.contains(MARK)) {
                assert!(sent.iter().any(|data| data.contains(part.as_str())));
            }
        }
    }
}

#[test]
fn a_dropped_call_leaves_nothing() {
    for marked in 1_u32..8 {
        let name = |at: u32| format!("{}{at}", if marked & (1 << at) != 0 { MARK } else { A });
        let all = [signed(&name(0)), call(&name(1)), signed(&name(2)), text("!")];
        let wanted: Vec<Value> =
            all.iter().filter(|part| !part.contains(MARK)).map(|part| value(part)).collect();
        for events in spreads(&all) {
            let sent = changed(&events, &Ruling::Drop);
            assert_eq!(parts(&sent, 0), wanted);
            assert!(read(&sent).1);
        }
    }
}

#[test]
fn an_event_of_which_nothing_is_left_stays_only_where_it_says_more() {
    let events = [event(&[call(M)], None), event(&[call(M), call(M)], Some("STOP"))];
    let sent = changed(&events, &Ruling::Drop);
    let (wanted, _) = events[1].split_once(r#"{"functionCall"#).unwrap();
    assert_eq!(sent.len(), 1);
    assert!(
        sent[0].starts_with(&format!(r#"{wanted}{{"text":""}}],"role":"model"}},"finishReason":"STOP""#))
    );
    let grounded = event(&[call(M)], None).replace(r#""index""#, r#""groundingMetadata":{},"index""#);
    assert_eq!(parts(&changed(&[grounded], &Ruling::Drop), 0), [json!({"text": ""})]);
}

#[test]
fn a_call_in_many_events_is_told_once() {
    let head = format!(
        r#"{{"functionCall":{{"name":"{M}","willContinue":true,"id":"MARK"}},"thoughtSignature":"MARK"}}"#
    );
    let piece =
        r#"{"functionCall":{"partialArgs":[{"jsonPath":"$.a","stringValue":"MARK"}],"willContinue":true}}"#;
    let mut events = vec![event(&[text("Hi"), head], None)];
    events.extend((0..50).map(|_| event(&[piece.to_owned()], None)));
    events.push(event(&[r#"{"functionCall":{"name":null,"args":{"MARK":1}}}"#.to_owned(), call(A)], None));
    events.push(event(&[text("")], Some("STOP")));
    let sent = changed(&events, &say());
    assert_eq!(sent.len(), 3);
    assert_eq!(names(&read(&sent).0), [A]);
    assert_eq!(parts(&sent, 0)[..2], [json!({"text": "Hi"}), json!({"text": "Refused: \"x\"\n."})]);
    assert_eq!(names(&read(&changed(&events, &Ruling::Drop)).0), [A]);
}

#[test]
fn other_candidates_are_not_touched() {
    let other = candidate(&[text("one"), call(A)], Some("STOP"), 1);
    let both = event(&[call(M)], None).replace(
        r#"],"usageMetadata""#,
        &format!(r#",{{"content":{{"parts":[{}]}},"index":1}}],"usageMetadata""#, call("B")),
    );
    let events = [both, other, event(&[text("")], Some("STOP"))];
    let sent = changed(&events, &Ruling::Drop);
    assert_eq!(parts(&sent, 0), [json!({"text": ""}), json!({"text": ""})]);
    assert_eq!(names(&read(&sent).0), ["B", A]);
    assert_eq!(sent[1..], events[1..]);
}

#[test]
fn what_explains_the_stop_goes_with_a_refused_call() {
    let echo =
        r#""finishMessage":"Model generated function call(s).","logprobsResult":{"x":1},"finishReason""#;
    let with = |event: String| event.replace(r#""finishReason""#, echo);
    let events = [event(&[call(M)], None), with(event(&[text("")], Some("STOP")))];
    assert_eq!(changed(&events, &say())[1], event(&[text("")], Some("STOP")));
    let kept = [event(&[call(A)], None), with(event(&[text("")], Some("STOP")))];
    assert_eq!(changed(&kept, &say()), kept);
}

#[test]
fn results_of_refused_hosted_tools_go_with_them() {
    let code = |code: &str| format!(r#"{{"executableCode":{{"language":"PYTHON","code":"{code}"}}}}"#);
    let result = |out: &str| format!(r#"{{"codeExecutionResult":{{"output":"{out}"}}}}"#);
    let tool = |id: &str| format!(r#"{{"toolCall":{{"id":"{id}","toolType":"{id}"}}}}"#);
    let response = |id: &str| format!(r#"{{"toolResponse":{{"id":"{id}","response":{{}}}}}}"#);
    let events = [
        event(&[code("good"), result("1")], None),
        event(&[code("MARK")], None),
        event(&[result("MARK")], None),
        event(&[tool("MARK1"), tool("id2")], None),
        event(&[response("id2"), response("MARK1")], None),
        event(&[text("Done")], Some("STOP")),
    ];
    let rule = |call: &ToolCall<String>| {
        let all = [&call.arguments, &call.name].map(|text| text.clone().unwrap_or_default());
        if all.iter().any(|text| text.contains(MARK)) { Ruling::Drop } else { Ruling::Keep }
    };
    let sent = sent(&events, edit(GeminiGenerate.editor().as_mut(), &events, &rule));
    let wanted = [code("good"), result("1"), tool("id2"), response("id2"), text("Done")];
    assert_eq!(parts(&sent, 0), wanted.map(|part| value(&part)));
}

#[test]
fn something_is_said_before_the_end() {
    let events = [event(&[text("Hi")], None), event(&[call(M)], None)];
    let mut editor = GeminiGenerate.editor();
    let mut out = edit(editor.as_mut(), &events, &|call| ruling(call, &Ruling::Drop));
    editor.say(0, "No \"x\".", &mut out);
    let end = [event(&[text("")], Some("STOP"))];
    let mut told = sent(&events, out);
    told.extend(sent(&end, edit(editor.as_mut(), &end, &|_| Ruling::Drop)));
    assert_eq!(
        value(&told[1]),
        json!({
            "candidates": [{"content": {"parts": [{"text": "No \"x\"."}], "role": "model"}, "index": 0}],
            "modelVersion": "gemini-2.5-flash",
            "responseId": "r-1",
        })
    );
    assert_eq!(told[2], end[0]);
    assert!(read(&told).1);
}

#[test]
fn odd_forms_of_contents_are_changed_too() {
    let single = format!(r#"{{"candidates":[{{"content":{{"parts":{},"role":"model"}}}}]}}"#, call(M));
    let sent = changed(&[single], &say());
    assert_eq!(value(&sent[0])["candidates"][0]["content"]["parts"]["text"], "Refused: \"x\"\n.");
    let escaped = format!(r#"{{ "function\u0043all" : {{"name":"{M}","args":{{"a":1,"a":2}}}} }} "#);
    let spaced = event(&[" ".to_owned() + &text("a"), escaped, text("b")], None).replace(":[", ": [ ");
    let sent = changed(&[spaced], &Ruling::Drop);
    assert_eq!(parts(&sent, 0), [json!({"text": "a"}), json!({"text": "b"})]);
}

#[test]
fn events_say_whether_something_stopped() {
    let mut reader = GeminiGenerate.stream_reader();
    let stops = [
        (event(&[text("a")], None), false),
        (event(&[call(A)], Some("STOP")), true),
        (r#"{"usageMetadata":{}}"#.to_owned(), true),
    ];
    for (data, stops) in stops {
        assert_eq!(reader.event(None, data.as_bytes()).stops, stops, "{data}");
    }
    let blocked = br#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    assert!(GeminiGenerate.stream_reader().event(None, blocked).stops);
}
