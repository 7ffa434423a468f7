use super::client::{accumulate, told};
use super::*;
use crate::EventClass;

const KEEP: Ruling = Ruling::Keep;
const DROP: Ruling = Ruling::Drop;

/// Passes an answer on whole.
fn passed(events: &[Sent], rulings: &[Ruling]) -> Gate {
    let mut gate = Gate::new();
    gate.pass(events, rulings, false);
    gate
}

#[test]
fn without_a_change_every_event_of_every_fixture_is_as_it_came() {
    for fixture in testkit::fixtures("openai-responses") {
        let Some(body) = &fixture.response_sse else { continue };
        let mut events = events(body);
        events.push((None, b"[DONE]".to_vec()));
        let gate = passed(&events, &vec![KEEP; 100]);
        assert!(gate.pieces.iter().all(|piece| *piece == Piece::AsItCame), "{}", fixture.name);
        assert_eq!(gate.sent, events, "{}", fixture.name);
    }
}

#[test]
fn in_no_fixture_is_anything_left_of_a_refused_call() {
    for fixture in testkit::fixtures("openai-responses") {
        let Some(body) = &fixture.response_sse else { continue };
        let mut reader = OpenAiResponses.stream_reader();
        let events = events(body);
        if events.iter().any(|(name, data)| reader.event(name.as_deref(), data).unreadable) {
            continue; // does not reach an editor
        }
        let calls = reader.view().calls.clone();
        for ruling in [DROP, say("No.")] {
            let gate = passed(&events, &vec![ruling; calls.len()]);
            let mut reader = OpenAiResponses.stream_reader();
            for (name, data) in &gate.sent {
                assert!(!reader.event(name.as_deref(), data).unreadable, "{}", fixture.name);
            }
            assert_eq!(reader.view().calls, [], "{}", fixture.name);
            for call in &calls {
                let id = call.id.as_ref().map(|id| json!(id).to_string());
                let arguments = call.arguments.as_ref().map(|arguments| json!(arguments).to_string());
                let arguments = arguments.as_ref().map(|arguments| arguments.trim_matches('"').to_owned());
                for mark in [id, arguments].into_iter().flatten().filter(|mark| mark.len() > 3) {
                    assert!(!gate.text().contains(&mark), "{}: {mark}", fixture.name);
                }
            }
        }
    }
}

#[test]
fn a_message_takes_the_place_of_a_refused_call() {
    let items = [reasoning("rs_1"), message("msg_1", "Let me see."), call("a")];
    let gate = passed(&stream("resp_1", &items), &[say("Not allowed.")]);
    assert_eq!(told(&gate.sent), ["reasoning", "Let me see.", "Not allowed."]);
    assert!(!gate.text().contains(MARK));
    let view = view(&gate.sent);
    assert_eq!(view.calls, []);
    assert_eq!(view.stops[0].reason, "completed");
    assert_eq!((view.usage.input_tokens, view.usage.output_tokens), (Some(40), Some(12)));
    assert!(gate.text().contains("gAAAAABm+/=="));
}

#[test]
fn one_of_three_calls_is_refused() {
    let items = [call("a"), reasoning("rs_1"), call("b"), call("c")];
    let names = ["a", "b", "c"];
    for refused in 0..3 {
        for ruling in [say("Not allowed."), DROP] {
            let mut rulings = [KEEP, KEEP, KEEP];
            rulings[refused] = ruling.clone();
            let gate = passed(&stream("resp_1", &items), &rulings);
            let mut wanted = vec!["a", "reasoning", "b", "c"];
            let place = wanted.iter().position(|name| *name == names[refused]).unwrap();
            if ruling == DROP {
                wanted.remove(place);
            } else {
                wanted[place] = "Not allowed.";
            }
            assert_eq!(told(&gate.sent), wanted);
            assert!(!gate.text().contains(&format!("{MARK}_{}", names[refused])));
            let kept = view(&gate.sent).calls;
            assert_eq!(kept.len(), 2);
            for kept in kept {
                let item = items.iter().find(|item| item["call_id"] == kept.id.clone().unwrap()).unwrap();
                assert_eq!(item["arguments"], kept.arguments.unwrap());
            }
        }
    }
}

#[test]
fn all_calls_are_refused_each_with_words_of_its_own() {
    let items = [call("a"), call("b")];
    let gate = passed(&stream("resp_1", &items), &[say("No a."), say("No \"b\".")]);
    assert_eq!(told(&gate.sent), ["No a.", "No \"b\"."]);
    assert!(!gate.text().contains(MARK));
    let ids = accumulate(&gate.sent).0.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_ne!(ids[0], ids[1]);
    let gate = passed(&stream("resp_1", &items), &[DROP, say("No b.")]);
    assert_eq!(told(&gate.sent), ["No b."]);
}

