//! Asking again.

use super::*;

const REQUEST: &str =
    r#"{"contents":[ {"parts":[{"text":"é"}]} ],"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#;

fn ask(request: &str, answer: Answer<'_>, notices: &[&str]) -> Result<String, CannotAsk> {
    let notices: Vec<String> = notices.iter().map(|notice| (*notice).to_owned()).collect();
    let out = GeminiGenerate.ask_again(TARGET, request.as_bytes(), answer, &notices)?;
    Ok(String::from_utf8(out).unwrap())
}

fn cannot(request: &str, answer: &str) {
    let out = ask(request, Answer::Whole(answer.as_bytes()), &["no", "no"]);
    assert!(out.is_err(), "{out:?}");
}

#[test]
fn the_turn_and_the_errors_follow_the_conversation() {
    let thought = r#"{"text":"Hm","thought":true}"#.to_owned();
    let nameless = r#"{ "function_call": {"name":"g\u00e9\"","args":{"l":"\ud800"}} }"#.to_owned();
    let all = [
        thought,
        text("Let me."),
        signed("f"),
        nameless,
        r#"{"text":"","thoughtSignature":"c2ln"}"#.to_owned(),
    ];
    let wanted = REQUEST.replace(
        " ],",
        &format!(
            r#",{{"role":"model","parts":[{}]}},{{"role":"user","parts":[{{"functionResponse":{{"id":"id-f","name":"f","response":{{"error":"no \"f\""}}}}}},{{"functionResponse":{{"name":"g\u00e9\"","response":{{"error":"nor g"}}}}}}]}} ],"#,
            all.join(",")
        ),
    );
    let notices = ["no \"f\"", "nor g"];
    let whole = event(&all, Some("STOP"));
    assert_eq!(ask(REQUEST, Answer::Whole(whole.as_bytes()), &notices), Ok(wanted.clone()));
    let mut events: Vec<String> = all.iter().map(|part| event(std::slice::from_ref(part), None)).collect();
    events.push(event(&[text("")], Some("STOP")));
    assert_eq!(ask(REQUEST, Answer::Events(&data(&events)), &notices), Ok(wanted.clone()));
    let view = GeminiGenerate.read_request(TARGET, wanted.as_bytes()).unwrap();
    assert_eq!((view.calls.len(), view.results.len(), view.tools.len()), (2, 2, 1));
    // And once more.
    let again = ask(&wanted, Answer::Whole(whole.as_bytes()), &notices).unwrap();
    assert_eq!(GeminiGenerate.read_request(TARGET, again.as_bytes()).unwrap().results.len(), 4);
}

#[test]
fn one_content_becomes_a_list() {
    let answer = event(&[call("f")], Some("STOP"));
    let request = r#"{"contents":{"role":"user","parts":{"text":"x"}},"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#;
    let out = value(&ask(request, Answer::Whole(answer.as_bytes()), &["no"]).unwrap());
    assert_eq!(out["contents"].as_array().unwrap().len(), 3);
    assert_eq!(out["contents"][0]["parts"]["text"], "x");
}

#[test]
fn requests_that_cannot_be_asked_again() {
    let answer = event(&[call("f")], Some("STOP"));
    for member in [
        r#""generationConfig":{"candidateCount":2},"#,
        r#""generation_config":{"candidate_count":"2"},"#,
        r#""toolConfig":{"functionCallingConfig":{"mode":"ANY"}},"#,
        r#""tool_config":{"function_calling_config":{"mode":2}},"#,
    ] {
        cannot(&REQUEST.replacen('{', &format!("{{{member}"), 1), &answer);
    }
    cannot(r#"{"contents":[{"role":"user","parts":[]},{"role":"model","parts":[{"text":"pre"}]}]}"#, &answer);
    cannot(r#"{"contents":[]}"#, &answer);
    cannot(r#"{"contents":"x"}"#, &answer);
    cannot("{}", &answer);
    cannot("{", &answer);
    assert!(ask(REQUEST, Answer::Whole(answer.as_bytes()), &[]).is_err());
    assert!(ask(REQUEST, Answer::Whole(answer.as_bytes()), &["no"]).is_ok());
}

#[test]
fn answers_that_cannot_be_given_back() {
    for answer in [
        event(&[call("f")], Some("MAX_TOKENS")),
        event(&[call("f")], None),
        event(&[text("no call")], Some("STOP")),
        candidate(&[call("f")], Some("STOP"), 1),
        event(&[r#"{"executableCode":{"code":"1"}}"#.to_owned()], Some("STOP")),
        event(&[call("f"), r#"{"toolCall":{"id":"1"}}"#.to_owned()], Some("STOP")),
        event(&[call("f"), r#"{"hologram":1}"#.to_owned()], Some("STOP")),
        event(
            &[r#"{"functionCall":{"name":"f","partialArgs":[{"jsonPath":"$.a"}]}}"#.to_owned()],
            Some("STOP"),
        ),
        event(&[r#"{"functionCall":{"name":"f","willContinue":true}}"#.to_owned()], Some("STOP")),
        event(&[r#"{"functionCall":{"args":{}}}"#.to_owned()], Some("STOP")),
        r#"{"error":{"status":"INTERNAL"}}"#.to_owned(),
        "[]".to_owned(),
        "{".to_owned(),
    ] {
        cannot(REQUEST, &answer);
    }
}
