//! `archestra policy check`.

use crate::policy;

#[test]
fn a_valid_file_is_told_in_one_line() {
    let done = policy(&["check", "desk/policy.yaml"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(done.out, "desk/policy.yaml: valid: 3 tools, 5 rules, mode enforce\n");
}

#[test]
fn every_file_is_read_and_errors_say_where_and_what_to_do() {
    let files =
        ["broken/action.yaml", "desk/policy.yaml", "broken/key.yaml", "broken/list.yaml", "gone.yaml"];
    let done = policy(&[&["check"], files.as_slice()].concat());
    assert_eq!(done.code, Some(1));
    assert_eq!(done.out, "desk/policy.yaml: valid: 3 tools, 5 rules, mode enforce\n");
    let errors: Vec<&str> = done.err.lines().collect();
    assert_eq!(
        errors,
        [
            "broken/action.yaml:4:21: unknown value `alow` (did you mean `allow`?)",
            "broken/key.yaml:4:5: unknown field `sensitiv` (did you mean `sensitive`?)",
            "broken/list.yaml:5:13: no list is named `coleagues` (did you mean `colleagues`?)",
            "gone.yaml: No such file or directory (os error 2)",
        ]
    );
}

#[test]
fn the_schema_is_json() {
    let done = policy(&["check", "--schema"]);
    let schema: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, schema["title"].as_str()), (Some(0), Some("Policy")));
    assert_eq!(policy(&["check"]).code, Some(2));
}