#[test]
fn of_interleaved_calls_one_is_refused() {
    let events = fixture("stream-parallel-interleaved");
    for (rulings, wanted) in [
        ([say("No."), KEEP], ["No.", "time"].as_slice()),
        ([KEEP, say("No.")], &["weather", "No."]),
        ([DROP, KEEP], &["time"]),
        ([KEEP, DROP], &["weather"]),
    ] {
        let gate = passed(&events, &rulings);
        assert_eq!(told(&gate.sent), wanted);
        assert_eq!(view(&gate.sent).calls.len(), 1);
    }
}

#[test]
fn a_call_that_only_the_end_tells_is_refused() {
    let events = fixture("stream-calls-in-completed-only");
    let gate = passed(&events, &[KEEP, say("No.")]);
    let (items, response) = accumulate(&gate.sent);
    assert_eq!(client::said(&items), ["No."]);
    assert_eq!(client::said(response["output"].as_array().unwrap()), ["weather", "No."]);
    assert!(!gate.text().contains("call_b"));
}

#[test]
fn a_server_that_repeats_nothing_at_the_end_is_not_made_to() {
    let mut events = stream("resp_1", &[message("msg_1", "Hm."), call("a")]);
    let end =
        br#"{"type":"response.completed","sequence_number":99,"response":{"id":"resp_1","output":[ ]}}"#;
    events.last_mut().unwrap().1 = end.to_vec();
    let gate = passed(&events, &[say("No.")]);
    let (items, response) = accumulate(&gate.sent);
    assert_eq!(client::said(&items), ["Hm.", "No."]);
    assert_eq!(response["output"], json!([]));
}

#[test]
fn what_stays_keeps_its_bytes() {
    let call = r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"fc_x","type":"function_call","call_id":"x","name":"x","arguments":"{"}}"#;
    let odd = r#"{ "item" : {"id":"msg_1", "type":"message","content":[],"\u0078":1e5,"x":-0} ,"output_index" : 1 ,"type":"response.output_item.done"}"#;
    let end = r#"{"response":{"output":[ {"id":"fc_x","type":"function_call","call_id":"x","name":"x","arguments":"{"} , {"id":"msg_1", "type":"message","content":[],"\u0078":1e5,"x":-0}
 ]},"type":"response.completed"}"#;
    let events: Vec<Sent> = [call, odd, end].map(|data| (None, data.as_bytes().to_vec())).into();
    let gate = passed(&events, &[DROP]);
    assert_eq!(gate.sent.len(), 2);
    assert_eq!(gate.sent[0].1, odd.replace("\"output_index\" : 1", "\"output_index\" : 0").as_bytes());
    let kept = r#"{"response":{"output":[ {"id":"msg_1", "type":"message","content":[],"\u0078":1e5,"x":-0}
 ]},"type":"response.completed"}"#;
    assert_eq!(gate.sent[1].1, kept.as_bytes());
}

#[test]
fn a_hosted_result_goes_with_its_call() {
    let program =
        json!({"type": "program", "id": "pg_1", "call_id": "call_p", "code": MARK, "fingerprint": "f"});
    let output = json!({"type": "program_output", "id": "po_1", "call_id": "call_p", "result": MARK, "status": "completed"});
    let items = [program, output, message("msg_1", "Done.")];
    let gate = passed(&stream("resp_1", &items), &[say("No.")]);
    assert_eq!(told(&gate.sent), ["No.", "Done."]);
    assert!(!gate.text().contains(MARK));
}

#[test]
fn calls_at_one_place_are_told_apart() {
    let events = fixture("stream-two-calls-at-one-index");
    for rulings in [[DROP, KEEP], [KEEP, DROP], [say("No."), KEEP], [KEEP, say("No.")]] {
        let gate = passed(&events, &rulings);
        let view = view(&gate.sent);
        assert_eq!(view.calls.len(), 1);
        let kept = if rulings[0] == KEEP { "call_a" } else { "call_b" };
        assert_eq!(view.calls[0].id.as_deref(), Some(kept));
    }
}

#[test]
fn something_is_said_before_the_end() {
    let events = stream("resp_1", &[message("msg_1", "Hm."), call("a")]);
    for (ruling, wanted) in [(KEEP, ["Hm.", "a", "Be careful."].as_slice()), (DROP, &["Hm.", "Be careful."])]
    {
        let mut gate = Gate::new();
        let rest = gate.pass(&events, std::slice::from_ref(&ruling), true);
        assert_eq!(rest.len(), 1);
        gate.say("Be careful.");
        // The withheld events are read again by a reader that has seen the rest.
        let mut reader = OpenAiResponses.stream_reader();
        let classes: Vec<_> = events.iter().map(|(name, data)| reader.event(name.as_deref(), data)).collect();
        let class = classes.last().unwrap();
        let mut out = Vec::new();
        let event = Event { class, data: &rest[0].1, name: rest[0].0.as_deref() };
        gate.editor.event(event, reader.view(), &[ruling], &mut out).unwrap();
        gate.take(out, Some((&rest[0].0, &rest[0].1)));
        assert_eq!(told(&gate.sent), wanted);
    }
}

