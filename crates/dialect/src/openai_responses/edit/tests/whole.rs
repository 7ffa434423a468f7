use super::client::said;
use super::*;

fn answer(id: &str, items: &[Value]) -> Vec<u8> {
    let usage =
        json!({"input_tokens": 40, "output_tokens": 12, "details": {"cached": 8}, "none": null, "cost": 0.5});
    let answer = json!({"id": id, "status": "completed", "output": items, "usage": usage, "x": 1});
    serde_json::to_vec_pretty(&answer).unwrap()
}

fn revised(items: &[Value], rulings: &[Ruling]) -> (Vec<String>, String) {
    let bytes = OpenAiResponses.revise(&answer("resp_1", items), rulings).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    (said(value["output"].as_array().unwrap()), String::from_utf8(bytes).unwrap())
}

#[test]
fn without_a_change_every_fixture_is_as_it_came() {
    for fixture in testkit::fixtures("openai-responses") {
        let Some(body) = &fixture.response_json else { continue };
        assert_eq!(
            OpenAiResponses.revise(body, &vec![Ruling::Keep; 100]).unwrap(),
            *body,
            "{}",
            fixture.name
        );
    }
}

#[test]
fn in_no_fixture_is_anything_left_of_a_refused_call() {
    for fixture in testkit::fixtures("openai-responses") {
        let Some(body) = &fixture.response_json else { continue };
        let calls = OpenAiResponses.read_response(body).unwrap().calls;
        for ruling in [Ruling::Drop, say("No.")] {
            let revised = OpenAiResponses.revise(body, &vec![ruling.clone(); calls.len()]).unwrap();
            assert_eq!(OpenAiResponses.read_response(&revised).unwrap().calls, [], "{}", fixture.name);
        }
        let none = OpenAiResponses.revise(body, &[]).unwrap();
        assert_eq!(OpenAiResponses.read_response(&none).unwrap().calls, [], "{}", fixture.name);
    }
}

#[test]
fn refused_calls_go_or_are_spoken_for() {
    let items = [message("msg_1", "Hm."), call("a"), call("b"), call("c")];
    let all = ["Hm.", "a", "b", "c"];
    for refused in 1..4 {
        for ruling in [Ruling::Drop, say("No.")] {
            let mut rulings = vec![Ruling::Keep; 3];
            rulings[refused - 1] = ruling.clone();
            let (told, text) = revised(&items, &rulings);
            let mut wanted = all.to_vec();
            if ruling == Ruling::Drop {
                wanted.remove(refused);
            } else {
                wanted[refused] = "No.";
            }
            assert_eq!(told, wanted);
            assert!(!text.contains(&format!("{MARK}_{}", all[refused])));
            let view = OpenAiResponses.read_response(text.as_bytes()).unwrap();
            assert_eq!((view.calls.len(), view.stops[0].reason.as_str()), (2, "completed"));
        }
    }
    assert_eq!(revised(&items, &vec![Ruling::Drop; 3]).0, ["Hm."]);
    assert_eq!(revised(&items[1..], &vec![Ruling::Drop; 3]).0, Vec::<String>::new());
}

#[test]
fn two_answers_become_one() {
    let first = answer("resp_1", &[reasoning("rs_1"), message("msg_1", "One."), call("a")]);
    let first = OpenAiResponses.revise(&first, &[Ruling::Drop]).unwrap();
    let second = answer("resp_2", &[message("msg_2", "Two."), call("b")]);
    let joined = OpenAiResponses.join(&first, &second).unwrap();
    let value: Value = serde_json::from_slice(&joined).unwrap();
    assert_eq!(said(value["output"].as_array().unwrap()), ["reasoning", "One.", "Two.", "b"]);
    assert_eq!(value["id"], "resp_2");
    let usage = json!({"input_tokens": 80, "output_tokens": 24, "details": {"cached": 16}, "none": null, "cost": 0.5});
    assert_eq!(value["usage"], usage);
    assert!(!String::from_utf8(joined).unwrap().contains(&format!("{MARK}_a")));
    let third = answer("resp_3", &[]);
    let joined = OpenAiResponses.join(&OpenAiResponses.join(&first, &first).unwrap(), &third).unwrap();
    let value: Value = serde_json::from_slice(&joined).unwrap();
    assert_eq!(said(value["output"].as_array().unwrap()), ["reasoning", "One.", "reasoning", "One."]);
    assert_eq!(value["usage"]["input_tokens"], 120);
}

#[test]
fn what_is_no_json_is_an_error() {
    assert!(OpenAiResponses.revise(b"{", &[]).is_err());
    assert!(OpenAiResponses.join(b"{", b"{}").is_err());
    assert_eq!(OpenAiResponses.join(b"{}", b"{ }").unwrap(), b"{ }");
}
