//! `archestra policy replay`.

use serde_json::Value;

use crate::policy;

/// No content of arguments or results.
fn tells_nothing(text: &str) {
    for secret in ["TOP-SECRET", "HUNTER2", "evil.example"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn what_would_be_refused_or_withheld_is_told_with_its_place() {
    let done = policy(&["replay", "desk/policy.yaml", "recordings/own.jsonl", "recordings/http.jsonl"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    tells_nothing(&done.out);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(
        lines,
        [
            "recordings/own.jsonl:1: refused: call of send_email: untrusted_arguments, by rule `send_email` at 9:9",
            "recordings/own.jsonl:2: refused: call of send_email: untrusted_arguments, by rule `send_email` at 9:9",
            "recordings/own.jsonl:3: withheld: result of read_secret: blocked, by rule `read_secret` at 14:15",
            "recordings/http.jsonl:1: refused: call of send_email: untrusted_arguments, by rule `send_email` at 9:9",
            "recordings/http.jsonl:3: refused: request: hosted_tools",
            "6 exchanges, 1 refused; 4 calls, 3 refused; 4 results, 1 withheld; 1 no conversations, 0 not read",
        ]
    );
}

#[test]
fn c16_against_another_policy_only_differences_are_told() {
    let forward = policy(&["replay", "desk/policy.yaml", "recordings/own.jsonl", "--against", "lax.yaml"]);
    let lines: Vec<&str> = forward.out.lines().collect();
    assert_eq!(
        lines,
        [
            "recordings/own.jsonl:1: newly blocked: call of send_email: untrusted_arguments, by rule `send_email` at 9:9",
            "recordings/own.jsonl:2: newly blocked: call of send_email: untrusted_arguments, by rule `send_email` at 9:9",
            "recordings/own.jsonl:3: newly withheld: result of read_secret: blocked, by rule `read_secret` at 14:15",
            "4 exchanges, 0 refused; 3 calls, 2 refused; 3 results, 1 withheld; newly blocked: 2 calls, 1 results, \
             0 requests; newly allowed: 0 calls, 0 results, 0 requests; 0 no conversations, 0 not read",
        ]
    );
    let back = policy(&["replay", "lax.yaml", "recordings/own.jsonl", "--against", "desk/policy.yaml"]);
    assert!(back.out.starts_with(
        "recordings/own.jsonl:1: newly allowed: call of send_email: untrusted_arguments, by rule `send_email` at 9:9 of the other policy\n"
    ), "{}", back.out);
    let same = policy(&["replay", "lax.yaml", "recordings/own.jsonl", "--against", "lax.yaml"]);
    assert_eq!(same.out.lines().count(), 1, "{}", same.out);
}

#[test]
fn whole_decisions_come_as_json_lines() {
    let done = policy(&["replay", "desk/policy.yaml", "recordings/own.jsonl", "--json"]);
    tells_nothing(&done.out);
    let lines: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let first = &lines[0];
    assert_eq!((&first["line"], &first["dialect"]), (&Value::from(1), &Value::from("openai-chat")));
    assert_eq!(first["decisions"]["context"]["trust"], "untrusted");
    assert_eq!(first["decisions"]["calls"][0]["verdict"], "refuse");
    assert!(done.err.starts_with("4 exchanges,"), "{}", done.err);
    let differing =
        policy(&["replay", "desk/policy.yaml", "recordings/own.jsonl", "--json", "--against", "lax.yaml"]);
    let lines: Vec<Value> = differing.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["against"]["decisions"]["calls"][0]["verdict"], "allow");
}

#[test]
fn lines_that_cannot_be_read_are_told_and_counted_and_only_fatal_if_asked() {
    let done = policy(&["replay", "desk/policy.yaml", "recordings/bad.jsonl"]);
    assert_eq!(done.code, Some(0));
    tells_nothing(&(done.out.clone() + &done.err));
    let errors: Vec<&str> = done.err.lines().collect();
    assert_eq!(errors.len(), 5, "{}", done.err);
    assert!(errors[0].starts_with("recordings/bad.jsonl:1: not read: no JSON at column"), "{}", done.err);
    assert_eq!(errors[1], "recordings/bad.jsonl:2: not read: no such `dialect`");
    assert!(
        errors[2].starts_with("recordings/bad.jsonl:4: not read: a member of another type"),
        "{}",
        done.err
    );
    assert!(errors[3].starts_with("recordings/bad.jsonl:5: not read: the request:"), "{}", done.err);
    assert_eq!(errors[4], "recordings/bad.jsonl:6: not read: the response has an event that cannot be read");
    assert_eq!(
        done.out,
        "1 exchanges, 0 refused; 0 calls, 0 refused; 0 results, 0 withheld; 0 no conversations, 5 not read\n"
    );
    let strict = policy(&["replay", "desk/policy.yaml", "recordings/bad.jsonl", "--strict"]);
    assert_eq!(strict.code, Some(1));
    assert!(strict.err.starts_with("Error: recordings/bad.jsonl:1: no JSON at column"), "{}", strict.err);
}

#[test]
fn settings_of_the_agent_count() {
    let context = |more: &[&str]| {
        let done =
            policy(&[&["replay", "desk/policy.yaml", "recordings/own.jsonl", "--json"], more].concat());
        let last: Value = serde_json::from_str(done.out.lines().last().unwrap()).unwrap();
        last["decisions"]["context"]["trust"].as_str().unwrap().to_owned()
    };
    assert_eq!(context(&[]), "trusted");
    assert_eq!(context(&["--consider-context-untrusted"]), "untrusted");
    assert_eq!(context(&["--untrusted-users", "--agent", "desk"]), "untrusted");
}

#[test]
fn files_that_are_not_there_or_not_valid_are_errors() {
    for (arguments, wanted) in [
        (["replay", "desk/policy.yaml", "gone.jsonl"], "Error: gone.jsonl: No such file"),
        (["replay", "broken/key.yaml", "recordings/own.jsonl"], "Error: broken/key.yaml:4:5: unknown field"),
    ] {
        let done = policy(&arguments);
        assert_eq!(done.code, Some(1));
        assert!(done.err.starts_with(wanted), "{}", done.err);
    }
}