#[test]
fn something_is_said_in_the_middle() {
    let events = stream("resp_1", &[message("msg_1", "One."), message("msg_2", "Two."), call("a")]);
    let mut gate = Gate::new();
    let mut reader = OpenAiResponses.stream_reader();
    for (at, (name, data)) in events.iter().enumerate() {
        if at == 4 {
            gate.say("Between.");
        }
        let class = reader.event(name.as_deref(), data);
        let mut out = Vec::new();
        let event = Event { class: &class, data, name: name.as_deref() };
        gate.editor.event(event, reader.view(), &[say("No.")], &mut out).unwrap();
        gate.take(out, Some((name, data)));
    }
    assert_eq!(told(&gate.sent), ["One.", "Between.", "Two.", "No."]);
}

#[test]
fn an_answer_goes_on_in_another_one_and_that_in_a_third() {
    let first = stream("resp_1", &[reasoning("rs_1"), message("msg_1", "One."), call("a")]);
    let second = stream("resp_2", &[call("b"), message("msg_2", "Two."), call("c")]);
    let third = stream("resp_3", &[reasoning("rs_3"), message("msg_3", "Three."), call("d")]);
    let mut gate = Gate::new();
    let withheld = gate.pass(&first, &[DROP], true);
    gate.editor.go_on(&withheld);
    let withheld = gate.pass(&second, &[DROP, DROP], true);
    gate.editor.go_on(&withheld);
    gate.pass(&third, &[KEEP], false);
    assert_eq!(told(&gate.sent), ["reasoning", "One.", "Two.", "reasoning", "Three.", "d"]);
    for gone in ["a", "b", "c"] {
        assert!(!gate.text().contains(&format!("{MARK}_{gone}")));
    }
    let (_, response) = accumulate(&gate.sent);
    assert_eq!(gate.editor.sequence(), Some(gate.sent.len() as u64 - 1));
    assert_eq!(response["id"], "resp_1");
    let usage = &response["usage"];
    assert_eq!(usage["input_tokens"], 120);
    assert_eq!(usage["input_tokens_details"]["cached_tokens"], 24);
    assert_eq!(usage["total_tokens"], 156);
    let view = view(&gate.sent);
    assert_eq!(view.calls.len(), 1);
    assert_eq!(view.stops.len(), 1);
}

#[test]
fn an_answer_that_went_on_ends_with_words_in_place_of_its_calls() {
    let mut gate = Gate::new();
    let withheld = gate.pass(&stream("resp_1", &[call("a")]), &[DROP], true);
    gate.say("Once more.");
    gate.editor.go_on(&withheld);
    gate.pass(&stream("resp_2", &[call("b"), message("msg_2", "Two.")]), &[say("No.")], false);
    assert_eq!(told(&gate.sent), ["Once more.", "No.", "Two."]);
    assert!(!gate.text().contains(MARK));
    let ids = accumulate(&gate.sent).0.iter().map(|item| item["id"].to_string()).collect::<Vec<_>>();
    assert!(ids[0] != ids[1] && ids[0].len() < 64, "{ids:?}");
}

#[test]
fn what_would_have_to_be_changed_and_cannot_be_read_is_an_error() {
    let mut gate = Gate::new();
    gate.say("Hello.");
    let class = EventClass { unreadable: true, ..EventClass::default() };
    let event = Event { class: &class, data: b"{\"type\":", name: None };
    let view = ResponseView::default();
    assert!(gate.editor.event(event, &view, &[], &mut Vec::new()).is_err());
    let mut gate = Gate::new();
    gate.editor.event(event, &view, &[], &mut gate.pieces).unwrap();
    assert_eq!(gate.pieces, [Piece::AsItCame]);
}

#[test]
fn the_reader_says_where_calls_stand_and_what_comes_behind_the_end() {
    let mut events = stream("resp_1", &[call("a"), message("msg_1", "Hm."), call("b")]);
    events.push((None, b"[DONE]".to_vec()));
    let mut reader = OpenAiResponses.stream_reader();
    let classes: Vec<_> = events.iter().map(|(name, data)| reader.event(name.as_deref(), data)).collect();
    let (done, end) = (classes.len() - 1, classes.len() - 2);
    assert!(classes[..end].iter().all(|class| class.places.is_empty() && !class.stops));
    assert!(classes[end].stops && classes[done].stops && classes[done].free);
    let places = &classes[end].places;
    assert_eq!(places.iter().map(|(call, _)| *call).collect::<Vec<_>>(), [0, 1]);
    for ((_, span), name) in places.iter().zip(["a", "b"]) {
        let item: Value = serde_json::from_slice(span.of(&events[end].1)).unwrap();
        assert_eq!(item, call(name));
    }
}
