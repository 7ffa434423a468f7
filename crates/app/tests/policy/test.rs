//! `archestra policy test`.

use crate::policy;

#[test]
fn the_tests_beside_a_policy_run() {
    let done = policy(&["test", "desk/policy.yaml"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{}", done.out);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(
        lines,
        [
            "ok   desk/tests/attack.yaml: A mail asks to send the inbox elsewhere.",
            "ok   desk/tests/settings.yaml: Settings of the agent count, results are withheld, tools must be declared.",
            "2 passed, 0 failed",
        ]
    );
}

#[test]
fn what_is_not_as_expected_is_told_by_file_and_step() {
    let done = policy(&["test", "desk/policy.yaml", "--tests", "failing.yaml", "desk/tests/attack.yaml"]);
    assert_eq!(done.code, Some(1));
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(
        lines,
        [
            "FAIL failing.yaml: Nothing here is as expected.",
            "     failing.yaml:3: step 1, user: the context is trusted, expected untrusted",
            "     failing.yaml:5: step 2, call of `read_inbox`: the verdict is allow, expected refuse (by rule `read_inbox` at 11:13)",
            "     failing.yaml:7: step 3, result of `read_inbox`: the fate is passes, expected withheld (by the default)",
            "     failing.yaml:9: step 4, call of `send_email`: the verdict is refuse, expected allow (by rule `send_email` at 9:9, untrusted_arguments; `to` occurs only in result 1 of `read_inbox`)",
            "     failing.yaml:11: step 5, call of `send_email`: the reason is untrusted_arguments, expected blocked (by rule `send_email` at 9:9, untrusted_arguments; `to` occurs only in result 1 of `read_inbox`)",
            "     failing.yaml:11: step 5, call of `send_email`: the deciding rule is send_email, expected default (by rule `send_email` at 9:9, untrusted_arguments; `to` occurs only in result 1 of `read_inbox`)",
            "ok   desk/tests/attack.yaml: A mail asks to send the inbox elsewhere.",
            "1 passed, 1 failed",
        ]
    );
}

#[test]
fn a_test_that_cannot_be_read_fails_and_says_where() {
    let files = ["broken/empty.yaml", "broken/steps.yaml", "broken/test.yaml"];
    let done = policy(&[&["test", "desk/policy.yaml", "--tests"], files.as_slice()].concat());
    assert_eq!(done.code, Some(1));
    let problems: Vec<&str> = done.out.lines().filter_map(|line| line.strip_prefix("     ")).collect();
    assert_eq!(
        problems,
        [
            "broken/empty.yaml:1:1: nothing is expected: say what a step leads to",
            "broken/steps.yaml:4:5: no call before this result has that `id`",
            "broken/test.yaml:4:5: unknown field `contxt` (did you mean `context`?)",
        ]
    );
    assert!(done.out.ends_with("0 passed, 3 failed\n"), "{}", done.out);
}

#[test]
fn a_policy_without_tests_or_with_errors_fails() {
    let done = policy(&["test", "lax.yaml", "broken/key.yaml"]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("FAIL lax.yaml\n     tests: No such file"), "{}", done.out);
    assert!(done.out.contains("broken/key.yaml:4:5: unknown field"), "{}", done.out);
    assert!(done.out.ends_with("0 passed, 2 failed\n"));
}
