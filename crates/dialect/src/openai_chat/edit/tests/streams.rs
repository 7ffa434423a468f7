//! Streamed answers.

use super::*;

fn three() -> Events {
    events(&[
        delta(json!({"role": "assistant", "content": null})),
        delta(json!({"tool_calls": [call(0, "AAA")]})),
        delta(json!({"tool_calls": [more(0, "{\"x\":\"AAA\"}")]})),
        delta(json!({"tool_calls": [call(1, "BBB")]})),
        delta(json!({"tool_calls": [more(1, "{\"x\":\"BBB\"}")]})),
        delta(json!({"tool_calls": [call(2, "CCC")]})),
        delta(json!({"tool_calls": [more(2, "{\"x\":\"CCC\"}")]})),
        stop("tool_calls"),
    ])
}

#[test]
fn without_a_refusal_every_event_of_every_case_leaves_as_it_came() {
    for case in testkit::fixtures("openai-chat").iter().filter(|case| case.response_sse.is_some()) {
        let events = fixture(&case.name);
        let mut reader = OpenAiChat.stream_reader();
        let classes: Vec<_> = events.iter().map(|(name, data)| reader.event(name.as_deref(), data)).collect();
        let rulings = vec![Ruling::Keep; reader.view().calls.len()];
        let mut editor = OpenAiChat.editor();
        let mut out = Vec::new();
        for ((name, data), class) in events.iter().zip(&classes) {
            let event = crate::Event { class, data, name: name.as_deref() };
            editor.event(event, reader.view(), &rulings, &mut out).unwrap();
        }
        assert_eq!(out, vec![Piece::AsItCame; events.len()], "{}", case.name);
    }
}

#[test]
fn any_of_three_calls_is_refused_and_the_others_close_the_gap() {
    let markers = ["AAA", "BBB", "CCC"];
    for refused in 0..7_usize {
        for ruling in [say("No."), Ruling::Drop] {
            let is_refused = |at: usize| (refused + 1) & (1 << at) != 0;
            let rulings: Vec<Ruling> =
                (0..3).map(|at| if is_refused(at) { ruling.clone() } else { Ruling::Keep }).collect();
            let out = edited(&three(), &rulings);
            let (text, role, calls) = accumulate(&out);
            let kept: Vec<&str> = (0..3).filter(|at| !is_refused(*at)).map(|at| markers[at]).collect();
            let wanted: Vec<(String, String)> =
                kept.iter().map(|m| (format!("name_{m}"), format!("{{\"x\":\"{m}\"}}"))).collect();
            assert_eq!(calls, wanted);
            assert_eq!(role, "assistant");
            for marker in (0..3).filter(|at| is_refused(*at)).map(|at| markers[at]) {
                assert!(!text_of(&out).contains(marker), "{}", text_of(&out));
            }
            let count = if ruling == Ruling::Drop { 0 } else { 3 - kept.len() };
            assert_eq!(text, vec!["No."; count].join("\n\n"));
            let reader = read(&out);
            assert!(reader.is_finished());
            assert_eq!(reasons(reader.view()), [if kept.is_empty() { "stop" } else { "tool_calls" }]);
        }
    }
}

#[test]
fn a_refused_call_leaves_nothing_where_nothing_else_was() {
    let out = edited(&three(), &[say("No."), Ruling::Keep, Ruling::Keep]);
    assert_eq!(out.len(), three().len() - 1);
    assert_eq!(out[0], three()[0]);
    assert!(text_of(&out).contains(r#""delta":{"content":"No."}"#), "{}", text_of(&out));
}

#[test]
fn text_beside_a_refused_call_stays() {
    let both = events(&[
        delta(json!({"role": "assistant", "content": "Look:", "tool_calls": [call(0, "AAA")]})),
        delta(json!({"content": " well", "tool_calls": [more(0, "AAA")]})),
        stop("tool_calls"),
    ]);
    let (text, role, calls) = accumulate(&edited(&both, &[say("No \"that\".")]));
    assert_eq!((text.as_str(), role.as_str(), calls.len()), ("Look:\n\nNo \"that\". well", "assistant", 0));
    let (text, ..) = accumulate(&edited(&both, &[Ruling::Drop]));
    assert_eq!(text, "Look: well");
}

#[test]
fn interleaved_calls_are_told_apart() {
    let events = fixture("stream-parallel-interleaved");
    let out = edited(&events, &[say("No."), Ruling::Keep]);
    let (text, _, calls) = accumulate(&out);
    assert_eq!(text, "No.");
    assert_eq!(calls, [("get_time".to_owned(), "{\"zone\":\"Europe/Paris\"}".to_owned())]);
    assert!(!text_of(&out).contains("call_a") && !text_of(&out).contains("get_weather"));
    assert!(!text_of(&out).contains("city"), "{}", text_of(&out));
    let out = edited(&events, &[Ruling::Keep, say("No.")]);
    assert_eq!(accumulate(&out).2, [("get_weather".to_owned(), "{\"city\":\"Paris\"}".to_owned())]);
}

#[test]
fn calls_that_share_an_index_are_told_apart() {
    let out = edited(&fixture("stream-all-index-zero"), &[say("No."), Ruling::Keep, Ruling::Keep]);
    let (_, _, calls) = accumulate(&out);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1], ("get_time".to_owned(), "{}".to_owned()));
    assert_eq!(reasons(read(&out).view()), ["stop"]);
}

