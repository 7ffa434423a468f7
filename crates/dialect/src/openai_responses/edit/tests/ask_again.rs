use super::*;
use crate::{Answer, CannotAsk, Target};

const TARGET: Target<'_> = Target { method: "POST", path: "/v1/responses", query: "" };

fn ask(request: &str, items: &[Value]) -> Result<String, CannotAsk> {
    let calls = items.iter().filter(|item| item["type"].as_str().unwrap().ends_with("_call")).count();
    let notices: Vec<String> = (0..calls).map(|call| format!("Not \"{call}\".")).collect();
    let whole = json!({"id": "resp_1", "status": "completed", "output": items}).to_string();
    let ask = |answer: Answer<'_>| OpenAiResponses.ask_again(TARGET, request.as_bytes(), answer, &notices);
    let of_whole = ask(Answer::Whole(whole.as_bytes()));
    let mut events = stream("resp_1", items);
    assert_eq!(ask(Answer::Events(&events)), of_whole);
    let end = json!({"type": "response.completed", "response": {"status": "completed", "output": []}});
    events.last_mut().unwrap().1 = end.to_string().into_bytes();
    events.push((None, b"[DONE]".to_vec()));
    assert_eq!(ask(Answer::Events(&events)), of_whole, "from finished items");
    of_whole.map(|request| String::from_utf8(request).unwrap())
}

/// The request as it is made again.
fn asked(request: &str, items: &[Value]) -> Value {
    let asked = ask(request, items).unwrap();
    OpenAiResponses.read_request(TARGET, asked.as_bytes()).unwrap();
    serde_json::from_str(&asked).unwrap()
}

fn refusal(request: &str, items: &[Value]) -> String {
    ask(request, items).unwrap_err().to_string()
}

#[test]
fn the_turn_and_errors_are_put_behind_the_conversation() {
    let items = [reasoning("rs_1"), message("msg_1", "Hm."), call("a"), call("b")];
    let user = json!({"role": "user", "content": "Go."});
    let output = |call: &str, text: &str| json!({"type": "function_call_output", "call_id": format!("call_{MARK}_{call}"), "output": text});
    let results = [output("a", "Not \"0\"."), output("b", "Not \"1\".")];
    let wanted = json!([&user, &items[0], &items[1], &items[2], &items[3], &results[0], &results[1]]);
    for request in [
        r#"{"model":"m","input":"Go.","stream":true}"#,
        r#"{"model":"m","stream":true,"input":[{"role":"user","content":"Go."}]}"#,
        r#"{"model":"m","stream":true,"tool_choice":"auto","input": [ {"role":"user","content":"Go."} ] }"#,
    ] {
        let asked = asked(request, &items);
        assert_eq!(asked["input"], wanted);
        assert_eq!((&asked["model"], &asked["stream"]), (&json!("m"), &json!(true)));
    }
    for request in ["{}", r#"{"model":"m"}"#, r#"{"input":null}"#, r#"{"input":[ ]}"#] {
        assert_eq!(asked(request, &items)["input"].as_array().unwrap().len(), 6, "{request}");
    }
}

