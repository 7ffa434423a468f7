use proptest::prelude::*;

use super::client::told;
use super::*;
use crate::{Answer, Target};

/// What an item is to the client: itself, nothing, or words.
fn wanted(items: &[Value], rulings: &[Ruling]) -> Vec<String> {
    let mut rulings = rulings.iter();
    let mut wanted = Vec::new();
    for item in items {
        let ruling = if item["type"] == "function_call" { rulings.next().unwrap() } else { &Ruling::Keep };
        match ruling {
            Ruling::Drop => {}
            Ruling::Keep => wanted.extend(client::said(std::slice::from_ref(item))),
            Ruling::Say(text) => wanted.push(text.clone()),
        }
    }
    wanted
}

fn items() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(0..4, 0..7).prop_map(|kinds| {
        let item = |(nth, kind): (usize, i32)| match kind {
            0 => message(&format!("msg_{nth}"), &format!("text{nth}")),
            1 => reasoning(&format!("rs_{nth}")),
            _ => call(&format!("n{nth}")),
        };
        kinds.into_iter().enumerate().map(item).collect()
    })
}

fn ruling() -> impl Strategy<Value = Ruling> {
    prop_oneof![Just(Ruling::Drop), Just(Ruling::Keep), "[a-z\"\\\\é]{1,9}".prop_map(Ruling::Say)]
}

/// The answer with the events of its items mixed, each begun in its order. `picks` says who is next.
fn mixed(id: &str, items: &[Value], picks: &[usize]) -> Vec<Sent> {
    let mut queues: Vec<std::collections::VecDeque<Value>> =
        items.iter().enumerate().map(|(index, item)| events_of(index, item).into()).collect();
    let (mut begun, mut picks, mut events) = (0, picks.iter().cycle(), Vec::new());
    while queues.iter().any(|queue| !queue.is_empty()) {
        let at = picks.next().unwrap() % queues.len();
        let at = if at > begun { begun } else { at };
        let at = (at..=begun)
            .chain(0..=begun)
            .find(|at| queues.get(*at).is_some_and(|it| !it.is_empty()))
            .unwrap();
        events.push(queues[at].pop_front().unwrap());
        if at == begun {
            begun += 1;
        }
    }
    let frame = stream(id, items);
    let first =
        frame.iter().take(2).chain(frame.last()).map(|(_, data)| serde_json::from_slice(data).unwrap());
    let mut frame: Vec<Value> = first.collect();
    events.insert(0, frame.remove(0));
    events.insert(1, frame.remove(0));
    events.push(frame.remove(0));
    number(events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_refused_clients_accept_what_is_left(
        items in items(),
        rulings in proptest::collection::vec(ruling(), 7),
        picks in proptest::collection::vec(0usize..8, 1..30),
        more in items(),
        goes_on in any::<bool>(),
    ) {
        let calls = |items: &[Value]| items.iter().filter(|item| item["type"] == "function_call").count();
        let mut gate = Gate::new();
        let mut all = Vec::new();
        if goes_on {
            let drop = vec![Ruling::Drop; calls(&more)];
            let withheld = gate.pass(&mixed("resp_0", &more, &picks), &drop, true);
            gate.editor.go_on(&withheld);
            all = wanted(&more, &drop);
        }
        gate.pass(&mixed("resp_1", &items, &picks), &rulings, false);
        all.extend(wanted(&items, &rulings));
        prop_assert_eq!(told(&gate.sent), all);
        let kept = rulings[..calls(&items)].iter().filter(|ruling| ruling.keeps()).count();
        prop_assert_eq!(view(&gate.sent).calls.len(), kept);
        prop_assert!(kept > 0 || !gate.text().contains(MARK));
        if !goes_on && kept == calls(&items) {
            prop_assert!(gate.pieces.iter().all(|piece| *piece == Piece::AsItCame));
        }
        let whole = json!({"id": "resp_1", "output": items}).to_string();
        let revised = OpenAiResponses.revise(whole.as_bytes(), &rulings).unwrap();
        let revised: Value = serde_json::from_slice(&revised).unwrap();
        prop_assert_eq!(client::said(revised["output"].as_array().unwrap()), wanted(&items, &rulings));
    }

    #[test]
    fn no_event_that_was_cut_makes_it_panic(
        cut in 0usize..400,
        at in 0usize..20,
        junk in "[\\[\\]{}:,\"a-z0-9]{0,6}",
    ) {
        let mut events = stream("resp_1", &[message("msg_1", "Hm."), call("a"), call("b")]);
        let at = at % events.len();
        let data = &mut events[at].1;
        let cut = cut.min(data.len());
        data.splice(cut..cut, junk.bytes());
        let mut editor = OpenAiResponses.editor();
        let mut reader = OpenAiResponses.stream_reader();
        for (name, data) in &events {
            let class = reader.event(name.as_deref(), data);
            let event = Event { class: &class, data, name: name.as_deref() };
            let _ = editor.event(event, reader.view(), &[say("No."), Ruling::Drop], &mut Vec::new());
            let _ = OpenAiResponses.revise(data, &[]);
            let _ = OpenAiResponses.join(data, data);
        }
        editor.go_on(&events);
        let target = Target { method: "POST", path: "/v1/responses", query: "" };
        let notices = ["No.".to_owned(), "No.".to_owned()];
        for (_, data) in &events {
            let _ = OpenAiResponses.ask_again(target, data, Answer::Events(&events), &notices);
            let _ = OpenAiResponses.ask_again(target, data, Answer::Whole(data), &notices);
        }
    }
}