#[test]
fn calls_without_an_index_stay_without_one() {
    let events = fixture("stream-no-index-several-in-one");
    let out = edited(&events, &[say("No."), Ruling::Keep]);
    let reader = read(&out);
    assert_eq!(names(reader.view()), ["b"]);
    assert_eq!(reasons(reader.view()), ["tool_calls"]);
    assert!(!text_of(&out).contains("D681PevKs"));
    let out = edited(&events, &[say("No."), say("Nor that.")]);
    assert_eq!(accumulate(&out).0, "No.\n\nNor that.");
    assert_eq!(reasons(read(&out).view()), ["stop"]);
    assert_eq!(read(&out).view().usage.output_tokens, Some(17));
}

#[test]
fn other_choices_are_left_alone() {
    let events = fixture("stream-choices-interleaved");
    let out = edited(&events, &[say("No."), Ruling::Keep]);
    let reader = read(&out);
    assert_eq!(names(reader.view()), ["g"]);
    let stops: Vec<(u32, &str)> =
        reader.view().stops.iter().map(|stop| (stop.alternative, stop.reason.as_str())).collect();
    assert_eq!(stops, [(1, "stop"), (0, "tool_calls")]);
    assert!(text_of(&out).contains(r#"{"role":"assistant","content":"No."}"#));
    assert_eq!([&out[0], &out[3], &out[5]], [&events[0], &events[3], &events[5]]);
}

#[test]
fn every_carrier_can_be_refused() {
    for (name, marker) in [
        ("stream-legacy-function-call", "get_weather"),
        ("stream-custom-tool", "SELECT"),
        ("stream-arguments-as-object", "2.5"),
        ("stream-escapes", "gr\\u00fc"),
        ("stream-index-behind-delta", "call_1"),
        ("stream-reasoning-around-call", "Köln"),
        ("stream-unknown-call-type", "shell"),
        ("stream-cut-by-length", "Lorem"),
        ("stream-id-and-name-repeated", "call_r"),
    ] {
        let events = fixture(name);
        let before = read(&events);
        assert!(text_of(&events).contains(marker), "{name}");
        let out = edited(&events, &vec![say("No."); before.view().calls.len()]);
        assert!(!text_of(&out).contains(marker), "{name}: {}", text_of(&out));
        let after = read(&out);
        assert_eq!(names(after.view()), Vec::<&str>::new(), "{name}");
        assert!(after.is_finished(), "{name}");
        assert_eq!(after.view().usage, before.view().usage, "{name}");
        assert!(text_of(&out).contains("No."), "{name}");
        let wanted = if name == "stream-cut-by-length" { "length" } else { "stop" };
        assert_eq!(reasons(after.view()).last(), Some(&wanted), "{name}");
    }
}

#[test]
fn tokens_of_a_refused_call_are_not_told() {
    let chunk = r#"{"id":"x","choices":[{"index":0,"delta":{"tool_calls":[{"id":"AAA","function":{"name":"AAA","arguments":"{AAA"}}]},"logprobs":{"content":[{"token":"AAA"}]},"finish_reason":null}]}"#;
    let out = edited(&events(&[chunk.to_owned(), stop("tool_calls")]), &[say("No.")]);
    assert!(!text_of(&out).contains("AAA"), "{}", text_of(&out));
    assert!(text_of(&out).contains("\"logprobs\":null"));
}

#[test]
fn text_is_said_before_the_end() {
    let events = three();
    let rulings = vec![Ruling::Drop; 3];
    let mut editor = OpenAiChat.editor();
    let end = first_stop(&events);
    let mut out = feed(editor.as_mut(), &events, &rulings, 0..end);
    for text in ["One.", "Two."] {
        let mut pieces = Vec::new();
        editor.say(0, text, &mut pieces);
        assert!(matches!(&pieces[..], [Piece::New { name: None, .. }]));
        out.extend(pieces.into_iter().filter_map(|piece| match piece {
            Piece::New { data, .. } => Some((None, data)),
            _ => None,
        }));
    }
    out.extend(feed(editor.as_mut(), &events, &rulings, end..events.len()));
    let (text, role, calls) = accumulate(&out);
    assert_eq!((text.as_str(), role.as_str(), calls.len()), ("One.\n\nTwo.", "assistant", 0));
    assert_eq!(reasons(read(&out).view()), ["stop"]);
    assert!(text_of(&out).lines().all(|line| line == "[DONE]" || line.contains(r#""id":"one""#)));
}

#[test]
fn text_that_is_said_before_the_first_event_has_the_id_of_that() {
    let one = events(&[
        r#"{"id":"one","created":5,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi","tool_calls":[{"id":"AAA","function":{"name":"AAA","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#.to_owned(),
    ]);
    let mut editor = OpenAiChat.editor();
    let mut pieces = Vec::new();
    editor.say(0, "No.", &mut pieces);
    assert_eq!(pieces, []);
    let out = feed(editor.as_mut(), &one, &[Ruling::Drop], 0..2);
    assert_eq!(out.len(), 3);
    assert!(text_of(&out).lines().take(2).all(|line| line.contains(r#""id":"one""#)));
    assert_eq!(accumulate(&out).0, "No.\n\nHi");
    assert!(!text_of(&out).contains("AAA"));
}

/// An answer with text and a call, and its tokens.
fn answer(id: &str, text: &str, calls: bool, tokens: u64) -> Events {
    let with_id = |data: String| data.replace(r#""id":"one""#, &format!(r#""id":"{id}""#));
    let mut data = vec![
        with_id(delta(json!({"role": "assistant", "content": "", "refusal": null}))),
        with_id(delta(json!({"content": text}))),
    ];
    if calls {
        data.push(with_id(delta(json!({"tool_calls": [call(0, id)]}))));
        data.push(with_id(delta(json!({"tool_calls": [more(0, id)]}))));
    }
    data.push(with_id(stop(if calls { "tool_calls" } else { "stop" })));
    data.push(with_id(
        json!({"id": "one", "choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 1,
            "completion_tokens_details": {"reasoning_tokens": tokens}, "cost": 0.5}})
        .to_string(),
    ));
    events(&data)
}

#[test]
fn an_answer_goes_on_twice() {
    let answers = [answer("AAA", "First.", true, 10), answer("BBB", "Second.", true, 20)];
    let last = answer("CCC", "Third.", true, 40);
    let mut editor = OpenAiChat.editor();
    let mut out = Vec::new();
    for events in &answers {
        let end = first_stop(events);
        out.extend(feed(editor.as_mut(), events, &[Ruling::Drop], 0..end));
        editor.go_on(&events[end..]);
    }
    out.extend(feed(editor.as_mut(), &last, &[Ruling::Keep], 0..last.len()));
    let (text, role, calls) = accumulate(&out);
    assert_eq!(text, "First.\n\nSecond.\n\nThird.");
    assert_eq!(role, "assistant");
    assert_eq!(calls, [("name_CCC".to_owned(), "CCC".to_owned())]);
    let all = text_of(&out);
    assert!(!all.contains("_AAA") && !all.contains("BBB"), "{all}");
    assert!(all.lines().all(|line| line == "[DONE]" || line.contains(r#""id":"AAA""#)), "{all}");
    let reader = read(&out);
    assert!(reader.is_finished());
    assert_eq!(reasons(reader.view()), ["tool_calls"]);
    let usage: Value = serde_json::from_slice(&out[out.len() - 2].1).unwrap();
    let wanted = json!({"prompt_tokens": 70, "completion_tokens": 3,
        "completion_tokens_details": {"reasoning_tokens": 70}, "cost": 1.5});
    assert_eq!(usage["usage"], wanted);
}

#[test]
fn what_a_withheld_event_says_beside_its_call_is_told() {
    let one = events(&[
        r#"{"id":"one","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi","tool_calls":[{"id":"AAA","function":{"name":"AAA","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1}}"#.to_owned(),
    ]);
    let second = answer("BBB", "There.", false, 2);
    let mut editor = OpenAiChat.editor();
    editor.go_on(&one);
    let out = feed(editor.as_mut(), &second, &[], 0..second.len());
    let (text, role, calls) = accumulate(&out);
    assert_eq!((text.as_str(), role.as_str(), calls.len()), ("Hi\n\nThere.", "assistant", 0));
    let reader = read(&out);
    assert_eq!((reasons(reader.view()), reader.view().usage.input_tokens), (vec!["stop"], Some(3)));
    assert!(!text_of(&out).contains("AAA"));
}

#[test]
fn an_answer_that_told_nothing_leaves_the_beginning_to_the_next() {
    let mut editor = OpenAiChat.editor();
    editor.go_on(&[]);
    let second = answer("BBB", "There.", true, 2);
    let out = feed(editor.as_mut(), &second, &[Ruling::Keep], 0..second.len());
    assert_eq!(text_of(&out), text_of(&second));
}

#[test]
fn places_are_those_of_the_parts() {
    let mut reader = OpenAiChat.stream_reader();
    let chunk = r#"{"choices":[{"delta":{"tool_calls":[ {"index":0,"id":"a"} , {"index":1}],"function_call":{"name":"f"}},"message":{"tool_calls":[{"index":2}]},"index":3}]}"#;
    let class = reader.event(None, chunk.as_bytes());
    let found: Vec<&str> =
        class.places.iter().map(|(_, at)| std::str::from_utf8(at.of(chunk.as_bytes())).unwrap()).collect();
    assert_eq!(found, [r#"{"index":0,"id":"a"}"#, r#"{"index":1}"#, r#"{"name":"f"}"#, r#"{"index":2}"#]);
    assert_eq!(class.places.iter().map(|(call, _)| *call).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(!class.stops);
    assert!(reader.event(None, stop("stop").as_bytes()).stops);
    assert!(reader.event(None, br#"{"choices":[]}"#).stops);
}

#[test]
fn an_empty_reason_stops_nothing() {
    let mut reader = OpenAiChat.stream_reader();
    let start =
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]},"finish_reason":""}]}"#;
    let class = reader.event(None, start.as_bytes());
    assert!(!class.stops && class.calls_ended.is_empty());
}

/// What goes out when events of calls wait for the end of their calls and others do not.
fn gated(events: &Events, rulings: &[Ruling]) -> Events {
    let mut reader = OpenAiChat.stream_reader();
    let mut editor = OpenAiChat.editor();
    let (mut held, mut out, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for (name, data) in events {
        let class = reader.event(name.as_deref(), data);
        known.extend(class.calls_ended.clone());
        let waits = |class: &crate::EventClass| class.call_parts.iter().any(|call| !known.contains(call));
        held.push((class, data));
        let mut ready = Vec::new();
        while held.first().is_some_and(|(class, _)| !waits(class)) {
            ready.push(held.remove(0));
        }
        ready.extend(held.extract_if(.., |(class, _)| class.call_parts.is_empty()));
        for (class, data) in ready {
            let event = crate::Event { class: &class, data, name: None };
            let mut pieces = Vec::new();
            editor.event(event, reader.view(), rulings, &mut pieces).unwrap();
            out.extend(pieces.into_iter().map(|piece| match piece {
                Piece::AsItCame => (None, data.clone()),
                Piece::Changed(data) | Piece::New { data, .. } => (None, data),
            }));
        }
    }
    assert!(held.is_empty());
    out
}

#[test]
fn text_that_overtakes_calls_changes_nothing_about_them() {
    for name in ["stream-call-then-text", "stream-parallel-interleaved", "stream-text-then-call"] {
        let events = fixture(name);
        let calls = read(&events).view().calls.len();
        assert_eq!(gated(&events, &vec![Ruling::Keep; calls]).len(), events.len());
        for refused in 0..calls {
            let mut rulings = vec![Ruling::Keep; calls];
            rulings[refused] = say("No.");
            let (text, role, calls) = accumulate(&gated(&events, &rulings));
            assert_eq!((&role, &calls), (&"assistant".to_owned(), &accumulate(&edited(&events, &rulings)).2));
            assert!(text.contains("No."), "{name}: {text}");
        }
    }
}