#[test]
fn bytes_of_the_request_and_of_the_turn_stay() {
    let request = r#"{ "x":1e5, "input" : [{"role":"user","content":"\u0047o."}] ,"y":-0}"#;
    let item =
        r#"{"id":"fc_a", "type":"function_call","\u0063all_id":"c","name":"n","arguments":"{\u0022}"}"#;
    let answer = format!(r#"{{"status":"completed","output":[ {item} ]}}"#);
    let notices = ["No.".to_owned()];
    let asked = OpenAiResponses
        .ask_again(TARGET, request.as_bytes(), Answer::Whole(answer.as_bytes()), &notices)
        .unwrap();
    let result = r#"{"call_id":"c","output":"No.","type":"function_call_output"}"#;
    let wanted = request.replace("}] ,", &format!("}},{item},{result}] ,"));
    assert_eq!(String::from_utf8(asked).unwrap(), wanted);
}

#[test]
fn a_conversation_that_the_provider_keeps_gets_the_results_alone() {
    for input in [r#""Go.""#, r#"[{"role":"user","content":"Go."}]"#] {
        let asked = asked(
            &format!(r#"{{"input":{input},"conversation":"conv_1"}}"#),
            &[reasoning("rs_1"), call("a")],
        );
        let results = asked["input"].as_array().unwrap();
        assert_eq!((results.len(), &results[0]["type"]), (1, &json!("function_call_output")));
    }
}

#[test]
fn each_carrier_has_its_own_result() {
    let caller = json!({"type": "program", "caller_id": "call_p"});
    let mut of_program = call("a");
    of_program["caller"] = caller.clone();
    let items = [
        json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "b", "name": "sql", "input": "x"}),
        json!({"type": "shell_call", "id": "sh_1", "call_id": "c", "action": {"commands": ["ls"]}}),
        json!({"type": "apply_patch_call", "id": "ap_1", "call_id": "d", "operation": {}}),
        of_program,
    ];
    let asked = asked(r#"{"input":"Go."}"#, &items);
    let outcome = json!({"type": "exit", "exit_code": 1});
    let results = json!([
        {"type": "custom_tool_call_output", "call_id": "b", "output": "Not \"0\"."},
        {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "", "stderr": "Not \"1\".", "outcome": outcome}]},
        {"type": "apply_patch_call_output", "call_id": "d", "output": "Not \"2\".", "status": "failed"},
        {"type": "function_call_output", "call_id": items[3]["call_id"], "output": "Not \"3\".", "caller": caller},
    ]);
    assert_eq!(asked["input"].as_array().unwrap()[5..], results.as_array().unwrap()[..]);
    for item in [
        json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}),
        json!({"type": "computer_call", "id": "cu_1", "call_id": "e", "action": {"type": "click"}}),
        json!({"type": "shell_call", "id": "sh_1", "call_id": "c", "action": {}, "environment": {"type": "container_auto"}}),
        json!({"type": "teleport_call", "id": "tp_1", "call_id": "f", "arguments": "{}"}),
    ] {
        assert!(refusal(r#"{"input":"Go."}"#, &[call("a"), item]).contains("cannot have an error"));
    }
}

#[test]
fn what_would_loop_or_break_is_not_asked() {
    let calls = [call("a")];
    for request in [
        r#"{"input":"Go.","tool_choice":"required"}"#,
        r#"{"input":"Go.","tool_choice":{"type":"function","name":"a"}}"#,
        r#"{"input":"Go.","tool_choice":{"type":"allowed_tools","mode":"required","tools":[]}}"#,
        r#"{"input":"Go.","background":true}"#,
        r#"{"input":[{"role":"user","content":"Go."},{"role":"assistant","content":"I"}]}"#,
        r#"{"input":{}}"#,
        "[]",
    ] {
        assert!(matches!(ask(request, &calls), Err(CannotAsk::Form(_))), "{request}");
    }
    assert!(
        ask(r#"{"input":"Go.","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]}}"#, &calls)
            .is_ok()
    );
    assert!(matches!(ask(r#"{"input":"Go.","input":"No."}"#, &calls), Err(CannotAsk::NotJson(_))));
    assert!(ask(r#"{"input":"Go."}"#, &[message("msg_1", "Hm.")]).is_err());
    let bare = json!({"id": "rs_1", "type": "reasoning", "summary": []});
    assert!(refusal(r#"{"input":"Go.","store":false}"#, &[bare.clone(), call("a")]).contains("reasoning"));
    assert!(ask(r#"{"input":"Go."}"#, &[bare, call("a")]).is_ok());
    assert!(ask(r#"{"input":"Go.","store":false}"#, &[reasoning("rs_1"), call("a")]).is_ok());
}

#[test]
fn only_an_answer_that_is_complete_is_asked_about() {
    let notices = ["No.".to_owned()];
    let ask = |target, answer: Answer<'_>| {
        OpenAiResponses.ask_again(target, br#"{"input":"Go."}"#, answer, &notices)
    };
    let events = stream("resp_1", &[call("a")]);
    assert!(ask(TARGET, Answer::Events(&events)).is_ok());
    assert!(ask(TARGET, Answer::Events(&events[..events.len() - 1])).is_err());
    for path in ["/v1/responses/compact", "/v1/responses/resp_1/cancel"] {
        assert!(ask(Target { path, ..TARGET }, Answer::Events(&events)).is_err());
    }
    assert!(ask(Target { method: "GET", ..TARGET }, Answer::Events(&events)).is_err());
    for status in ["incomplete", "failed", "in_progress"] {
        let whole = json!({"status": status, "output": [call("a")]}).to_string();
        assert!(ask(TARGET, Answer::Whole(whole.as_bytes())).is_err());
    }
    let mut cut = call("a");
    cut["status"] = json!("incomplete");
    let whole = json!({"status": "completed", "output": [cut]}).to_string();
    assert!(ask(TARGET, Answer::Whole(whole.as_bytes())).is_err());
    let two = json!({"status": "completed", "output": [call("a"), call("b")]}).to_string();
    assert!(ask(TARGET, Answer::Whole(two.as_bytes())).is_err());
}

#[test]
fn a_call_whose_arguments_are_no_json_is_asked_about_as_it_was_written() {
    let mut odd = call("a");
    odd["arguments"] = json!("{\"to\":");
    assert_eq!(asked(r#"{"input":"Go."}"#, &[odd.clone()])["input"][1], odd);
}
